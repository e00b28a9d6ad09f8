package bisect

import (
	"slices"
	"testing"

	"halfway/engine"
)

// TestObjective has two repairs: one unit of much work, or two of little.
func TestObjective(t *testing.T) {
	for objective, want := range map[string][]int{"size": {5}, "cost": {8, 11}} {
		o := &oracle{n: 20, keyed: true, error: sumOf(map[int]float64{5: 0.8, 8: 0.4, 11: 0.4}), candidate: func(i int, c *engine.Candidate) {
			if i == 5 {
				c.MACs = 1000
			}
		}}
		c := config(o)
		c.Objective = objective
		if r := search1(t, c); !slices.Equal(keptOf(r), want) {
			t.Errorf("%s: keeps %v, want %v", objective, keptOf(r), want)
		}
	}
}

// TestHarmUndone has a node that does harm unless a later one is enforced too: keeping neither, or the first, repairs.
func TestHarmUndone(t *testing.T) {
	o := &oracle{n: 30, keyed: true, error: bad(func(set engine.Set) bool { return set.Has(4) && !set.Has(9) || set.Has(20) })}
	r := search1(t, config(o))
	checkMinimal(t, o, r)
	if r.Outcome != Found || r.First.Count != 4 && r.First.Count != 20 || len(r.KeepF32) > 2 {
		t.Errorf("outcome %s, first %d, keeps %v", r.Outcome, r.First.Count, keptOf(r))
	}
	c := config(o)
	c.Exhaustive = Always
	if r = search1(t, c); r.First.Count != 4 || len(r.First.Crossings) != 3 || !slices.Equal(keptOf(r), []int{20}) {
		t.Errorf("first %d, crossings %v, keeps %v", r.First.Count, r.First.Crossings, keptOf(r))
	}
}

// TestIdleUnitsAreNotBlamed has many units that change no bit: they are neither kept nor, once scanned, looked into.
func TestIdleUnitsAreNotBlamed(t *testing.T) {
	const n = 300
	o := &oracle{n: n, keyed: true, error: func(set engine.Set) float64 {
		e := 0.0
		for i := 0; i < n; i += 30 {
			if set.Has(i) {
				e += 0.15
			}
		}
		return e
	}}
	c := config(o)
	c.Exhaustive = Always
	r := search1(t, c)
	checkMinimal(t, o, r)
	for _, i := range keptOf(r) {
		if i%30 != 0 {
			t.Errorf("keeps %d, which does nothing", i)
		}
	}
	if len(r.KeepF32) != 4 || r.Probes > n+120 {
		t.Errorf("keeps %v after %d probes", keptOf(r), r.Probes)
	}
}

// TestInertIsNotProbed scans a network most of whose nodes are inert as the engine knows: their CNTs count as answered without a probe, and they
// are not kept.
func TestInertIsNotProbed(t *testing.T) {
	const n = 300
	shares := map[int]float64{}
	for i := 0; i < n; i += 30 {
		shares[i] = 0.15
	}
	o := &oracle{n: n, error: sumOf(shares), candidate: func(i int, c *engine.Candidate) { c.Inert = i%30 != 0 }}
	c := config(o)
	c.Exhaustive = Always
	r := search1(t, c)
	checkMinimal(t, o, r)
	if !r.First.Smallest || r.First.Count != 180 || len(r.Curve) != n+1 || len(r.KeepF32) != 4 || o.runs > n {
		t.Errorf("first %+v, %d points, keeps %v, %d runs", r.First, len(r.Curve), keptOf(r), o.runs)
	}
}

func TestNoCandidates(t *testing.T) {
	if r := search1(t, config(&oracle{n: 0, keyed: true, error: anyOf()})); r.Outcome != NothingBreaks || len(r.Warnings) != 1 {
		t.Errorf("outcome %s, warnings %q", r.Outcome, r.Warnings)
	}
}

func TestProbabilisticUpdate(t *testing.T) {
	needed := []float64{0.5, 0.5, 0.25}
	update([]int{0, 1}, needed) // one of two coins is heads: each is with 2/3
	if got := needed; got[0] != 0.5/0.75 || got[1] != 0.5/0.75 || got[2] != 0.25 {
		t.Errorf("%v", got)
	}
	if drop := chooseDrop([]int{0, 1, 2}, []float64{0.1, 0.9, 0.1}); !slices.Equal(drop, []int{0, 2}) { // 0.9, 1.62, 0.243
		t.Errorf("drops %v", drop)
	}
}
