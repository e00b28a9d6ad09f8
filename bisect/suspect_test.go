package bisect

import (
	"context"
	"fmt"
	"math"
	"testing"

	"halfway/compare"
	"halfway/engine"
	"halfway/engine/tensor"
)

// A network is a chain of nodes of one output. Enforcing a node adds its error to the output; where the next one is enforced too, its shared error.
type network struct {
	errors, shared map[int]float64
	name           string // of its output
	nodes          string // what its nodes' names begin with
}

const chain = 8

func (e *network) Candidates(context.Context) ([]engine.Candidate, error) {
	var list []engine.Candidate
	for i := range chain {
		name := fmt.Sprint(e.nodes, i)
		c := engine.Candidate{Index: i, Tag: "Op@" + name, Type: "Op", Name: name, MACs: 1, Bytes: 1, Unit: i}
		if i > 0 {
			c.Preds = []int{i - 1}
		}
		list = append(list, c)
	}
	return list, nil
}

func (e *network) Run(_ context.Context, set engine.Set, _ engine.Sample) (engine.Observation, error) {
	y := []float32{3, 4}
	for i := range chain {
		if set.Has(i) {
			y[i%2] += float32(e.errors[i])
		}
		if set.Has(i) && set.Has(i+1) {
			y[i%2] += float32(e.shared[i])
		}
	}
	return engine.Observation{Outputs: []engine.Output{{Name: e.name, Tensor: tensor.Of(tensor.F32, y, 2)}}, Work: 1}, nil
}

// TestKernelsUnderSuspicion confirms a repair of node 2 in a runtime whose node 5 has an error of its own.
func TestKernelsUnderSuspicion(t *testing.T) {
	rule, err := compare.ParseRule("rel-l2<=0.1")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		first   network
		runtime network
		want    string // the suspect
		err     float64
	}{
		{"the same errors", network{errors: map[int]float64{2: 5}}, network{errors: map[int]float64{2: 5}}, "", 0},
		{"a broken kernel", network{errors: map[int]float64{2: 5, 5: 0.01}}, network{errors: map[int]float64{2: 5, 5: 2}}, "Op@n5", 2. / 5},
		{"a broken kernel of a node that does not round", network{errors: map[int]float64{2: 5}}, network{errors: map[int]float64{2: 5, 5: 2}}, "Op@n5", 2. / 5},
		{"a kernel that makes what is not finite", network{errors: map[int]float64{2: 5}}, network{errors: map[int]float64{2: 5, 5: math.Inf(1)}}, "Op@n5",
			math.Inf(1)},
		{"an error three times as large", network{errors: map[int]float64{2: 5, 5: 0.4}}, network{errors: map[int]float64{2: 5, 5: 1.2}}, "", 0},
		{"large, but within the rules", network{errors: map[int]float64{2: 5, 5: 0.001}}, network{errors: map[int]float64{2: 5, 5: 0.4}}, "", 0},
		{"rounding that the first engine has at the next node", network{errors: map[int]float64{2: 5}, shared: map[int]float64{5: 1}},
			network{errors: map[int]float64{2: 5, 5: 2}}, "", 0},
		{"other names", network{errors: map[int]float64{2: 5}}, network{errors: map[int]float64{2: 5, 5: 2}, nodes: "other"}, "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.first.name, c.runtime.name = "y", "y"
			if c.first.nodes = "n"; c.runtime.nodes == "" {
				c.runtime.nodes = "n"
			}
			config := Config{Engine: &c.first, Samples: []engine.Sample{{Source: "0"}}, Judge: NewRules([]compare.Rule{rule})}
			found, err := Search(context.Background(), config)
			if err != nil {
				t.Fatal(err)
			}
			warned := len(found.Warnings)
			r, _, err := Confirm(context.Background(), found, config, func() (*Mode, error) { return &Mode{Engine: &c.runtime}, nil })
			if err != nil {
				t.Fatal(err)
			}
			got, size := "", 0.0
			for _, s := range r.Confirmed.Suspects {
				got, size = got+s.Tag, float64(s.Error)
			}
			if got != c.want || math.Abs(size-c.err) > 1e-6 {
				t.Errorf("suspects %+v, want %q with the error %v", r.Confirmed.Suspects, c.want, c.err)
			}
			if c.want != "" && len(r.Warnings) == warned {
				t.Error("nothing is said")
			}
		})
	}
}
