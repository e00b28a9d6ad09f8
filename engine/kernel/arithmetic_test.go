package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestArithmetic compares with the processor's own f32 operations, with NaNs, infinities and zeros of both signs among the elements.
func TestArithmetic(t *testing.T) {
	special := []float32{0, float32(math.Copysign(0, -1)), float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), 1, -1}
	r := rand.New(rand.NewPCG(15, 16))
	functions := map[string]struct {
		f    func(dst, a, b []float32)
		want func(a, b float32) float32
	}{
		"add":      {Add, func(a, b float32) float32 { return a + b }},
		"subtract": {Subtract, func(a, b float32) float32 { return a - b }},
		"multiply": {Multiply, func(a, b float32) float32 { return a * b }},
		"max":      {Max, func(a, b float32) float32 { return pick(a > b, a, b) }},
		"min":      {Min, func(a, b float32) float32 { return pick(a < b, a, b) }},
		"relu":     {func(dst, a, _ []float32) { Relu(dst, a) }, func(a, _ float32) float32 { return pick(a > 0, a, 0) }},
		"clamp": {func(dst, a, _ []float32) { Clamp(dst, a, -0.5, 0.75) }, func(a, _ float32) float32 {
			return pick(a > -0.5, pick(a < 0.75, a, 0.75), -0.5)
		}},
	}
	bothLevels(t, func(t *testing.T) {
		for name, f := range functions {
			for n := range 70 {
				a, b, want := random(r, n), random(r, n), make([]float32, n)
				for i := range n {
					if i%3 == 0 {
						a[i], b[i] = special[r.IntN(len(special))], special[r.IntN(len(special))]
					}
					want[i] = f.want(a[i], b[i])
				}
				got := make([]float32, n)
				f.f(got, a, b)
				t.Run(name, func(t *testing.T) { equalBits(t, got, want) })
			}
		}
	})
}

func pick(c bool, a, b float32) float32 {
	if c {
		return a
	}
	return b
}
