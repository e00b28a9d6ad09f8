package ops

import (
	"fmt"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// ScatterElementsUpdate (opset3, opset12) and ScatterNDUpdate (opset3, opset15): elements or slices that indices name are replaced by updates
// or reduced with them, one after the other. An index may count from the end.
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/movement/scatter-elements-update-12.html
func init() {
	register("ScatterElementsUpdate", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		s := scatterElements{d.Enum("reduction", "none", "none", "sum", "prod", "min", "max", "mean"), d.Bool("use_init_val", true)}
		return s, d.Err()
	})
	register("ScatterNDUpdate", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		return scatterND{d.Enum("reduction", "none", "none", "sum", "sub", "prod", "min", "max")}, d.Err()
	})
}

type scatterElements struct {
	reduction string
	initial   bool // the data's own elements take part
}

func (s scatterElements) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 4, 4); err != nil {
		return nil, err
	}
	if err := wantOneType(in, 0, 2); err != nil {
		return nil, err
	}
	if err := wantIntegers(in, 1, 3); err != nil {
		return nil, err
	}
	if err := reducible(in[0].Type, s.reduction); err != nil {
		return nil, err
	}
	spec := []Spec{{in[0].Type, in[0].Shape}}
	if in[0].Shape == nil {
		return spec, nil
	}
	axis, ok, err := axisInput(in, 3, len(in[0].Shape))
	if err != nil || !ok || !shapesKnown(in) {
		return spec, err
	}
	data, indices := in[0].Shape, in[1].Shape
	if !slices.Equal(indices, in[2].Shape) || len(indices) != len(data) {
		return nil, fmt.Errorf("data %v, indices %v and updates %v do not suit each other", data, indices, in[2].Shape)
	}
	for i, n := range indices {
		if i != axis && n > data[i] {
			return nil, fmt.Errorf("indices %v reach beyond data %v", indices, data)
		}
	}
	return spec, nil
}

// reducible refuses arithmetic on booleans but for minimum, maximum, sum and product, which are And and Or.
func reducible(t tensor.DType, reduction string) error {
	if t == tensor.Bool && (reduction == "mean" || reduction == "sub") {
		return fmt.Errorf("reduction %s of %s elements", reduction, t)
	}
	return nil
}

func (s scatterElements) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	copyAll(w, out[0], in[0].Tensor)
	axis, _, err := axisInput(argsOf(in), 3, len(in[0].Shape))
	if err != nil || in[2].Len() == 0 {
		return err
	}
	targets, err := positions(in[1].Tensor, in[0].Shape[axis])
	if err != nil {
		return err
	}
	addTargets(targets, in[1].Shape, in[0].Shape, axis)
	scatterInto(out[0], in[2].Tensor, targets, 1, s.reduction, s.initial)
	return nil
}

// addTargets turns indices of an axis of data into positions of elements of data.
func addTargets(indices, shape, data []int, axis int) {
	strides := dense(data).strides
	at := make([]int, len(shape))
	base := 0
	for i := range indices {
		indices[i] = base + indices[i]*strides[axis]
		for a := len(shape) - 1; a >= 0; a-- {
			at[a]++
			if a != axis {
				base += strides[a]
			}
			if at[a] < shape[a] {
				break
			}
			if a != axis {
				base -= at[a] * strides[a]
			}
			at[a] = 0
		}
	}
}

type scatterND struct{ reduction string }

func (s scatterND) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 3, 3); err != nil {
		return nil, err
	}
	if err := wantOneType(in, 0, 2); err != nil {
		return nil, err
	}
	if err := wantIntegers(in, 1); err != nil {
		return nil, err
	}
	if err := reducible(in[0].Type, s.reduction); err != nil {
		return nil, err
	}
	if shapesKnown(in) {
		data, indices := in[0].Shape, in[1].Shape
		if len(indices) == 0 || indices[len(indices)-1] > len(data) {
			return nil, fmt.Errorf("indices %v do not suit data %v", indices, data)
		}
		last := len(indices) - 1
		if want := slices.Concat(indices[:last], data[indices[last]:]); !slices.Equal(in[2].Shape, want) {
			return nil, fmt.Errorf("updates have shape %v, want %v for indices %v of data %v", in[2].Shape, want, indices, data)
		}
	}
	return []Spec{{in[0].Type, in[0].Shape}}, nil
}

func (s scatterND) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	copyAll(w, out[0], in[0].Tensor)
	if in[2].Len() == 0 {
		return nil
	}
	depth := in[1].Shape[len(in[1].Shape)-1]
	rows, err := tupleRows(in[1].Tensor, in[0].Shape[:depth])
	if err != nil {
		return err
	}
	width := product(in[0].Shape[depth:])
	for i := range rows {
		rows[i] *= width
	}
	scatterInto(out[0], in[2].Tensor, rows, width, s.reduction, true)
	return nil
}

// scatterInto reduces each run of width updates into dst at its target, in order. Without initial the first update of an element replaces it.
func scatterInto(dst, updates *tensor.Tensor, targets []int, width int, reduction string, initial bool) {
	if reduction == "none" {
		byWidth(dst, putRuns[uint8], putRuns[uint16], putRuns[uint32], putRuns[uint64])(dst, updates, targets, width)
		return
	}
	if dst.Type == tensor.Bool && reduction == "sum" {
		reduction = "max"
	}
	r := reducing{targets, width, reduction, initial}
	byNumber(dst, reduceRuns[float32], reduceRuns[float64], reduceRuns[int64], reduceRuns[int32], reduceRuns[int16], reduceRuns[int8],
		reduceRuns[uint64], reduceRuns[uint32], reduceRuns[uint16], reduceRuns[uint8])(r, dst, updates)
}

func putRuns[E word](dst, updates *tensor.Tensor, targets []int, width int) {
	d, u := tensor.Bits[E](dst), tensor.Bits[E](updates)
	for i, t := range targets {
		copy(d[t:][:width], u[i*width:])
	}
}

// A reducing takes each run of width updates into the elements from its target on.
type reducing struct {
	targets   []int
	width     int
	reduction string
	initial   bool
}

func reduceRuns[E number](r reducing, dst, updates *tensor.Tensor) {
	d, u := elements[E](dst), elements[E](updates)
	reduce := combiner[E](r.reduction)
	parts := make([]int32, len(d)) // how many values each element was made of
	if r.initial {
		for i := range parts {
			parts[i] = 1
		}
	}
	for i, t := range r.targets {
		run, n := d[t:][:r.width], parts[t:][:r.width]
		for j, v := range u[i*r.width:][:r.width] {
			if n[j] == 0 {
				run[j] = v
			} else {
				run[j] = reduce(run[j], v)
			}
			n[j]++
		}
	}
	if r.reduction == "mean" {
		for i, n := range parts {
			if n > 1 {
				d[i] = mean(d[i], int(n))
			}
		}
	}
	roundTo(dst.Type, d)
}

func combiner[E number](reduction string) func(a, b E) E {
	switch reduction {
	case "sub":
		return func(a, b E) E { return a - b }
	case "prod":
		return func(a, b E) E { return a * b }
	case "min":
		return func(a, b E) E { return min(a, b) }
	case "max":
		return func(a, b E) E { return max(a, b) }
	}
	return func(a, b E) E { return a + b }
}

// mean is sum/n, for integers without its fraction.
func mean[E number](sum E, n int) E {
	if one := E(1); one/2 == 0 {
		return E(int64(sum) / int64(n))
	}
	return sum / E(n)
}
