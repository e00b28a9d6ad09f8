package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

var functions = map[string]struct {
	f    func(dst, src []float32)
	want func(float64) float64
}{
	"exp": {Exp, math.Exp}, "log": {Log, math.Log}, "tanh": {Tanh, math.Tanh}, "erf": {Erf, math.Erf},
	"sigmoid": {Sigmoid, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }},
}

// ulps is the distance of got from want in units of the last place of want in f32.
func ulps(got float32, want float64) float64 {
	w := float32(want)
	if got == w || got != got && want != want {
		return 0
	}
	if got != got || want != want || math.IsInf(float64(got), 0) {
		return math.Inf(1)
	}
	_, e := math.Frexp(want)
	return math.Abs(float64(got)-want) / math.Ldexp(1, max(e-24, -149))
}

// TestFunctionsAreWithinTheirBounds goes over one of 1024 bit patterns, spread evenly, with special values among them.
func TestFunctionsAreWithinTheirBounds(t *testing.T) {
	src := bitPatterns(1, 1<<22)
	inf := float32(math.Inf(1))
	src = append(src, 0, float32(math.Copysign(0, -1)), inf, -inf, float32(math.NaN()), math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32, 1, -1,
		88.72283, 88.72284, -87.33655, -103.97208, -103.97209, math.MaxFloat32, 1.1754944e-38, 0.625, 0.92999995, 0.93)
	for i := range 1 << 18 { // where the functions change
		src = append(src, float32(i-1<<17)/(1<<13))
	}
	dst := make([]float32, len(src))
	bothLevels(t, func(t *testing.T) {
		for name, f := range functions {
			f.f(dst, src)
			worst, at := 0.0, float32(0)
			for i, v := range src {
				if d := ulps(dst[i], f.want(float64(v))); d > worst {
					worst, at = d, v
				}
			}
			limit := 2.0
			if name == "sigmoid" {
				limit = 2.5
			}
			if worst > limit {
				t.Errorf("%s(%v) is %v ulp off", name, at, worst)
			}
			t.Logf("%s: at most %.2f ulp, at %v", name, worst, at)
		}
	})
}

func TestFunctionsDoNotDependOnPlace(t *testing.T) {
	src := random(rand.New(rand.NewPCG(5, 6)), 37)
	for name, f := range functions {
		whole, one := make([]float32, len(src)), make([]float32, 1)
		f.f(whole, src)
		for i, v := range src {
			f.f(one, []float32{v})
			if math.Float32bits(one[0]) != math.Float32bits(whole[i]) {
				t.Errorf("%s(%v) alone is %v, as element %d it is %v", name, v, one[0], i, whole[i])
			}
		}
	}
}

func BenchmarkFunctions(b *testing.B) {
	x := random(rand.New(rand.NewPCG(1, 2)), 1<<12)
	y := make([]float32, len(x))
	for name, f := range functions {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(x)) * 4)
			for b.Loop() {
				f.f(y, x)
			}
		})
	}
}
