package kernel

import "math"

// A Quantizer is what Quantize does to an element: it is limited to [Low, High], of which a NaN becomes Low, times InScale plus InShift is rounded to f32
// and then to the nearest integer (ties to even), and that times OutScale plus OutShift is rounded to f32.
type Quantizer struct{ Low, High, InScale, InShift, OutScale, OutShift float32 }

// Quantize writes q of src to dst, which may be src and has its length.
func Quantize(dst, src []float32, q *Quantizer) {
	dst = dst[:len(src)]
	for i := quantizeVectors(dst, src, q); i < len(src); i++ {
		x := float64(lesser.of(greater.of(src[i], q.Low), q.High))
		level := math.RoundToEven(float64(float32(x*float64(q.InScale) + float64(q.InShift))))
		dst[i] = float32(level*float64(q.OutScale) + float64(q.OutShift))
	}
}

// FloatsOfUnsigned converts src to dst, which has its length.
func FloatsOfUnsigned(dst []float32, src []uint8) {
	dst = dst[:len(src)]
	for i := floatsOfUnsignedVectors(dst, src); i < len(src); i++ {
		dst[i] = float32(src[i])
	}
}

// FloatsOfSigned converts src to dst, which has its length.
func FloatsOfSigned(dst []float32, src []int8) {
	dst = dst[:len(src)]
	for i := floatsOfSignedVectors(dst, src); i < len(src); i++ {
		dst[i] = float32(src[i])
	}
}

// RoundToUnsigned writes src, limited to what a byte has and rounded to the nearest integer (ties to even), to dst, which has its length. NaN is 0.
func RoundToUnsigned(dst []uint8, src []float32) {
	dst = dst[:len(src)]
	for i := roundToUnsignedVectors(dst, src); i < len(src); i++ {
		dst[i] = uint8(limited(src[i], 0, math.MaxUint8))
	}
}

// RoundToSigned is RoundToUnsigned for signed bytes.
func RoundToSigned(dst []int8, src []float32) {
	dst = dst[:len(src)]
	for i := roundToSignedVectors(dst, src); i < len(src); i++ {
		dst[i] = int8(limited(src[i], math.MinInt8, math.MaxInt8))
	}
}

// limited is the integer that is nearest to v and within the limits; 0 for NaN.
func limited(v float32, least, most float64) int {
	if v != v {
		return 0
	}
	return int(math.RoundToEven(min(max(float64(v), least), most)))
}
