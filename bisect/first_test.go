package bisect

import (
	"slices"
	"strconv"
	"testing"

	"halfway/engine"
	"halfway/patterns"
)

// prefixes makes a network whose verdict depends on the length of the prefix alone: bad from each of the given CNTs to the next.
func prefixes(n int, crossings ...int) func(engine.Set) float64 {
	return bad(func(set engine.Set) bool {
		is := false
		for _, c := range crossings {
			if set.Len() > c {
				is = !is
			}
		}
		return is
	})
}

// TestCurvesThatTurn has the curve of a real network: seven changes of verdict, the first at CNT 2, where plain bisection ends at 97.
func TestCurvesThatTurn(t *testing.T) {
	crossings := []int{2, 9, 40, 41, 77, 80, 97}
	o := &oracle{n: 120, error: prefixes(120, crossings...), keyed: true}
	c := config(o)
	c.Exhaustive = Always
	r := search1(t, c)
	if r.First == nil || r.First.Count != 2 || !r.First.Smallest || r.First.Kind != "interacting" {
		t.Fatalf("first %+v", r.First)
	}
	var got []int
	for _, x := range r.First.Crossings {
		got = append(got, x.Count)
	}
	if !slices.Equal(got, crossings) || len(r.Curve) != 121 {
		t.Errorf("crossings %v, %d points", got, len(r.Curve))
	}
	c.Exhaustive = Never
	if r = search1(t, c); r.First.Smallest || !r.Proven.First {
		t.Errorf("without a scan: %+v", r.First)
	}
}

// TestSuspects looks for failures below the first node where errors come near the tolerance, without probing all.
func TestSuspects(t *testing.T) {
	o := &oracle{n: 4000, keyed: true, error: func(set engine.Set) float64 {
		switch n := set.Len(); {
		case n == 0:
			return 0
		case n > 3000:
			return 5
		case n > 500 && n < 1500: // rises to 1.2 in the middle
			return 1.2 - float64(max(1000-n, n-1000))/2000
		default:
			return 0.01 + float64(n)/1e6
		}
	}}
	c := config(o)
	c.Engine = &slow{o}
	c.Exhaustive = Auto
	r := search1(t, c)
	if r.First == nil || r.First.Count > 1000 || !r.Proven.First || r.First.Smallest {
		t.Errorf("first %+v after %d probes", r.First, r.Probes)
	}
}

// slow predicts that a probe takes half a second.
type slow struct{ *oracle }

func (s *slow) Seconds(probes int, _ []engine.Sample) float64 { return float64(probes) / 2 }

func TestKinds(t *testing.T) {
	for _, tt := range []struct {
		name  string
		error func(engine.Set) float64
		want  string
	}{
		{"alone", anyOf(7), "monotone"},
		{"together", allOf(3, 7), "interacting"},
		{"undone later", prefixes(20, 4, 9, 12), "interacting"},
		{"shares", sumOf(map[int]float64{1: 0.4, 3: 0.4, 7: 0.4, 9: 0.4}), "accumulated"},
	} {
		if r := search1(t, config(&oracle{n: 20, error: tt.error, keyed: true})); r.First.Kind != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, r.First.Kind, tt.want)
		}
	}
}

// TestEffect tells whether a first node changes how its unit computes, or only how it writes.
func TestEffect(t *testing.T) {
	for node, want := range map[int]string{4: "compute", 5: "output"} {
		o := &oracle{n: 20, error: anyOf(node), keyed: true, candidate: func(i int, c *engine.Candidate) { c.Unit = i / 2 * 2 }}
		r := search1(t, config(o))
		if r.First.Count != node || r.First.Effect != want || !slices.Equal(r.First.Unit, []Tag{"Op@n4", "Op@n5"}) {
			t.Errorf("node %d: %+v", node, r.First)
		}
		if !slices.Equal(keptOf(r), []int{4, 5}) || r.Units != 10 {
			t.Errorf("node %d: keeps %v", node, keptOf(r))
		}
	}
}

