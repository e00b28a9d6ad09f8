package bisect

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"halfway/compare"
	"halfway/engine"
	"halfway/engine/tensor"
)

func observed(values ...float32) engine.Observation {
	return engine.Observation{Outputs: []engine.Output{{Name: "y", Tensor: tensor.Of(tensor.F32, values, len(values))}}}
}

func metric(v float64) engine.Observation { return engine.Observation{Metric: &v} }

func exit(status int) engine.Observation { return engine.Observation{Status: &status} }

func TestJudges(t *testing.T) {
	rule, err := compare.ParseRule("max-abs<=0.5")
	if err != nil {
		t.Fatal(err)
	}
	inf := float32(math.Inf(1))
	rules := NewRules([]compare.Rule{rule})
	program := NewProgram("diff", func(_ int, ref, got []engine.Output) (int, error) {
		switch d := got[0].Tensor.F32s()[0] - ref[0].Tensor.F32s()[0]; {
		case d == 0:
			return 0, nil
		case d < 0:
			return 0, errors.New("no such file")
		default:
			return int(d), nil
		}
	})
	for _, tt := range []struct {
		name    string
		judge   Judge
		o       engine.Observation
		verdict Verdict // "" for an error
		ratio   float64
	}{
		{"within the rule", rules, observed(1, 2.25), Pass, 0.5},
		{"outside", rules, observed(1, 3), Accuracy, 2},
		{"not finite", rules, observed(1, inf), NonFinite, math.Inf(1)},
		{"another shape", rules, observed(1), Accuracy, math.Inf(1)},
		{"no output", rules, engine.Observation{}, "", 0},
		{"the default", NewRules(nil), observed(1, 2.25), Accuracy, 1.118034},
		{"at most", NewLimit(false, 2), metric(1), Pass, 0.5},
		{"more than at most", NewLimit(false, 2), metric(3), Accuracy, 1.5},
		{"at least", NewLimit(true, 2), metric(4), Pass, 0.5},
		{"less than at least", NewLimit(true, 2), metric(1), Accuracy, 2},
		{"at least 0 of a negative number", NewLimit(true, 0), metric(-1), Accuracy, math.Inf(1)},
		{"no number", NewLimit(true, 0), observed(1), Skipped, 0},
		{"not a number", NewLimit(true, 0), metric(math.NaN()), NonFinite, math.Inf(1)},
		{"status 0", NewStatus(), exit(0), Pass, 0},
		{"status 1", NewStatus(), exit(1), Accuracy, math.Inf(1)},
		{"status 125", NewStatus(), exit(125), Skipped, 0},
		{"no status", NewStatus(), observed(1), Skipped, 0},
		{"a program's 0", program, observed(1), Pass, 0},
		{"a program's 1", program, observed(2), Accuracy, math.Inf(1)},
		{"a program's 124", program, observed(125), Accuracy, math.Inf(1)},
		{"a program's 125", program, observed(126), Skipped, 0},
		{"a program that is not executable", program, observed(127), "", 0},
		{"a program that is not found", program, observed(128), "", 0},
		{"a program that was killed", program, observed(138), "", 0},
		{"a program that cannot be run", program, observed(0), "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b, err := tt.judge.Bind([]engine.Observation{observed(1, 2)})
			if err != nil {
				t.Fatal(err)
			}
			j, err := b.Judge(0, tt.o)
			if (err != nil) != (tt.verdict == "") || j.Verdict != tt.verdict {
				t.Fatalf("%+v, %v", j, err)
			}
			if math.Abs(j.Ratio-tt.ratio) > 1e-6 && j.Ratio != tt.ratio {
				t.Errorf("ratio %v, want %v", j.Ratio, tt.ratio)
			}
			if len(b.Accept()) != 1 {
				t.Errorf("accept %q", b.Accept())
			}
		})
	}
}

// TestJudgedByProgram searches a network of one output by a program's exit status, against a reference from outside.
func TestJudgedByProgram(t *testing.T) {
	e := &tensors{oracle{n: 30, error: anyOf(11)}}
	c := Config{Engine: e, Samples: []engine.Sample{{Source: "0"}}, Exhaustive: Never, Reference: [][]engine.Output{observed(0).Outputs},
		Judge: NewProgram("./judge.py", func(_ int, ref, got []engine.Output) (int, error) {
			if got[0].Tensor.F32s()[0] > ref[0].Tensor.F32s()[0]+1 {
				return 1, nil
			}
			return 0, nil
		})}
	r := search1(t, c)
	command, ok := JudgedBy(r.Accept)
	if r.Outcome != Found || r.First.Count != 11 || !ok || command != "./judge.py" {
		t.Errorf("%+v", r)
	}
	if command, ok := JudgedBy([]string{"sqnr>=20"}); ok {
		t.Errorf("a rule is taken for the program %q", command)
	}
}

// tensors gives its error as an output.
type tensors struct{ oracle }

func (e *tensors) Run(ctx context.Context, set engine.Set, s engine.Sample) (engine.Observation, error) {
	r, err := e.oracle.Run(ctx, set, s)
	if err == nil {
		r.Outputs, r.Metric = observed(float32(*r.Metric)).Outputs, nil
	}
	return r, err
}

func TestReferenceErrors(t *testing.T) {
	e := &tensors{oracle{n: 3, error: anyOf(1)}}
	rule, _ := compare.ParseRule("z:max-abs<=1")
	for _, tt := range []struct {
		name string
		c    Config
		want string
	}{
		{"a rule about no output", Config{Judge: NewRules([]compare.Rule{rule})}, `there is no output "z"`},
		{"too few references", Config{Reference: [][]engine.Output{}}, "0 reference outputs for 1 samples"},
	} {
		tt.c.Engine, tt.c.Samples = e, []engine.Sample{{Source: "0"}}
		if _, err := Search(t.Context(), tt.c); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
