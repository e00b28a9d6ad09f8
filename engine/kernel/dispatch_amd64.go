//go:build !noasm

package kernel

import (
	"golang.org/x/sys/cpu"

	"halfway/engine/tensor"
)

// vectors tells whether the assembly runs: where the processor has AVX2, FMA and F16C. Tests turn it off.
var vectors = cpu.X86.HasAVX2 && cpu.X86.HasFMA && cpu.X86.HasF16C

// Level names the instruction set that the kernels use on this machine: part of what determines a result's last bits.
func Level() string {
	if vectors {
		return "avx2"
	}
	return "generic"
}

// tile computes c += left x right for one tile of which left and right hold depth steps; without load c starts at 0.
func tile(depth int, left, right, c []float32, stride int, load bool) {
	if !vectors || depth == 0 {
		tileGeneric(depth, left, right, c, stride, load)
		return
	}
	_, _, _ = left[depth*tileRows-1], right[depth*tileCols-1], c[(tileRows-1)*stride+tileCols-1]
	tileAVX2(depth, &left[0], &right[0], &c[0], stride*4, load)
}

// roundVectors rounds the first elements of src to dst and returns how many.
func roundVectors(dst, src []float32, t tensor.DType) int {
	n := len(src) / 8
	if !vectors || n == 0 {
		return 0
	}
	if t == tensor.BF16 {
		roundBF16AVX2(&dst[0], &src[0], n)
	} else {
		roundF16AVX2(&dst[0], &src[0], n)
	}
	return n * 8
}

// onGridVectors reports whether the first elements of src lie on the grid of t, and how many it looked at.
func onGridVectors(src []float32, t tensor.DType) (n int, on bool) {
	n = len(src) / 8
	if !vectors || n == 0 {
		return 0, true
	}
	if t == tensor.BF16 {
		return n * 8, !offGridBF16AVX2(&src[0], n)
	}
	return n * 8, !offGridF16AVX2(&src[0], n)
}

// applyVectors writes f of src to dst and returns how many elements it did: all, the last ones in a vector of their own, or none.
func (f function) applyVectors(dst, src []float32) int {
	if !vectors {
		return 0
	}
	n := len(src) / 8
	if n > 0 {
		f.vectors(&dst[0], &src[0], n)
	}
	if rest := src[n*8:]; len(rest) > 0 {
		var last [8]float32
		copy(last[:], rest)
		f.vectors(&last[0], &last[0], 1)
		copy(dst[n*8:], last[:])
	}
	return len(src)
}

func (f function) vectors(dst, src *float32, n int) {
	switch f {
	case exp:
		expAVX2(dst, src, n)
	case log:
		logAVX2(dst, src, n)
	case tanh:
		tanhAVX2(dst, src, n)
	case sigmoid:
		sigmoidAVX2(dst, src, n)
	case erf:
		erfAVX2(dst, src, n)
	}
}
