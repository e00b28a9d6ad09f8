package ops

import (
	"fmt"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// Reshape (opset1), Squeeze (opset1, opset15) and Unsqueeze (opset1): the same elements under another shape.
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/shape/reshape-1.html
func init() {
	register("Reshape", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		copiesZeros := d.Bool("special_zero", false)
		return reshaping(func(in []Arg) ([]int, error) { return reshape(in, copiesZeros) }), d.Err()
	})
	register("Squeeze", func(*graph.Node) (Op, error) { return reshaping(squeeze), nil })
	register("Unsqueeze", func(*graph.Node) (Op, error) { return reshaping(unsqueeze), nil })
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

// reshape replaces -1 by what the number of elements leaves, and 0 by the input's dimension where copiesZeros.
func reshape(in []Arg, copiesZeros bool) ([]int, error) {
	if err := wantInputs(in, 2, 2); err != nil {
		return nil, err
	}
	if err := wantRank(in, 1, 1); err != nil {
		return nil, err
	}
	want, err := integers(in, 1, "shape")
	if err != nil || want == nil || in[0].Shape == nil {
		return nil, err
	}
	from := in[0].Shape
	fail := func(reason string) ([]int, error) {
		return nil, fmt.Errorf("shape %v does not fit the input %v: %s", want, from, reason)
	}
	shape, free, copied := make([]int, len(want)), -1, 1
	for i, d := range want {
		switch {
		case d < -1 || d == -1 && free >= 0:
			return fail("want sizes and at most one -1")
		case d == -1:
			free, d = i, 1
		case d == 0 && copiesZeros && i >= len(from):
			return fail("a zero copies a dimension that is not there")
		case d == 0 && copiesZeros:
			d = from[i]
			copied *= d
		}
		shape[i] = d
	}
	elements, err := tensor.Elements(from)
	if err != nil {
		return nil, err
	}
	rest, err := tensor.Elements(shape)
	if err != nil {
		return nil, err
	}
	switch {
	case free >= 0 && rest == 0 && copied == 0 && elements == 0:
		shape[free] = emptyRest(from, want, shape)
	case free >= 0 && rest == 0:
		return fail("-1 is not determined")
	case free >= 0:
		shape[free] = elements / rest
	}
	if n, err := tensor.Elements(shape); err != nil || n != elements {
		return fail("the number of elements differs")
	}
	return shape, nil
}

// emptyRest is what -1 stands for in an empty array whose zeros are copied: the dimensions that are not copied over the given ones.
func emptyRest(from, want, shape []int) int {
	rest, given := 1, 1
	for i, d := range from {
		if i >= len(want) || want[i] != 0 {
			rest *= d
		}
	}
	for i, d := range want {
		if d > 0 {
			given *= shape[i]
		}
	}
	return rest / given
}

// squeeze drops the dimensions of size 1: all, or those of input 1. A listed dimension of another size stays, as in OpenVINO.
func squeeze(in []Arg) ([]int, error) {
	if err := wantInputs(in, 1, 2); err != nil {
		return nil, err
	}
	drop, err := []bool(nil), error(nil)
	if len(in) == 2 {
		var axes []int
		if axes, err = vector(in, 1, "axes"); err != nil || axes == nil || in[0].Shape == nil {
			return nil, err
		}
		if drop, err = axisSet(axes, len(in[0].Shape)); err != nil {
			return nil, err
		}
	}
	if in[0].Shape == nil {
		return nil, nil
	}
	shape := []int{}
	for i, d := range in[0].Shape {
		if d != 1 || drop != nil && !drop[i] {
			shape = append(shape, d)
		}
	}
	return shape, nil
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

// unsqueeze inserts dimensions of size 1 where input 1 says, in numbers of the output's axes.
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
		default: // two of the axes were the same
			shape = append(shape, 1)
		}
	}
	return shape, nil
}
