package builtin_test

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"halfway/engine"
	"halfway/engine/builtin"
	"halfway/engine/enginetest"
	"halfway/engine/tensor"
)

// knownCase is a model with known culprits.
type knownCase struct {
	Name, Precision string
	Inputs          []string
	Checks          []struct {
		Output, Metric string
		Tolerance      float64
	}
	Expected struct {
		MinKeep      [][]int `json:"min_keep_f32_sets"`
		MinKeepCount int     `json:"min_keep_f32_count"`
	}
	Curve     []float64
	SameInAll bool `json:"same_in_all_variants"`
}

// TestCandidatesOfCases holds the candidates against the lists of an independent reference: tags and order.
func TestCandidatesOfCases(t *testing.T) {
	eachCase(t, func(t *testing.T, dir string, c knownCase, e *builtin.Engine) {
		var want []string
		readJSON(t, filepath.Join(dir, "enforced.json"), &want)
		list, err := e.Candidates(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range list {
			got = append(got, c.Tag)
		}
		if !slices.Equal(got, want) {
			t.Errorf("candidates\n%q\nwant\n%q", got, want)
		}
	})
}

// TestCurvesOfCases holds the verdict of every CNT against that of an independent reference. It rounds at ports only; where the executors of
// the plugin round less (Sin, Cos, Log, Reduce) and a verdict depends on it, the case says so and is left out here.
func TestCurvesOfCases(t *testing.T) {
	eachCase(t, func(t *testing.T, dir string, c knownCase, e *builtin.Engine) {
		if c.Curve == nil || !c.SameInAll {
			t.Skip("the verdicts depend on the executors")
		}
		list, err := e.Candidates(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		samples := c.samples(t, dir)
		for i, want := range c.Curve {
			got := c.score(t, e, engine.Prefix(list, i-1), samples)
			if (got > 1) != (want > 1) && math.Abs(math.Log(want)) > math.Log(1.2) {
				t.Errorf("CNT=%d: score %.4g, the reference has %.4g", i-1, got, want)
			}
		}
	})
}

func eachCase(t *testing.T, f func(t *testing.T, dir string, c knownCase, e *builtin.Engine)) {
	root := enginetest.Shared(t, "cases")
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		t.Run(entry.Name(), func(t *testing.T) {
			dir := filepath.Join(root, entry.Name())
			var c knownCase
			b, err := os.ReadFile(filepath.Join(dir, "case.json"))
			if err == nil {
				err = json.Unmarshal(b, &c)
			}
			if err != nil {
				t.Fatal(err)
			}
			precision, err := tensor.ParseDType(c.Precision)
			if err != nil {
				t.Fatal(err)
			}
			f(t, dir, c, open(t, filepath.Join(dir, "model.xml"), builtin.Options{View: "plain", Precision: precision, Memory: -1}))
		})
	}
}

func (c knownCase) samples(t *testing.T, dir string) []engine.Sample {
	var r []engine.Sample
	for _, in := range c.Inputs {
		s := engine.Sample{Source: in, Inputs: map[string]*tensor.Tensor{}}
		for _, n := range readNPZ(t, filepath.Join(dir, in)) {
			s.Inputs[n.Name] = n.Tensor
		}
		r = append(r, s)
	}
	return r
}

// score is the largest error over tolerance of all checks and samples, as the cases define it.
func (c knownCase) score(t *testing.T, e *builtin.Engine, set engine.Set, samples []engine.Sample) float64 {
	worst := 0.0
	for _, s := range samples {
		ref, got := run(t, e, engine.Set{}, s), run(t, e, set, s)
		for _, check := range c.Checks {
			for i, o := range ref.Outputs {
				if o.Name == check.Output {
					worst = max(worst, caseError(check.Metric, o.Tensor.F32s(), got.Outputs[i].Tensor.F32s())/check.Tolerance)
				}
			}
		}
	}
	return worst
}

func caseError(metric string, a, b []float32) float64 {
	var difference, square, largest float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		if d := x - y; math.IsNaN(d) || math.IsInf(d, 0) || math.IsNaN(x) || math.IsInf(x, 0) {
			return math.Inf(1)
		}
		difference += (x - y) * (x - y)
		square += x * x
		largest = max(largest, math.Abs(x-y))
	}
	if metric == "max_abs" {
		return largest
	}
	return math.Sqrt(difference) / math.Sqrt(square)
}
