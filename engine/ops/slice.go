package ops

import (
	"fmt"
	"math"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// Slice (opset8) and SliceScatter (opset15): begin, end, step and axes as in numpy.
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/movement/slice-8.html
func init() {
	register("Slice", func(*graph.Node) (Op, error) { return rearrangement(slice), nil })
	register("SliceScatter", func(*graph.Node) (Op, error) { return sliceScatter{}, nil })
}

func slice(in []Arg) (*pattern, error) {
	if err := wantInputs(in, 4, 5); err != nil {
		return nil, err
	}
	return slicePattern(in[0].Shape, in[1:])
}

// slicePattern is the part of an array that bounds (begin, end, step and perhaps axes) select, nil while it is not known.
func slicePattern(shape []int, bounds []Arg) (*pattern, error) {
	names := []string{"start", "stop", "step", "axes"}
	var lists [4][]int
	unknown := shape == nil
	for i := range bounds {
		var err error
		if lists[i], err = vector(bounds, i, names[i]); err != nil {
			return nil, err
		}
		unknown = unknown || lists[i] == nil
	}
	if unknown {
		return nil, nil
	}
	begin, end, step, axes := lists[0], lists[1], lists[2], lists[3]
	if len(bounds) == 3 {
		for i := range begin {
			axes = append(axes, i)
		}
	}
	if len(end) != len(begin) || len(step) != len(begin) || len(axes) != len(begin) {
		return nil, fmt.Errorf("start %v, stop %v, step %v and axes %v differ in length", begin, end, step, axes)
	}
	axes, err := distinctAxes(axes, len(shape))
	if err != nil {
		return nil, err
	}
	p := &pattern{shape: slices.Clone(shape), from: dense(shape)}
	for i, a := range axes {
		if step[i] == 0 {
			return nil, fmt.Errorf("step of axis %d is zero", a)
		}
		first, n := sliceRange(shape[a], begin[i], end[i], step[i])
		p.cut(a, first, n, step[i])
	}
	return p, nil
}

// sliceRange returns the first index and the number of indices that begin:end:step selects of size, as in numpy but for one rule of OpenVINO
// and ONNX: backwards from before the first element still selects the first.
func sliceRange(size, begin, end, step int) (first, n int) {
	clamp := func(i, low, high int) int {
		if i < 0 {
			i += size
		}
		return min(max(i, low), high)
	}
	if step > 0 {
		begin, end = clamp(begin, 0, size), clamp(end, 0, size)
	} else {
		begin, end = clamp(begin, min(0, size-1), size-1), clamp(end, -1, size-1)
	}
	if step > 0 && begin < end {
		return begin, (end-begin-1)/step + 1
	}
	if step < 0 && begin > end {
		return begin, (begin-end-1)/-max(step, -math.MaxInt) + 1
	}
	return 0, 0
}

// cut narrows axis a to n indices from first on.
func (p *pattern) cut(a, first, n, step int) {
	p.shape[a] = n
	if n > 0 {
		p.from.offset += first * p.from.strides[a]
	}
	if n > 1 {
		p.from.strides[a] *= step
	}
}

// sliceScatter replaces the selected part of input 0 by input 1.
type sliceScatter struct{}

func (sliceScatter) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 5, 6); err != nil {
		return nil, err
	}
	if err := wantOneType(in, 0, 1); err != nil {
		return nil, err
	}
	p, err := slicePattern(in[0].Shape, in[2:])
	if err != nil {
		return nil, err
	}
	if p != nil && in[1].Shape != nil && !slices.Equal(p.shape, in[1].Shape) {
		return nil, fmt.Errorf("updates have shape %v, but the slice has %v", in[1].Shape, p.shape)
	}
	return []Spec{{in[0].Type, in[0].Shape}}, nil
}

func (sliceScatter) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	p, err := slicePattern(in[0].Shape, argsOf(in[2:]))
	if err != nil {
		return err
	}
	copyAll(w, out[0], in[0].Tensor)
	move(w, p.shape, out[0], p.from, in[1].Tensor, dense(p.shape))
	return nil
}
