package kernel

import (
	"math"

	"halfway/engine/tensor"
)

// Round writes src, rounded to the grid of t (BF16 or F16: nearest even, subnormals kept, overflow to infinity), to dst, which may be src.
func (w *Workers) Round(dst, src []float32, t tensor.DType) {
	w.For(len(src), 1<<14, func(lo, hi int) {
		for i, v := range src[lo:hi] {
			dst[lo+i] = tensor.Round(t, v)
		}
	})
}

// RoundsNothing reports whether every element of src lies on the grid of t already.
func RoundsNothing(src []float32, t tensor.DType) bool {
	for _, v := range src {
		if math.Float32bits(tensor.Round(t, v)) != math.Float32bits(v) {
			return false
		}
	}
	return true
}
