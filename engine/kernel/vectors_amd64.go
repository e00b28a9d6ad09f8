//go:build !noasm

package kernel

import (
	"math"
	"unsafe"
)

// The functions called ...Vectors do the first elements of the functions that they are named after, and return how many.

// wholeVectors is the number of vectors of 8 elements in n, 0 without the assembly.
func wholeVectors(n int) int {
	if !vectors {
		return 0
	}
	return n / 8
}

func scaleShiftVectors(dst, src []float32, scale, shift float32) int {
	n := wholeVectors(len(src))
	if n > 0 {
		scaleShiftAVX2(&dst[0], &src[0], scale, shift, n)
	}
	return n * 8
}

func hSwishVectors(dst, src []float32) int {
	n := wholeVectors(len(src))
	if n > 0 {
		hSwishAVX2(&dst[0], &src[0], n)
	}
	return n * 8
}

func quantizeVectors(dst, src []float32, q *Quantizer) int {
	n := wholeVectors(len(src))
	if n > 0 {
		quantizeAVX2(&dst[0], &src[0], (*[6]float32)(unsafe.Pointer(q)), n)
	}
	return n * 8
}

func floatsOfUnsignedVectors(dst []float32, src []uint8) int {
	n := wholeVectors(len(src))
	if n > 0 {
		floatsOfUnsignedAVX2(&dst[0], &src[0], n)
	}
	return n * 8
}

func floatsOfSignedVectors(dst []float32, src []int8) int {
	n := wholeVectors(len(src))
	if n > 0 {
		floatsOfSignedAVX2(&dst[0], &src[0], n)
	}
	return n * 8
}

func roundToUnsignedVectors(dst []uint8, src []float32) int {
	n := wholeVectors(len(src))
	if n > 0 {
		roundToBytesAVX2(&dst[0], &src[0], 0, math.MaxUint8, n)
	}
	return n * 8
}

func roundToSignedVectors(dst []int8, src []float32) int {
	n := wholeVectors(len(src))
	if n > 0 {
		roundToBytesAVX2((*uint8)(unsafe.Pointer(&dst[0])), &src[0], math.MinInt8, math.MaxInt8, n)
	}
	return n * 8
}

func largestVectors(src []float32) (float32, int) {
	n := wholeVectors(len(src))
	if n == 0 {
		return 0, 0
	}
	return largestAVX2(&src[0], n), n * 8
}

func maxByTwoVectors(dst, src []float32) int {
	n := min(wholeVectors(len(dst)), len(src)/16)
	if n > 0 {
		maxByTwoAVX2(&dst[0], &src[0], n)
	}
	return n * 8
}
