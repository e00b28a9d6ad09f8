package compare

import (
	"math"

	"github.com/x448/float16"

	"halfway/engine/tensor"
)

// ulp is the largest distance in steps of the grid of the elements' type: of f16 and bf16 where both sides are, of f64 where one is, of
// f32 for other floats. For integers and booleans it is the difference.
func ulp(a, b view) float64 {
	steps := stepsOf(a.tensor.Type, b.tensor.Type)
	largest, nan := 0.0, false
	elements(a, b, func(a, b []float64) {
		for i, x := range a {
			y := b[i]
			if x == y {
				continue
			}
			largest, nan = larger(largest, distance(steps(x), steps(y))), nan || x != x || y != y
		}
	})
	if nan {
		return math.NaN()
	}
	return largest
}

func distance(a, b int64) float64 {
	if a < b {
		a, b = b, a
	}
	return float64(uint64(a) - uint64(b)) // does not overflow
}

// stepsOf returns the function that numbers the values of a grid in ascending order, both zeros 0.
func stepsOf(a, b tensor.DType) func(float64) int64 {
	switch {
	case a == tensor.F64 || b == tensor.F64:
		return func(v float64) int64 { return signMagnitude(int64(math.Float64bits(math.Abs(v))), v) }
	case a == tensor.F16 && b == tensor.F16:
		return func(v float64) int64 {
			return signMagnitude(int64(float16.Fromfloat32(float32(math.Abs(v))).Bits()), v)
		}
	case a == tensor.BF16 && b == tensor.BF16:
		return func(v float64) int64 { return signMagnitude(int64(math.Float32bits(float32(math.Abs(v)))>>16), v) }
	case a.IsFloat() || b.IsFloat():
		return func(v float64) int64 { return signMagnitude(int64(math.Float32bits(float32(math.Abs(v)))), v) }
	}
	return func(v float64) int64 { return int64(v) }
}

func signMagnitude(n int64, v float64) int64 {
	if v < 0 {
		return -n
	}
	return n
}
