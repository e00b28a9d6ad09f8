//go:build !noasm

package kernel

import (
	"slices"

	"golang.org/x/sys/cpu"

	"halfway/engine/tensor"
)

// vectors tells whether the assembly runs: where the processor has AVX2, FMA and F16C. Tests turn it off.
var vectors = cpu.X86.HasAVX2 && cpu.X86.HasFMA && cpu.X86.HasF16C

// wideTiles tells whether two tiles at once are faster than one after the other: in vectors of 16 elements, which sum every element in the same
// chain, to the same bits.
var wideTiles = vectors && cpu.X86.HasAVX512F

// Level names the instruction set that the kernels use on this machine, as far as it determines a result's last bits.
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

// tileWide computes the tiles of two panels of the right operand that start apart elements from each other.
func tileWide(depth int, left, right []float32, apart int, c []float32, stride int, load bool) {
	_, _, _ = left[depth*tileRows-1], right[apart+depth*tileCols-1], c[(tileRows-1)*stride+2*tileCols-1]
	tileWideAVX512(depth, &left[0], &right[0], apart*4, &c[0], stride*4, load)
}

// tileRow computes a row of rowPanels tiles, see tileRowGeneric.
func tileRow(depth int, left, right []float32, apart int, c []float32, load bool) {
	if !vectors || depth == 0 {
		tileRowGeneric(depth, left, right, apart, c, load)
		return
	}
	_, _, _ = left[(depth-1)*tileRows], right[(rowPanels-1)*apart+depth*tileCols-1], c[rowPanels*tileCols-1]
	tileRowAVX2(depth, &left[0], &right[0], apart*4, &c[0], load)
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

// applyVectors writes f of a and b to dst and returns how many elements it did: all, the last ones in vectors of their own, or none.
func (f pairwise) applyVectors(dst, a, b []float32) int {
	if !vectors {
		return 0
	}
	n := len(dst) / 8
	if n > 0 {
		f.vectors(&dst[0], &a[0], &b[0], n)
	}
	if done := n * 8; done < len(dst) {
		var x, y [8]float32
		copy(x[:], a[done:])
		copy(y[:], b[done:])
		f.vectors(&x[0], &x[0], &y[0], 1)
		copy(dst[done:], x[:])
	}
	return len(dst)
}

func (f pairwise) vectors(dst, a, b *float32, n int) {
	switch f {
	case add:
		addAVX2(dst, a, b, n)
	case subtract:
		subtractAVX2(dst, a, b, n)
	case multiply:
		multiplyAVX2(dst, a, b, n)
	case divide:
		divideAVX2(dst, a, b, n)
	case greater:
		maxAVX2(dst, a, b, n)
	case lesser:
		minAVX2(dst, a, b, n)
	}
}

// clampVectors, reluVectors and addScalarVectors do the first elements of Clamp, Relu and addScalar, and return how many.
func clampVectors(dst, src []float32, least, most float32) int {
	n := len(src) / 8
	if !vectors || n == 0 {
		return 0
	}
	clampAVX2(&dst[0], &src[0], least, most, n)
	return n * 8
}

func reluVectors(dst, src []float32) int {
	n := len(src) / 8
	if !vectors || n == 0 {
		return 0
	}
	reluAVX2(&dst[0], &src[0], n)
	return n * 8
}

func addScalarVectors(x []float32, v float32) int {
	n := len(x) / 8
	if !vectors || n == 0 {
		return 0
	}
	addScalarAVX2(&x[0], v, n)
	return n * 8
}

// rowTaps writes the sum of weights[k]*src[taps[k]+stride*x] over k to dst[x] for x < n; stride is 1 or 2. It may read rowSlack elements of src
// after those that it needs, and write those of dst up to the next multiple of 8.
func rowTaps(dst, src []float32, n int, taps []int, weights []float32, stride int) {
	whole := panels(n, 8)
	if !vectors {
		rowTapsGeneric(dst[:n], src, taps, weights, stride)
		return
	}
	_, _ = weights[len(taps)-1], src[taps[len(taps)-1]+stride*whole*8-1]
	if whole*8 <= len(dst) {
		rowTapsVectors(&dst[0], &src[0], taps, weights, stride, whole)
		return
	}
	if n >= 8 {
		rowTapsVectors(&dst[0], &src[0], taps, weights, stride, whole-1)
	}
	var last [8]float32
	rowTapsVectors(&last[0], &src[(whole-1)*8*stride], taps, weights, stride, 1)
	copy(dst[(whole-1)*8:n], last[:])
}

func rowTapsVectors(dst, src *float32, taps []int, weights []float32, stride, n int) {
	if stride == 2 {
		rowTapsByTwoAVX2(dst, src, &taps[0], &weights[0], len(taps), n)
	} else {
		rowTapsAVX2(dst, src, &taps[0], &weights[0], len(taps), n)
	}
}

// gather writes image[taps[k]+places[j]] to dst[16*k+j]; it reports whether it could. Places grow.
func gather(dst, image []float32, taps []int, places *[tileCols]int32) bool {
	if !vectors || len(taps) == 0 {
		return false
	}
	_, _ = dst[len(taps)*tileCols-1], image[slices.Max(taps)+int(places[tileCols-1])]
	gatherAVX2(&dst[0], &image[0], &taps[0], len(taps), places)
	return true
}

// interleave does the first steps of packPanel for n rows whose elements are neighbours, and returns the first step that is left.
func interleave(dst []float32, m Matrix, row, n, k0, k1, width int) int {
	done := (k1 - k0) / 8
	if width < 8 {
		done = (k1 - k0 - 1) / 8 // the last step must not write beyond its own elements
	}
	if !vectors || done <= 0 || n < width {
		return k0
	}
	_ = dst[(k1-k0)*width-1]
	for i := 0; i < width; i += 8 {
		var rows [8]*float32
		for j := range rows {
			at := (row+min(i+j, width-1))*m.RowStride + k0
			rows[j] = &m.Data[at : at+done*8][0]
		}
		interleaveAVX2(&dst[i], width*4, &rows, done)
	}
	return k0 + done*8
}

// hashStripes adds stripes to sums and moves the keys on.
func hashStripes(sums, keys *[hashLanes]uint64, data []byte) {
	if !vectors || len(data) == 0 {
		hashGeneric(sums, keys, data)
		return
	}
	hashAVX2(sums, keys, &data[0], len(data)/hashStripe)
}
