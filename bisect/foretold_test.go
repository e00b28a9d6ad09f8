package bisect

import (
	"math"
	"slices"
	"testing"

	"halfway/engine"
)

// TestForetold has three chains of nodes, each of which rounds the same value: where it begins, in the middle, which only passes it on and has no
// share while the first is enforced too, and where it ends. The forecast names begin and end. A right forecast makes it two probes until the
// smallest set is known; a forecast of other nodes costs few.
func TestForetold(t *testing.T) {
	const n = 400
	chains := []int{50, 180, 333}
	truth, wrong := make([]float64, n), make([]float64, n)
	for i := range truth {
		truth[i] = 1e-6
	}
	for _, c := range chains {
		truth[c], truth[c+1], truth[c+2] = 4, 0, 4
		wrong[c+7], wrong[c+20] = 4, 4
	}
	o := &oracle{n: n, keyed: true, error: func(set engine.Set) float64 {
		sum := 0.0
		for _, p := range set.Positions() {
			sum += truth[p]
		}
		for _, c := range chains {
			if set.Has(c+1) && !set.Has(c) {
				sum += 4
			}
		}
		return math.Sqrt(sum)
	}, candidate: func(i int, c *engine.Candidate) {
		if i > 0 {
			c.Preds = []int{i - 1}
		}
	}}
	want := []int{50, 51, 52, 180, 181, 182, 333, 334, 335}
	probes := map[string]int{}
	for name, shares := range map[string][]float64{"right": truth, "wrong": wrong, "none": nil} {
		c := config(o)
		if shares != nil {
			c.Engine = &foreseen{o, shares}
		}
		before := 0
		c.Progress = func(e Event) {
			if e.Stage == StageCulprits && before == 0 {
				before = e.Probes
			} else if e.Stage == StageCulprits {
				probes[name] = e.Probes - before
			}
		}
		r := search1(t, c)
		if !slices.Equal(keptOf(r), want) || !r.Proven.KeepF32 {
			t.Errorf("%s: keeps %v, want %v", name, keptOf(r), want)
		}
		if name == "right" && r.ForwardPasses.KeepF32 > r.ForwardPasses.First+2 {
			t.Errorf("known after %v passes, the first node after %v", r.ForwardPasses.KeepF32, r.ForwardPasses.First)
		}
	}
	if probes["right"] > 2*len(want)+2 || probes["wrong"] > probes["none"]+2 {
		t.Errorf("probes for the culprits: %v", probes)
	}
}
