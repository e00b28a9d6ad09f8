package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// oddValues are random values among which are all that is special.
func oddValues(r *rand.Rand, n int) []float32 {
	special := []float32{0, float32(math.Copysign(0, -1)), float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), math.MaxFloat32, 0.5, 1.5, -0.5, -2.5, 254.5,
		255.5, 127.5, -128.5, 1e-40, 3, -3}
	x := random(r, n)
	for i := range x {
		switch r.IntN(4) {
		case 0:
			x[i] = special[r.IntN(len(special))]
		case 1:
			x[i] *= 200
		}
	}
	return x
}

// TestFunctionsOfElementsHaveTheBitsOfOneAtATime compares slices of all lengths with what is computed element by element.
func TestFunctionsOfElementsHaveTheBitsOfOneAtATime(t *testing.T) {
	bothLevels(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for n := range 70 {
			src, got := oddValues(r, n), make([]float32, n)
			check := func(name string, of func(x float32) float32) {
				t.Helper()
				want := make([]float32, n)
				for i, v := range src {
					want[i] = of(v)
				}
				t.Run(fmt.Sprintf("%s/%d", name, n), func(t *testing.T) { equalBits(t, got, want) })
			}
			ScaleShift(got, src, 0.3, -2)
			check("scale and shift", func(x float32) float32 { return float32(0.3*x) - 2 })
			HSwish(got, src)
			check("HSwish", func(x float32) float32 {
				gate := float32(x*(1.0/6)) + 0.5
				if !(gate > 0) {
					gate = 0
				}
				return x * min(gate, 1)
			})
			q := Quantizer{-1.5, 2.5, 63.7, 95.6, 0.0157, -1.5}
			Quantize(got, src, &q)
			check("quantize", func(x float32) float32 {
				if !(x >= q.Low) {
					x = q.Low
				}
				if x > q.High {
					x = q.High
				}
				level := float32(math.RoundToEven(float64(fma(x, q.InScale, q.InShift))))
				return fma(level, q.OutScale, q.OutShift)
			})
			unsigned, signed := make([]uint8, n), make([]int8, n)
			RoundToUnsigned(unsigned, src)
			FloatsOfUnsigned(got, unsigned)
			check("unsigned", func(x float32) float32 { return float32(math.RoundToEven(min(max(orZero(x), 0), 255))) })
			RoundToSigned(signed, src)
			FloatsOfSigned(got, signed)
			check("signed", func(x float32) float32 { return float32(math.RoundToEven(min(max(orZero(x), -128), 127))) + 0 })
		}
	})
}

func orZero(x float32) float64 {
	if x != x {
		return 0
	}
	return float64(x)
}

func TestLargest(t *testing.T) {
	bothLevels(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		for n := 1; n < 70; n++ {
			x := random(r, n)
			want := float32(math.Inf(-1))
			for _, v := range x {
				want = max(want, v)
			}
			if got := Largest(x); got != want {
				t.Errorf("the largest of %d is %v, want %v", n, got, want)
			}
		}
	})
}
