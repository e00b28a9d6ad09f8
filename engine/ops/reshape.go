package ops

import (
	"errors"
	"fmt"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// Reshape (opset1), Squeeze (opset1, opset15) and Unsqueeze (opset1): the same elements under another shape. Identity (opset16): under the same.
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/shape/reshape-1.html
func init() {
	register("Reshape", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		copiesZeros := d.Bool("special_zero", false)
		return reshaping(func(in []Arg) ([]int, error) { return reshape(in, copiesZeros) }), d.Err()
	})
	register("Squeeze", func(*graph.Node) (Op, error) { return reshaping(squeeze), nil })
	register("Unsqueeze", func(*graph.Node) (Op, error) { return reshaping(unsqueeze), nil })
	register("Identity", func(*graph.Node) (Op, error) { return reshaping(sameShape), nil })
}

// A reshaping gives input 0 the shape that the function returns, nil while that is not known.
type reshaping func(in []Arg) ([]int, error)

func (f reshaping) Views() {}

func (f reshaping) Infer(in []Arg) ([]Spec, error) {
	shape, err := f(in)
	if err != nil {
		return nil, err
	}
	return []Spec{{in[0].Type, shape}}, nil
}

func (f reshaping) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	copyAll(w, out[0], in[0].Tensor)
	return nil
}

// reshape replaces 0 by the input's dimension where copiesZeros, and -1 by what the other dimensions leave.
func reshape(in []Arg, copiesZeros bool) ([]int, error) {
	if err := wantInputs(in, 2, 2); err != nil {
		return nil, err
	}
	if err := wantRank(in, 1, 1); err != nil {
		return nil, err
	}
	want, err := integers(in, 1, "shape")
	if err != nil || want == nil {
		return nil, err
	}
	t := target{want: want, from: in[0].Shape, copiesZeros: copiesZeros}
	if t.from == nil {
		return t.independent()
	}
	shape, err := t.resolve()
	if err != nil {
		return nil, fmt.Errorf("shape %v does not fit the input %v: %w", want, in[0].Shape, err)
	}
	return shape, nil
}

// A target is what a Reshape is asked for.
type target struct {
	want, from  []int
	copiesZeros bool
}

func (t target) copied(i int) bool { return t.copiesZeros && t.want[i] == 0 }

// independent is the shape where it does not depend on the input's.
func (t target) independent() ([]int, error) {
	if slices.ContainsFunc(t.want, func(d int) bool { return d < 0 || d == 0 && t.copiesZeros }) {
		return nil, nil
	}
	_, err := tensor.Elements(t.want)
	return t.want, err
}

func (t target) resolve() ([]int, error) {
	shape, free := slices.Clone(t.want), -1
	for i, d := range t.want {
		switch {
		case d < -1 || d == -1 && free >= 0:
			return nil, errors.New("want sizes and at most one -1")
		case d == -1:
			free = i
		case t.copied(i) && i >= len(t.from):
			return nil, errors.New("a zero copies a dimension that is not there")
		case t.copied(i):
			shape[i] = t.from[i]
		}
	}
	if free >= 0 {
		var err error
		if shape[free], err = t.rest(); err != nil {
			return nil, err
		}
	}
	n, err := tensor.Elements(shape)
	if err != nil {
		return nil, err
	}
	if elements, err := tensor.Elements(t.from); err != nil || n != elements {
		return nil, errors.New("the number of elements differs")
	}
	return shape, nil
}

// rest is what -1 stands for: the elements of the dimensions that are not copied over those that are given. In an empty array with a given zero
// it is 1.
func (t target) rest() (int, error) {
	var left, given []int
	for i, d := range t.from {
		if i >= len(t.want) || !t.copied(i) {
			left = append(left, d)
		}
	}
	for i, d := range t.want {
		if d >= 0 && !t.copied(i) {
			given = append(given, d)
		}
	}
	n, err := tensor.Elements(left)
	if err != nil {
		return 0, err
	}
	m, err := tensor.Elements(given)
	switch {
	case err != nil:
		return 0, err
	case m == 0 && n == 0:
		return 1, nil
	case m == 0:
		return 0, errors.New("-1 is not determined")
	}
	return n / m, nil
}

// squeeze drops the dimensions of size 1: all, or those of input 1. A listed dimension of another size stays, as in OpenVINO.
func squeeze(in []Arg) ([]int, error) {
	if err := wantInputs(in, 1, 2); err != nil {
		return nil, err
	}
	var listed []bool // nil: all
	if len(in) == 2 {
		axes, err := vector(in, 1, "axes")
		if err != nil || axes == nil || in[0].Shape == nil {
			return nil, err
		}
		if listed, err = axisSet(axes, len(in[0].Shape)); err != nil {
			return nil, err
		}
	}
	if in[0].Shape == nil {
		return nil, nil
	}
	shape := []int{}
	for i, d := range in[0].Shape {
		if d != 1 || listed != nil && !listed[i] {
			shape = append(shape, d)
		}
	}
	return shape, nil
}

func sameShape(in []Arg) ([]int, error) {
	if err := wantInputs(in, 1, 1); err != nil {
		return nil, err
	}
	return in[0].Shape, nil
}

// axisSet marks the listed axes, each of which may be listed several times; nil when none is.
func axisSet(axes []int, rank int) ([]bool, error) {
	if len(axes) == 0 {
		return nil, nil
	}
	set := make([]bool, rank)
	for _, a := range axes {
		a, err := normalizeAxis(a, rank)
		if err != nil {
			return nil, err
		}
		set[a] = true
	}
	return set, nil
}

// unsqueeze inserts dimensions of size 1 where input 1 says, in numbers of the output's axes. An axis that is named twice is inserted once, as in
// OpenVINO.
func unsqueeze(in []Arg) ([]int, error) {
	if err := wantInputs(in, 2, 2); err != nil {
		return nil, err
	}
	axes, err := vector(in, 1, "axes")
	if err != nil || axes == nil || in[0].Shape == nil {
		return nil, err
	}
	axes = slices.Compact(slices.Sorted(slices.Values(axes)))
	rank := len(in[0].Shape) + len(axes)
	inserted, err := axisSet(axes, rank)
	if err != nil {
		return nil, err
	}
	shape, next := make([]int, 0, rank), 0
	for i := range rank {
		switch {
		case inserted != nil && inserted[i]:
			shape = append(shape, 1)
		case next < len(in[0].Shape):
			shape = append(shape, in[0].Shape[next])
			next++
		}
	}
	return shape, nil
}
