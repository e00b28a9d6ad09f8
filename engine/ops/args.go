package ops

import (
	"fmt"
	"slices"
)

// real is a Go type that an operation on floats computes in: float64 for f64, float32 for all others.
type real interface{ float32 | float64 }

// wantInputs checks the number of inputs, at least least and at most most.
func wantInputs(in []Arg, least, most int) error {
	switch {
	case len(in) >= least && len(in) <= most:
		return nil
	case least == most:
		return fmt.Errorf("has %d inputs, want %d", len(in), least)
	}
	return fmt.Errorf("has %d inputs, want %d to %d", len(in), least, most)
}

// wantRank checks the rank of input i where its shape is known.
func wantRank(in []Arg, i int, ranks ...int) error {
	if in[i].Shape == nil || slices.Contains(ranks, len(in[i].Shape)) {
		return nil
	}
	return fmt.Errorf("input %d has shape %v, want rank %v", i, in[i].Shape, ranks)
}

// wantShape checks the shape of input i where it is known; -1 in want stands for any dimension.
func wantShape(in []Arg, i int, want ...int) error {
	s := in[i].Shape
	if s == nil {
		return nil
	}
	ok := len(s) == len(want)
	for d := 0; ok && d < len(s); d++ {
		ok = want[d] == -1 || s[d] == want[d]
	}
	if !ok {
		return fmt.Errorf("input %d has shape %v, want %v", i, s, want)
	}
	return nil
}

// wantFloats checks that the given inputs have one and the same float type.
func wantFloats(in []Arg, inputs ...int) error {
	for _, i := range inputs {
		if !in[i].Type.IsFloat() || in[i].Type != in[inputs[0]].Type {
			return fmt.Errorf("input %d is %s, want one float type for inputs %v", i, in[i].Type, inputs)
		}
	}
	return nil
}

// wantIntegers checks that the given inputs have integer types.
func wantIntegers(in []Arg, inputs ...int) error {
	for _, i := range inputs {
		if !in[i].Type.IsInteger() {
			return fmt.Errorf("input %d is %s, want an integer type", i, in[i].Type)
		}
	}
	return nil
}

// shapesKnown reports whether the shapes of all inputs are known.
func shapesKnown(in []Arg) bool {
	return !slices.ContainsFunc(in, func(a Arg) bool { return a.Shape == nil })
}

// joinShapes returns the dimensions of parts one after the other; it is never nil, which would mean that the shape is not known.
func joinShapes(parts ...[]int) []int { return append([]int{}, slices.Concat(parts...)...) }
