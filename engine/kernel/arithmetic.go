package kernel

// The functions of two slices write to dst, which may be a or b; all have the length of dst. An element's result does not depend on its place.

// Add writes a + b.
func Add(dst, a, b []float32) { add.apply(dst, a, b) }

// Subtract writes a - b.
func Subtract(dst, a, b []float32) { subtract.apply(dst, a, b) }

// Multiply writes a * b.
func Multiply(dst, a, b []float32) { multiply.apply(dst, a, b) }

// Divide writes a / b.
func Divide(dst, a, b []float32) { divide.apply(dst, a, b) }

// Max writes a where a > b, else b: also where one of them is NaN.
func Max(dst, a, b []float32) { greater.apply(dst, a, b) }

// Min writes a where a < b, else b: also where one of them is NaN.
func Min(dst, a, b []float32) { lesser.apply(dst, a, b) }

// A pairwise is one of the functions above.
type pairwise uint8

const (
	add pairwise = iota
	subtract
	multiply
	divide
	greater
	lesser
)

func (f pairwise) apply(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := f.applyVectors(dst, a, b); i < len(dst); i++ {
		dst[i] = f.of(a[i], b[i])
	}
}

func (f pairwise) of(a, b float32) float32 {
	switch f {
	case add:
		return a + b
	case subtract:
		return a - b
	case multiply:
		return a * b
	case divide:
		return a / b
	case greater:
		if a > b {
			return a
		}
	case lesser:
		if a < b {
			return a
		}
	}
	return b
}

// Clamp writes least where src is less or NaN, else most where it is more, else src to dst, which may be src and has its length.
func Clamp(dst, src []float32, least, most float32) {
	dst = dst[:len(src)]
	for i := clampVectors(dst, src, least, most); i < len(src); i++ {
		dst[i] = lesser.of(greater.of(src[i], least), most)
	}
}

// Relu writes src where it is positive, else 0, also where it is NaN, to dst, which may be src and has its length.
func Relu(dst, src []float32) {
	dst = dst[:len(src)]
	for i := reluVectors(dst, src); i < len(src); i++ {
		dst[i] = greater.of(src[i], 0)
	}
}

// AddScalar adds v to all elements of x.
func AddScalar(x []float32, v float32) {
	for i := addScalarVectors(x, v); i < len(x); i++ {
		x[i] += v
	}
}

// ScaleShift writes scale*src, rounded, plus shift to dst, which may be src and has its length.
func ScaleShift(dst, src []float32, scale, shift float32) {
	dst = dst[:len(src)]
	for i := scaleShiftVectors(dst, src, scale, shift); i < len(src); i++ {
		dst[i] = float32(scale*src[i]) + shift
	}
}

// HSwish writes src*min(max(src/6 + 0.5, 0), 1), which saturates before it multiplies, to dst, which may be src and has its length.
func HSwish(dst, src []float32) {
	dst = dst[:len(src)]
	for i := hSwishVectors(dst, src); i < len(src); i++ {
		v := src[i]
		dst[i] = v * min(max(float32(v*(1.0/6))+0.5, 0), 1)
	}
}

// Largest is the greatest element of src, which is not empty; where a NaN is among them it is any of them.
func Largest(src []float32) float32 {
	top, done := src[0], 0
	if v, n := largestVectors(src); n > 0 {
		top, done = v, n
	}
	for _, v := range src[done:] {
		if v > top {
			top = v
		}
	}
	return top
}

// maxByTwo writes src[2*x], where it is greater, to dst[x].
func maxByTwo(dst, src []float32) {
	for x := maxByTwoVectors(dst, src); x < len(dst); x++ {
		dst[x] = greater.of(src[2*x], dst[x])
	}
}