// TestGraphs counts the nodes of every graph by themselves: CNT=2 adds one of each, and only one is to blame.
func TestGraphs(t *testing.T) {
	o := &oracle{n: 10, error: anyOf(7), keyed: true, candidate: func(i int, c *engine.Candidate) {
		if c.Index = i; i >= 5 {
			c.Graph, c.Index = "loop", i-5
		}
	}}
	r := search1(t, config(o))
	if f := r.First; f.Count != 2 || f.Graph != "loop" || f.Tag != "Op@n7" || len(r.KeepF32) != 1 || r.KeepF32[0].Graph != "loop" {
		t.Errorf("first %+v, keeps %+v", r.First, r.KeepF32)
	}
}

// TestUniverse restricts the search: CNT counts what is admitted, the others stay f32 and are not listed as kept.
func TestUniverse(t *testing.T) {
	neg := "n[0-4]$"
	o := &oracle{n: 10, error: anyOf(3, 7), keyed: true}
	c := config(o)
	c.Universe = patterns.Settings{Neg: &neg}
	r := search1(t, c)
	if r.First.Count != 2 || r.First.Tag != "Op@n7" || !slices.Equal(keptOf(r), []int{7}) {
		t.Errorf("first %+v, keeps %v", r.First, keptOf(r))
	}
	if r.Verified.Enforced != 4 || r.Verified.Verdict != Pass {
		t.Errorf("verified %+v", r.Verified)
	}
	active := r.Settings.Active()
	var tags []string
	for i := range 10 {
		tags = append(tags, "Op@n"+strconv.Itoa(i))
	}
	if got, err := active.Select(tags); err != nil || slices.Index(got, true) != 5 || got[7] {
		t.Errorf("settings select %v, %v", got, err)
	}
}

// TestClosure keeps what has to be kept along, and says so.
func TestClosure(t *testing.T) {
	o := &oracle{n: 10, error: anyOf(3), keyed: true, candidate: func(i int, c *engine.Candidate) {
		if i == 3 {
			c.Closure = []int{5}
		}
	}}
	r := search1(t, config(o))
	if len(r.KeepF32) != 2 || r.KeepF32[0].Reason != "culprit" || r.KeepF32[1].Index != 5 || r.KeepF32[1].Reason != "closure" {
		t.Errorf("%+v", r.KeepF32)
	}
}

// TestWorstSampleFirst runs the sample that decides before the others, and not the others when it decides.
func TestWorstSampleFirst(t *testing.T) {
	o := &oracle{n: 64, keyed: true, seen: map[string]int{}}
	o.error = anyOf(30)
	worst := &bySample{o, 2}
	c := config(o)
	c.Engine = worst
	c.Samples = []engine.Sample{{Source: "0"}, {Source: "1"}, {Source: "2"}, {Source: "3"}}
	r := search1(t, c)
	if r.Outcome != Found || r.First.Count != 30 {
		t.Fatalf("outcome %s, first %+v", r.Outcome, r.First)
	}
	for _, p := range r.Curve {
		if p.Verdict.Bad() && p.Sample != 2 {
			t.Errorf("CNT=%d: the worst sample is %d", p.Count, p.Sample)
		}
	}
}

// TestPassesOfFirst has a lower crossing that only the scan finds, after many probes for the culprit set: these are not counted for the first node.
func TestPassesOfFirst(t *testing.T) {
	o := &oracle{n: 60, keyed: true, error: func(set engine.Set) float64 {
		e := 0.0
		for _, p := range set.Positions() {
			e += 0.06
			if p == 2 {
				e += 0.9 // undone by the next
			} else if p == 3 {
				e -= 0.9
			}
		}
		return e
	}}
	c := config(o)
	c.Engine, c.Exhaustive = &slow{o}, Auto
	r := search1(t, c)
	if r.First.Count != 2 || r.ForwardPasses.First > 10 || r.ForwardPasses.KeepF32 < r.ForwardPasses.First {
		t.Errorf("first %d after %v passes, the set to keep after %v", r.First.Count, r.ForwardPasses.First, r.ForwardPasses.KeepF32)
	}
}
