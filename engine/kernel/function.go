package kernel

import "math"

// Exp writes e to the power of src, within 2 ulp, to dst, which may be src and has its length: infinity above 88.73, 0 below -103.98, NaN of NaN.
func Exp(dst, src []float32) { exp.apply(dst, src) }

// Log writes the natural logarithm of src, within 2 ulp, to dst, which may be src and has its length: -infinity of 0, NaN of negative numbers.
func Log(dst, src []float32) { log.apply(dst, src) }

// Tanh writes the hyperbolic tangent of src, within 2 ulp, to dst, which may be src and has its length.
func Tanh(dst, src []float32) { tanh.apply(dst, src) }

// Sigmoid writes 1/(1+exp(-src)), within 2.5 ulp, to dst, which may be src and has its length.
func Sigmoid(dst, src []float32) { sigmoid.apply(dst, src) }

// Erf writes the error function of src, within 2 ulp, to dst, which may be src and has its length.
func Erf(dst, src []float32) { erf.apply(dst, src) }

// A function is one of those above.
type function uint8

const (
	exp function = iota
	log
	tanh
	sigmoid
	erf
)

// apply writes f of src to dst. An element's result does not depend on its place.
func (f function) apply(dst, src []float32) {
	dst = dst[:len(src)]
	done := f.applyVectors(dst, src)
	for i, v := range src[done:] {
		dst[done+i] = float32(f.of(float64(v)))
	}
}

// of is f in f64.
func (f function) of(x float64) float64 {
	switch f {
	case exp:
		return math.Exp(x)
	case log:
		return math.Log(x)
	case tanh:
		return math.Tanh(x)
	case sigmoid:
		return 1 / (1 + math.Exp(-x))
	}
	return math.Erf(x)
}
