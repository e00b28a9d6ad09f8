package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"halfway/engine/tensor"
)

// bitPatterns returns n bit patterns of f32, spread over all of them by a step that is coprime to 2^32, from start on.
func bitPatterns(start uint32, n int) []float32 {
	const step = 0x9e3779b1
	x := make([]float32, n)
	for i := range x {
		x[i] = math.Float32frombits(start)
		start += step
	}
	return x
}

// TestRoundEqualsTheScalarRounding goes over one of 128 bit patterns, spread evenly; with 1<<12 chunks it goes over all.
func TestRoundEqualsTheScalarRounding(t *testing.T) {
	w := NewWorkers(2)
	defer w.Close()
	const chunk = 1 << 20
	chunks := 1 << 5
	if testing.Short() {
		chunks = 1 << 3
	}
	for _, grid := range []tensor.DType{tensor.BF16, tensor.F16} {
		dst := make([]float32, chunk+5)
		for c := range chunks {
			src := bitPatterns(uint32(c)*0x9e3779b1*chunk, chunk+5)
			w.Round(dst, src, grid)
			for i, v := range src {
				want := tensor.Round(grid, v)
				if math.Float32bits(dst[i]) != math.Float32bits(want) {
					t.Fatalf("%v rounds %v (%#x) to %#x, want %#x", grid, v, math.Float32bits(v), math.Float32bits(dst[i]), math.Float32bits(want))
				}
			}
		}
	}
}

func TestRoundsNothing(t *testing.T) {
	bothLevels(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for _, grid := range []tensor.DType{tensor.BF16, tensor.F16} {
			for _, n := range []int{0, 1, 7, 8, 33, 5000, 20001} {
				x := random(r, n)
				RoundTo(x, grid)
				if !RoundsNothing(x, grid) {
					t.Errorf("%v: rounding %d rounded elements again changes something", grid, n)
				}
				if n == 0 {
					continue
				}
				i := r.IntN(n)
				x[i] = math.Float32frombits(math.Float32bits(x[i]) ^ 1)
				if RoundsNothing(x, grid) {
					t.Errorf("%v: element %d of %d is off the grid unnoticed", grid, i, n)
				}
			}
		}
	})
}

func BenchmarkRound(b *testing.B) {
	w := NewWorkers(1)
	defer w.Close()
	for _, grid := range []tensor.DType{tensor.BF16, tensor.F16} {
		x := random(rand.New(rand.NewPCG(1, 2)), 1<<14)
		b.Run(grid.String(), func(b *testing.B) {
			b.SetBytes(int64(len(x)) * 4)
			for b.Loop() {
				w.Round(x, x, grid)
			}
		})
		b.Run(grid.String()+"-test", func(b *testing.B) {
			b.SetBytes(int64(len(x)) * 4)
			for b.Loop() {
				RoundsNothing(x, grid)
			}
		})
	}
}
