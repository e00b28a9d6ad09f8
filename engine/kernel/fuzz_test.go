package kernel

import (
	"math/rand/v2"
	"testing"

	"halfway/engine/tensor"
)

var fuzzGrids = []tensor.DType{tensor.F32, tensor.BF16, tensor.F16}

// FuzzConvolve holds convolutions of drawn shapes against the slow one, bit for bit.
func FuzzConvolve(f *testing.F) {
	f.Add(uint64(1), uint8(1), uint8(2), uint8(3), uint8(0), uint8(1))
	f.Add(uint64(7), uint8(3), uint8(1), uint8(1), uint8(5), uint8(2))
	f.Fuzz(func(t *testing.T, seed uint64, groups, in, out, grids, threads uint8) {
		r := rand.New(rand.NewPCG(seed, 1))
		c := &Convolution{Window: randomWindow(r), Groups: 1 + int(groups%4), InChannels: 1 + int(in%6), OutChannels: 1 + int(out%12)}
		if c.Groups*c.OutChannels*c.Depth()*volume(c.Out) > 1<<18 {
			return
		}
		grid, round := fuzzGrids[grids%3], fuzzGrids[grids/3%3]
		x, weights := random(r, c.Groups*c.InChannels*volume(c.In)), random(r, c.Groups*c.OutChannels*c.Depth())
		bias := random(r, c.Groups*c.OutChannels)
		w := NewWorkers(1 + int(threads%3))
		defer w.Close()
		want := slowConvolution(c, 1, x, weights, bias, grid, round)
		got := make([]float32, len(want))
		w.Convolve(got, x, c, 1, w.PackFilter(c, weights, grid), grid, Epilogue{RowBias: bias, Round: round})
		equalBits(t, got, want)
	})
}

// FuzzMultiply holds products of drawn sizes, of matrices as they are and transposed, against the slow one, bit for bit.
func FuzzMultiply(f *testing.F) {
	f.Add(uint64(1), uint8(7), uint8(17), uint8(33), uint8(0), uint8(1))
	f.Add(uint64(2), uint8(1), uint8(200), uint8(16), uint8(7), uint8(2))
	f.Fuzz(func(t *testing.T, seed uint64, rows, depth, cols, grids, threads uint8) {
		r := rand.New(rand.NewPCG(seed, 2))
		m, k, n := 1+int(rows), 1+int(depth), 1+int(cols)
		a, b := RowMajor(random(r, m*k), m, k), RowMajor(random(r, k*n), k, n)
		if seed%2 == 1 {
			a = RowMajor(a.Data, k, m).Transposed()
		}
		if seed/2%2 == 1 {
			b = RowMajor(b.Data, n, k).Transposed()
		}
		left, right := fuzzGrids[grids%3], fuzzGrids[grids/3%3]
		w := NewWorkers(1 + int(threads%3))
		defer w.Close()
		want := reference(a, b, Epilogue{}, left, right)
		got := make([]float32, m*n)
		w.Multiply(Factors{Left: []Matrix{a}, Right: []Matrix{b}, LeftOf: []int{0}, RightOf: []int{0}, RoundLeft: left, RoundRight: right}, got, Epilogue{})
		equalBits(t, got, want)
	})
}
