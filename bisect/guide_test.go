package bisect

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"halfway/engine"
)

// foreseen is an oracle that forecasts.
type foreseen struct {
	*oracle
	shares []float64
}

func (f *foreseen) Predict(context.Context, engine.Set, engine.Sample) (engine.Forecast, error) {
	return engine.Forecast{Shares: func(func(string) float64) []float64 { return f.shares }}, nil
}

// energies is a network whose error is the root of the sum of the energies that nodes add.
func energies(add []float64) func(engine.Set) float64 {
	return func(set engine.Set) float64 {
		sum := 0.0
		for _, p := range set.Positions() {
			sum += add[p]
		}
		return math.Sqrt(sum)
	}
}

// TestGuide counts the probes of the first node where the forecast is right, off by factors, without a relation to the truth, and where it
// names another node. The better the forecast, the fewer probes; a wrong
// one costs two more than halving does.
func TestGuide(t *testing.T) {
	const n, repeats = 1000, 50
	for _, tt := range []struct {
		name     string
		forecast func(random *rand.Rand, truth []float64) []float64
		most     float64 // probes on average, those of the ends included
	}{
		{"right", func(_ *rand.Rand, truth []float64) []float64 { return truth }, 6},
		{"off by factors", func(random *rand.Rand, truth []float64) []float64 {
			return each(truth, func(x float64) float64 { return x * math.Exp(random.NormFloat64()/2) })
		}, 6},
		{"no relation", func(random *rand.Rand, truth []float64) []float64 {
			return each(truth, func(float64) float64 { return random.Float64() })
		}, 8},
		{"another node", func(random *rand.Rand, truth []float64) []float64 {
			shares := make([]float64, n)
			shares[random.IntN(n)] = 1
			return shares
		}, 12},
		{"nothing at all", func(*rand.Rand, []float64) []float64 { return make([]float64, n) }, 10},
	} {
		probes := 0
		for r := range repeats {
			random := rand.New(rand.NewPCG(uint64(r), 5))
			truth := make([]float64, n)
			for i := range truth {
				truth[i] = random.ExpFloat64() / 100
			}
			truth[random.IntN(n)] = 4
			o := &oracle{n: n, keyed: true, error: energies(truth)}
			c := config(o)
			c.Engine = &foreseen{o, tt.forecast(random, truth)}
			s := newSearch(context.Background(), c)
			for _, step := range []func() error{s.prepare, s.ends} {
				if err := step(); err != nil {
					t.Fatal(err)
				}
			}
			before := s.probes
			k, ok, err := s.bisection().edge(-1, n-1)
			if err != nil || !ok || k != firstBad(o) {
				t.Fatalf("%s: found %d, %v, %v; want %d", tt.name, k, ok, err, firstBad(o))
			}
			if s.probes-before > ceilLog2(n)+extra {
				t.Errorf("%s: %d probes", tt.name, s.probes-before)
			}
			probes += s.probes - before
		}
		t.Logf("%s: %.1f probes", tt.name, float64(probes)/repeats)
		if float64(probes)/repeats > tt.most {
			t.Errorf("%s: %.1f probes on average, want at most %v", tt.name, float64(probes)/repeats, tt.most)
		}
	}
}

func each(x []float64, f func(float64) float64) []float64 {
	r := make([]float64, len(x))
	for i := range x {
		r[i] = f(x[i])
	}
	return r
}
