package builtin

import (
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// beyond stands for the square of a difference that is no number.
const beyond = 1e80

// energy is the sum of the squares of the elements of a.
func energy(w *kernel.Workers, a *tensor.Tensor) float64 {
	return difference(w, a, tensor.New(a.Type, 0))
}

// difference is the sum of the squares of the differences of two arrays of one type, where elements that only one of them has count whole. Of
// small integers it is only known whether they differ. It is the same for any number of threads.
func difference(w *kernel.Workers, a, b *tensor.Tensor) float64 {
	switch x := a.Any().(type) {
	case []float32:
		return apart(w, x, tensor.Data[float32](b))
	case []float64:
		return apart(w, x, tensor.Data[float64](b))
	case []int64:
		return apart(w, x, tensor.Data[int64](b))
	case []int32:
		return apart(w, x, tensor.Data[int32](b))
	}
	if tensor.Equal(a, b) {
		return 0
	}
	return float64(a.Len())
}

type number interface {
	int32 | int64 | float32 | float64
}

// apart sums blocks by themselves, in parallel, and then the blocks.
func apart[E number](w *kernel.Workers, a, b []E) float64 {
	if len(a) < len(b) {
		a, b = b, a
	}
	const block = 1 << 14
	sums := make([]float64, (len(a)+block-1)/block)
	w.For(len(sums), 2, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			sums[i] = apartBlock(a[i*block:min((i+1)*block, len(a))], b[min(i*block, len(b)):min((i+1)*block, len(b))])
		}
	})
	sum := 0.0
	for _, s := range sums {
		sum += s
	}
	return sum
}

func apartBlock[E number](a, b []E) float64 {
	sum := 0.0
	for i, x := range a {
		d := float64(x)
		if i < len(b) {
			if x == b[i] {
				continue
			}
			d -= float64(b[i])
		}
		if d *= d; !(d <= beyond) {
			d = beyond
		}
		sum += d
	}
	return sum
}
