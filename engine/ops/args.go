package ops

import (
	"fmt"
	"math"
	"slices"

	"halfway/engine/tensor"
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

// intValues returns the elements of t as ints. Floats are truncated and what int does not have is clamped (NaN is 0).
func intValues(t *tensor.Tensor) []int {
	switch d := t.Any().(type) {
	case []float32:
		return mapValues(d, func(v float32) int { return truncate(float64(v)) })
	case []float64:
		return mapValues(d, truncate)
	case []int64:
		return mapValues(d, func(v int64) int { return int(v) })
	case []int32:
		return mapValues(d, func(v int32) int { return int(v) })
	case []int16:
		return mapValues(d, func(v int16) int { return int(v) })
	case []int8:
		return mapValues(d, func(v int8) int { return int(v) })
	case []uint64:
		return mapValues(d, func(v uint64) int { return int(min(v, math.MaxInt64)) })
	case []uint32:
		return mapValues(d, func(v uint32) int { return int(v) })
	case []uint16:
		return mapValues(d, func(v uint16) int { return int(v) })
	case []uint8:
		return mapValues(d, func(v uint8) int { return int(v) })
	}
	return mapValues(tensor.Data[bool](t), func(v bool) int {
		if v {
			return 1
		}
		return 0
	})
}

// floatValues returns the elements of t, which is of a float or integer type, as float64s.
func floatValues(t *tensor.Tensor) []float64 {
	switch d := t.Any().(type) {
	case []float32:
		return mapValues(d, func(v float32) float64 { return float64(v) })
	case []float64:
		return d
	}
	return mapValues(intValues(t), func(v int) float64 { return float64(v) })
}

func mapValues[S, D any](src []S, f func(S) D) []D {
	dst := make([]D, len(src))
	for i, v := range src {
		dst[i] = f(v)
	}
	return dst
}

// truncate is v without its fraction as an int, clamped; 0 for NaN.
func truncate(v float64) int {
	switch {
	case v != v:
		return 0
	case v >= math.MaxInt64:
		return math.MaxInt64
	case v <= math.MinInt64:
		return math.MinInt64
	}
	return int(v)
}

// joinShapes returns the dimensions of parts one after the other; it is never nil, which would mean that the shape is not known.
func joinShapes(parts ...[]int) []int { return append([]int{}, slices.Concat(parts...)...) }
