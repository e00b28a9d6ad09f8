package bisect

import (
	"math/rand/v2"
	"testing"

	"halfway/engine"
)

// TestFlakyVerdicts makes thousands of searches on an engine whose every tenth verdict is wrong. No answer that is presented as proven may be
// wrong, and nearly all searches have to come to an answer.
func TestFlakyVerdicts(t *testing.T) {
	searches := 10_000
	if testing.Short() {
		searches = 300
	}
	random := rand.New(rand.NewPCG(3, 4))
	answered := 0
	for i := range searches {
		n := 2 + random.IntN(30)
		nodes := pick(random, n, 1+random.IntN(min(n, 3)))
		o := &oracle{n: n, flip: 0.1, random: rand.New(rand.NewPCG(uint64(i), 5))}
		switch i % 4 {
		case 0:
			o.error = anyOf(nodes...)
		case 1:
			o.error = allOf(nodes...)
		case 2:
			o.error = bad(func(set engine.Set) bool { return set.Len()%5 == 3 && set.Has(nodes[0]) || set.Len() == n }) // not monotone
		case 3:
			o.error = bad(func(engine.Set) bool { return false })
		}
		c := config(o)
		c.Exhaustive = Tristate(i % 3)
		if i%2 == 0 { // a forecast that is right, or of one node too many or too few
			shares := make([]float64, n)
			for _, p := range append(nodes[random.IntN(2)*(len(nodes)-1):], random.IntN(n)) {
				shares[p] = 1
			}
			c.Engine = &foreseen{o, shares}
		}
		r := search1(t, c)
		if t.Failed() {
			return
		}
		if r.Outcome != Unresolved {
			answered++
		}
		checkProven(t, o, r)
	}
	if answered < searches*9/10 {
		t.Errorf("only %d of %d searches came to an answer", answered, searches)
	}
	t.Logf("%d of %d searches came to an answer", answered, searches)
}

// checkProven holds what a result claims to be proven against the oracle.
func checkProven(t *testing.T, o *oracle, r *Result) {
	t.Helper()
	prefix := func(k int) bool { return o.error(engine.All(k+1)) > 1 }
	if r.Outcome == NothingBreaks && prefix(o.n-1) {
		t.Errorf("nothing is said to break, but everything enforced does")
	}
	if r.Outcome == NotRepairable {
		t.Errorf("the baseline is said to be bad")
	}
	if r.Proven.First {
		if k := r.First.Count; !prefix(k) || k > 0 && prefix(k-1) {
			t.Errorf("CNT=%d is said to break and CNT=%d not: not so", k, k-1)
		}
		if r.First.Smallest && r.First.Count != firstBad(o) {
			t.Errorf("CNT=%d is said to be the smallest, which is %d", r.First.Count, firstBad(o))
		}
	}
	if r.Proven.KeepF32 {
		checkMinimal(t, o, r)
	}
	if r.Proven.Settings && o.error(engine.All(o.n).Minus(engine.SetOf(keptOf(r)...))) > 1 {
		t.Errorf("the settings are said to pass")
	}
}

// TestBorderlineIsUnresolved searches a network whose verdict with everything enforced is a toss-up: that is no answer.
func TestBorderlineIsUnresolved(t *testing.T) {
	unresolved := 0
	for i := range 50 {
		o := &oracle{n: 4, noise: 0.3, random: rand.New(rand.NewPCG(uint64(i), 6)), error: func(set engine.Set) float64 {
			if set.Has(2) {
				return 1
			}
			return 0
		}}
		if r := search1(t, config(o)); r.Outcome == Unresolved && r.Reason != nil && *r.Reason == "noise" {
			unresolved++
		}
	}
	if unresolved < 40 {
		t.Errorf("%d of 50 toss-ups are unresolved for noise", unresolved)
	}
}

// TestNoiseAboveToleranceIsAnError has a baseline that fails itself half of the time.
func TestNoiseAboveToleranceIsAnError(t *testing.T) {
	o := &oracle{n: 4, noise: 2, random: rand.New(rand.NewPCG(1, 7)), error: func(engine.Set) float64 { return 1 }}
	r := search1(t, config(o))
	if r.Outcome != Unresolved || *r.Reason != "noise" || len(r.Warnings) == 0 {
		t.Errorf("outcome %s, warnings %q", r.Outcome, r.Warnings)
	}
}

// TestVouchedEnginesRunOnce counts the runs of an engine that gives keys: no set runs twice but the baseline and the settings.
func TestVouchedEnginesRunOnce(t *testing.T) {
	o := &oracle{n: 50, error: anyOf(7, 30), keyed: true, seen: map[string]int{}}
	search1(t, config(o))
	twice := 0
	for _, n := range o.seen {
		if n > 1 {
			twice++
		}
	}
	if twice > 2 {
		t.Errorf("%d sets ran twice", twice)
	}
}
