package bisect

import (
	"context"
	"math/rand/v2"
	"testing"

	"halfway/engine"
	"halfway/engine/tensor"
	"halfway/patterns"
)

func check1(t *testing.T, c Config) *CheckResult {
	t.Helper()
	neg := "@n3$"
	r, err := Check(t.Context(), c, patterns.Settings{Neg: &neg})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// printing is an oracle that shows its error as an output.
type printing struct{ *oracle }

func (p printing) Run(ctx context.Context, set engine.Set, s engine.Sample) (engine.Observation, error) {
	o, err := p.oracle.Run(ctx, set, s)
	if err == nil {
		o.Outputs = []engine.Output{{Name: "error", Tensor: tensor.Of(tensor.F64, []float64{*o.Metric}, 1)}}
	}
	return o, err
}

// TestCheckRuns counts the runs that two verdicts take, nothing enforced and the settings, by what is known of the engine.
func TestCheckRuns(t *testing.T) {
	for _, tt := range []struct {
		name   string
		engine func(o *oracle) engine.Engine
		keyed  bool
		runs   int
	}{
		{"vouches for its bits", func(o *oracle) engine.Engine { return o }, true, 2},
		{"shows the same outputs again", func(o *oracle) engine.Engine { return printing{o} }, false, 4},
		{"shows a number only", func(o *oracle) engine.Engine { return o }, false, 16},
	} {
		o := &oracle{n: 10, error: anyOf(3, 7), keyed: tt.keyed}
		c := config(o)
		c.Engine = tt.engine(o)
		if r := check1(t, c); r.Verdict != Accuracy || r.Baseline.Verdict != Pass || len(r.Samples) != 1 {
			t.Errorf("%s: %s, baseline %s", tt.name, r.Verdict, r.Baseline.Verdict)
		}
		if o.runs != tt.runs {
			t.Errorf("%s: %d runs, want %d", tt.name, o.runs, tt.runs)
		}
	}
}

// TestCheckOfFlakyRuns: one wrong run in ten does not lead to a wrong verdict.
func TestCheckOfFlakyRuns(t *testing.T) {
	for seed := range uint64(2000) {
		for _, broken := range []bool{false, true} {
			o := &oracle{n: 10, error: anyOf(3), flip: 0.1, random: rand.New(rand.NewPCG(seed, 1))}
			if broken {
				o.error = anyOf(7)
			}
			r := check1(t, config(o))
			if r.Verdict.Answered() && r.Verdict.Bad() != broken {
				t.Fatalf("seed %d: %s, broken in truth: %v", seed, r.Verdict, broken)
			}
		}
	}
}
