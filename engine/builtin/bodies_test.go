package builtin_test

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"halfway/engine"
	"halfway/engine/builtin"
	"halfway/engine/tensor"
)

// TestBodiesAndState runs the models of testdata/bodies, whose outputs are those of OpenVINO's CPU plugin: If, TensorIterator, Loop, and a state that
// the inferences of a sample share. Each model runs twice with and without a memo, which must change no bit.
func TestBodiesAndState(t *testing.T) {
	models, err := filepath.Glob("testdata/bodies/*.xml")
	if err != nil || len(models) == 0 {
		t.Fatalf("no models: %v", err)
	}
	for _, path := range models {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".xml"), func(t *testing.T) {
			arrays := map[string]*tensor.Tensor{}
			for _, n := range readNPZ(t, strings.TrimSuffix(path, ".xml")+".npz") {
				arrays[n.Name] = n.Tensor
			}
			keys := map[string]bool{}
			for _, memory := range []int64{0, -1, 100} {
				e := open(t, path, builtin.Options{Memory: memory})
				s := bodySample(path, arrays, e)
				for range 2 {
					o := run(t, e, engine.Set{}, s)
					keys[o.Key] = true
					compareSteps(t, o, arrays, len(s.Then)+1)
				}
			}
			if len(keys) != 1 {
				t.Errorf("%d different results", len(keys))
			}
		})
	}
}

func bodySample(path string, arrays map[string]*tensor.Tensor, e *builtin.Engine) engine.Sample {
	s := engine.Sample{Source: path}
	for step := 0; ; step++ {
		inputs := map[string]*tensor.Tensor{}
		for i, name := range e.Inputs() {
			if a := arrays[fmt.Sprintf("step_%d/input_%d", step, i)]; a != nil {
				inputs[name] = a
			} else if step == 0 && arrays[fmt.Sprintf("input_%d", i)] != nil {
				inputs[name] = arrays[fmt.Sprintf("input_%d", i)]
			}
		}
		switch {
		case len(inputs) == 0:
			return s
		case step == 0:
			s.Inputs = inputs
		default:
			s.Then = append(s.Then, inputs)
		}
	}
}

func compareSteps(t *testing.T, o engine.Observation, arrays map[string]*tensor.Tensor, steps int) {
	t.Helper()
	perStep := len(o.Outputs) / steps
	for i, out := range o.Outputs {
		want := arrays[fmt.Sprintf("output_%d", i)]
		if steps > 1 {
			want = arrays[fmt.Sprintf("step_%d/output_%d", i/perStep, i%perStep)]
		}
		if fmt.Sprint(want.Shape) != fmt.Sprint(out.Tensor.Shape) {
			t.Fatalf("output %d has shape %v, OpenVINO's %v", i, out.Tensor.Shape, want.Shape)
		}
		for k, d := range difference(out.Tensor, want) {
			if !(math.Abs(d) <= 1e-6*math.Max(1, math.Abs(float64(want.F32s()[k])))) {
				t.Errorf("output %d, element %d: %v, OpenVINO has %v", i, k, out.Tensor.F32s()[k], want.F32s()[k])
			}
		}
	}
}

// TestCandidatesInBodies: each body is a graph of its own with its own counter.
func TestCandidatesInBodies(t *testing.T) {
	e := open(t, "testdata/bodies/iterator.xml", builtin.Options{})
	list, err := e.Candidates(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	counters := map[string]int{}
	for _, c := range list {
		if c.Index != counters[c.Graph] {
			t.Errorf("candidate %s of graph %q has index %d, want %d", c.Tag, c.Graph, c.Index, counters[c.Graph])
		}
		counters[c.Graph]++
	}
	if counters["/loop"] != 1 {
		t.Errorf("candidates by graph: %v, want the product in the body of /loop", counters)
	}
}
