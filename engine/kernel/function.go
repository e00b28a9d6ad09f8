package kernel

import "math"

// Exp writes e to the power of src, within 2 ulp, to dst, which may be src and has its length: infinity above 88.73, 0 below -103.98, NaN of NaN.
func Exp(dst, src []float32) {
	dst = dst[:len(src)]
	for i, v := range src {
		dst[i] = float32(math.Exp(float64(v)))
	}
}

// Log writes the natural logarithm of src, within 2 ulp, to dst, which may be src and has its length: -infinity of 0, NaN of negative numbers.
func Log(dst, src []float32) {
	dst = dst[:len(src)]
	for i, v := range src {
		dst[i] = float32(math.Log(float64(v)))
	}
}

// Tanh writes the hyperbolic tangent of src, within 2 ulp, to dst, which may be src and has its length.
func Tanh(dst, src []float32) {
	dst = dst[:len(src)]
	for i, v := range src {
		dst[i] = float32(math.Tanh(float64(v)))
	}
}

// Sigmoid writes 1/(1+exp(-src)), within 2 ulp, to dst, which may be src and has its length.
func Sigmoid(dst, src []float32) {
	dst = dst[:len(src)]
	for i, v := range src {
		dst[i] = float32(1 / (1 + math.Exp(-float64(v))))
	}
}

// Erf writes the error function of src, within 2 ulp, to dst, which may be src and has its length.
func Erf(dst, src []float32) {
	dst = dst[:len(src)]
	for i, v := range src {
		dst[i] = float32(math.Erf(float64(v)))
	}
}
