package compare

import "math"

// equal is the share of equal elements. Integers of one type are compared as they are, since float64 does not tell large ones apart.
func equal(a, b view) float64 {
	n := a.size()
	if n == 0 {
		return 1
	}
	same := 0
	switch x := a.tensor.Any().(type) {
	case []int64:
		if y, ok := b.tensor.Any().([]int64); ok {
			return float64(sameElements(a, b, x, y)) / float64(n)
		}
	case []uint64:
		if y, ok := b.tensor.Any().([]uint64); ok {
			return float64(sameElements(a, b, x, y)) / float64(n)
		}
	}
	elements(a, b, func(a, b []float64) {
		for i, x := range a {
			if x == b[i] {
				same++
			}
		}
	})
	return float64(same) / float64(n)
}

func sameElements[E int64 | uint64](a, b view, x, y []E) int {
	same := 0
	rows(a, b, func(a, b row) {
		for i := range a.n {
			if x[a.offset+i*a.stride] == y[b.offset+i*b.stride] {
				same++
			}
		}
	})
	return same
}

// allclose is the largest |a-b| / (atol + rtol |a|): at most 1 where numpy.allclose(b, a, rtol, atol) holds.
func allclose(a, b view, atol, rtol float64) float64 {
	largest, nan := 0.0, false
	elements(a, b, func(a, b []float64) {
		for i, x := range a {
			d := math.Abs(x - b[i])
			if x == b[i] || d == 0 {
				continue
			}
			q := d / (atol + float64(rtol*math.Abs(x)))
			largest, nan = larger(largest, q), nan || q != q
		}
	})
	if nan {
		return math.NaN()
	}
	return largest
}
