package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"halfway/engine/tensor"
)

// fma is a*b + c rounded once to f32: the product is exact in f64, the sum is rounded to odd there, which makes the second rounding exact
// (Boldo and Melquiond, 2008).
func fma(a, b, c float32) float32 {
	p := float64(a) * float64(b)
	s := p + float64(c)
	if math.IsInf(s, 0) || s != s {
		return float32(s)
	}
	t := s - p // two-sum: the error of s
	e := (p - (s - t)) + (float64(c) - t)
	if bits := math.Float64bits(s); e != 0 && bits&1 == 0 {
		if (e > 0) == (s > 0) {
			bits++
		} else {
			bits--
		}
		s = math.Float64frombits(bits)
	}
	return float32(s)
}

// multiplyAdd is what one step of a chain computes on this machine.
func multiplyAdd(a, b, c float32) float32 {
	if Level() == "generic" {
		return genericMultiplyAdd(a, b, c)
	}
	return fma(a, b, c)
}

func random(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// equalBits fails the test at the first element that differs.
func equalBits(t *testing.T, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d elements, want %d", len(got), len(want))
	}
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) && (got[i] == got[i] || want[i] == want[i]) {
			t.Fatalf("element %d is %v (%#x), want %v (%#x)", i, got[i], math.Float32bits(got[i]), want[i], math.Float32bits(want[i]))
		}
	}
}

// bothLevels runs f with all assembly, without wide vectors, and without assembly.
func bothLevels(t *testing.T, f func(t *testing.T)) {
	t.Run(Level(), f)
	if narrow() {
		t.Run(Level()+"-narrow", f)
	}
	if disable() {
		defer enable()
		t.Run(Level(), f)
	}
}

// reference is the product of a and b, rounded before, with one chain an element.
func reference(a, b Matrix, e Epilogue, ra, rb tensor.DType) []float32 {
	out := make([]float32, a.Rows*b.Cols)
	for i := range a.Rows {
		for j := range b.Cols {
			sum := float32(0)
			for k := range a.Cols {
				sum = multiplyAdd(onGrid(ra, a.Data[i*a.RowStride+k*a.ColStride]), onGrid(rb, b.Data[k*b.RowStride+j*b.ColStride]), sum)
			}
			if e.RowBias != nil {
				sum += e.RowBias[i]
			}
			if e.ColBias != nil {
				sum += e.ColBias[j]
			}
			out[i*b.Cols+j] = onGrid(e.Round, sum)
		}
	}
	return out
}

func onGrid(t tensor.DType, v float32) float32 {
	if t == tensor.Invalid {
		return v
	}
	return tensor.Round(t, v)
}

func TestMultiplyHasTheBitsOfOneChainPerElement(t *testing.T) {
	bothLevels(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		sizes := [][3]int{{1, 1, 1}, {6, 16, 8}, {7, 17, 3}, {5, 300, 33}, {13, 31, 257}, {100, 150, 520}, {1, 1000, 70}, {97, 1, 64},
			{2, 200, 300}, {9, 130, 513}, {8, 64, 1}} // rows that are left over beside panels that are, and sums in several blocks
		for range 30 {
			sizes = append(sizes, [3]int{1 + r.IntN(40), 1 + r.IntN(70), 1 + r.IntN(600)})
		}
		for i, s := range sizes {
			a, b := RowMajor(random(r, s[0]*s[2]), s[0], s[2]), RowMajor(random(r, s[2]*s[1]), s[2], s[1])
			if i%2 == 1 {
				a = RowMajor(a.Data, s[2], s[0]).Transposed()
			}
			if i%3 == 1 {
				b = RowMajor(b.Data, s[1], s[2]).Transposed()
			}
			grids := []tensor.DType{tensor.F32, tensor.BF16, tensor.F16}
			ra, rb, e := grids[i%3], grids[i/3%3], Epilogue{Round: grids[i/9%3]}
			if i%2 == 0 {
				e.RowBias = random(r, s[0])
			}
			if i%5 < 2 {
				e.ColBias = random(r, s[1])
			}
			want := reference(a, b, e, ra, rb)
			for threads := 1; threads <= 3; threads++ {
				w := NewWorkers(threads)
				got := make([]float32, len(want))
				w.Multiply(Factors{Left: []Matrix{a}, Right: []Matrix{b}, LeftOf: []int{0}, RightOf: []int{0}, RoundLeft: ra, RoundRight: rb}, got, e)
				equalBits(t, got, want)
				clear(got)
				w.MultiplyPacked(a, ra, w.PackRight(b, rb), got, e)
				equalBits(t, got, want)
				w.Close()
			}
		}
	})
}

func BenchmarkMultiply(b *testing.B) {
	for _, s := range [][3]int{{1, 768, 768}, {4, 768, 768}, {64, 64, 64}, {128, 768, 768}, {1024, 1024, 1024}} {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("%dx%dx%d-%d", s[0], s[1], s[2], threads), func(b *testing.B) {
				w := NewWorkers(threads)
				defer w.Close()
				r := rand.New(rand.NewPCG(1, 2))
				x := RowMajor(random(r, s[0]*s[2]), s[0], s[2])
				y := w.PackRight(RowMajor(random(r, s[2]*s[1]), s[2], s[1]), tensor.F32)
				out := make([]float32, s[0]*s[1])
				for b.Loop() {
					w.MultiplyPacked(x, tensor.F32, y, out, Epilogue{})
				}
				reportFLOPs(b, 2*s[0]*s[1]*s[2])
			})
		}
	}
}

func reportFLOPs(b *testing.B, perLoop int) {
	b.ReportMetric(float64(perLoop)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}
