package kernel

import (
	"math"
	"math/cmplx"
	"math/rand/v2"
	"testing"
)

// TestFourier compares with the sum that defines the transform, for lengths that are powers of two, products of small primes, and primes
// that gonum alone would be slow on.
func TestFourier(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 3, 8, 60, 127, 131, 257, 262} {
		x, want := make([]complex128, n), make([]complex128, n)
		for i := range x {
			x[i] = complex(rng.NormFloat64(), rng.NormFloat64())
		}
		for k := range want {
			for j, v := range x {
				want[k] += v * cmplx.Rect(1, -2*math.Pi*float64(j*k%n)/float64(n))
			}
		}
		f, got := NewFourier(n), append([]complex128{}, x...)
		f.Forward(got)
		closeTo(t, n, "forward", got, want)
		f.Inverse(got)
		closeTo(t, n, "inverse", got, x)
	}
}

func closeTo(t *testing.T, n int, what string, got, want []complex128) {
	t.Helper()
	for i := range want {
		if cmplx.Abs(got[i]-want[i]) > 1e-11 {
			t.Errorf("%s of %d elements: element %d is %v, want %v", what, n, i, got[i], want[i])
			return
		}
	}
}
