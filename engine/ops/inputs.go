package ops

import (
	"fmt"
	"strconv"
	"strings"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// integers returns the elements of input i, called name in errors, which must be integers; nil while they are not known.
func integers(in []Arg, i int, name string) ([]int, error) {
	a := in[i]
	if !a.Type.IsInteger() {
		return nil, fmt.Errorf("input %d (%s) is %s, want integers", i, name, a.Type)
	}
	if a.Value == nil {
		return nil, nil
	}
	return intValues(a.Value), nil
}

// vector is integers of an input that must be a list or a single element.
func vector(in []Arg, i int, name string) ([]int, error) {
	if len(in[i].Shape) > 1 {
		return nil, fmt.Errorf("input %d (%s) has shape %v, want a list", i, name, in[i].Shape)
	}
	return integers(in, i, name)
}

// vectors returns the lists that inputs 1, 2, ... hold; known is false while one of them or the shape of input 0 is not known.
func vectors(in []Arg, names ...string) (lists [][]int, known bool, err error) {
	known = in[0].Shape != nil
	for i, name := range names {
		list, err := vector(in, i+1, name)
		if err != nil {
			return nil, false, err
		}
		lists, known = append(lists, list), known && list != nil
	}
	return lists, known, nil
}

// scalar returns the only element of input i, which must be an integer; ok is false while it is not known.
func scalar(in []Arg, i int, name string) (v int, ok bool, err error) {
	if err := wantOneElement(in, i, name); err != nil {
		return 0, false, err
	}
	list, err := integers(in, i, name)
	if list == nil || err != nil {
		return 0, false, err
	}
	return list[0], true, nil
}

// wantOneElement checks that input i has a single element, as far as its shape is known.
func wantOneElement(in []Arg, i int, name string) error {
	s := in[i].Shape
	if s == nil {
		return nil
	}
	if n, err := tensor.Elements(s); err != nil || n != 1 {
		return fmt.Errorf("input %d (%s) has shape %v, want one element", i, name, s)
	}
	return nil
}

// wantOneType checks that the given inputs have one element type.
func wantOneType(in []Arg, a, b int) error {
	if in[a].Type != in[b].Type {
		return fmt.Errorf("inputs %d and %d are %s and %s, want one type", a, b, in[a].Type, in[b].Type)
	}
	return nil
}

// distinctAxes normalizes a list of axes, in which none may occur twice.
func distinctAxes(axes []int, rank int) ([]int, error) {
	r := make([]int, len(axes))
	seen := make([]bool, rank)
	for i, a := range axes {
		n, err := normalizeAxis(a, rank)
		if err != nil {
			return nil, err
		}
		if seen[n] {
			return nil, fmt.Errorf("axis %d occurs twice in %v", n, axes)
		}
		seen[n], r[i] = true, n
	}
	return r, nil
}

// axisInput returns the axis that input i names in an array of the given rank; ok is false while it is not known.
func axisInput(in []Arg, i, rank int) (axis int, ok bool, err error) {
	v, ok, err := scalar(in, i, "axis")
	if !ok || err != nil {
		return 0, false, err
	}
	axis, err = normalizeAxis(v, rank)
	return axis, err == nil, err
}

// opsetVersion is the number of n's opset; 0 for operations of other domains.
func opsetVersion(n *graph.Node) int {
	v, err := strconv.Atoi(strings.TrimPrefix(n.Opset, "opset"))
	if err != nil {
		return 0
	}
	return v
}

// argsOf is what is known of operands: everything.
func argsOf(in []Operand) []Arg {
	r := make([]Arg, len(in))
	for i, o := range in {
		r[i] = Arg{Type: o.Type, Shape: o.Shape, Value: o.Tensor}
	}
	return r
}

// wantNumeric checks that the given inputs are numbers.
func wantNumeric(in []Arg, inputs ...int) error {
	for _, i := range inputs {
		if !in[i].Type.IsFloat() && !in[i].Type.IsInteger() {
			return fmt.Errorf("input %d is %s, want numbers", i, in[i].Type)
		}
	}
	return nil
}
