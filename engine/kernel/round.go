package kernel

import (
	"math"

	"halfway/engine/tensor"
)

// Round writes src, rounded to the grid of t (BF16 or F16: nearest even, subnormals kept, overflow to infinity; F32: as it is), to dst, which
// may be src.
func (w *Workers) Round(dst, src []float32, t tensor.DType) {
	w.For(len(src), 1<<15, func(lo, hi int) {
		copyRounded(dst[lo:hi], src[lo:hi], t)
	})
}

// RoundTo rounds x in place to the grid of t; all types but BF16 and F16 leave it as it is.
func RoundTo(x []float32, t tensor.DType) {
	if reduced(t) {
		copyRounded(x, x, t)
	}
}

// reduced reports whether t is the name of a grid on which not all of f32 lies.
func reduced(t tensor.DType) bool { return t == tensor.BF16 || t == tensor.F16 }

// copyRounded writes src, rounded to the grid of t, to dst.
func copyRounded(dst, src []float32, t tensor.DType) {
	if !reduced(t) {
		copy(dst, src)
		return
	}
	dst = dst[:len(src)]
	for i := roundVectors(dst, src, t); i < len(src); i++ {
		dst[i] = tensor.Round(t, src[i])
	}
}

// RoundsNothing reports whether every element of src lies on the grid of t already.
func RoundsNothing(src []float32, t tensor.DType) bool {
	if !reduced(t) {
		return true
	}
	const block = 1 << 12
	for len(src) > block {
		if !onGridAll(src[:block], t) {
			return false
		}
		src = src[block:]
	}
	return onGridAll(src, t)
}

func onGridAll(src []float32, t tensor.DType) bool {
	done, on := onGridVectors(src, t)
	if !on {
		return false
	}
	for _, v := range src[done:] {
		if math.Float32bits(tensor.Round(t, v)) != math.Float32bits(v) {
			return false
		}
	}
	return true
}
