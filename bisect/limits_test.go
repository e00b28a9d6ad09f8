package bisect

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"halfway/engine"
)

// TestEveryBudget stops a search after each number of probes: whatever is claimed has to be true, and what is open has to be said.
func TestEveryBudget(t *testing.T) {
	whole := search1(t, config(&oracle{n: 60, error: anyOf(20, 40), keyed: true}))
	for n := 1; n < whole.Probes; n++ {
		o := &oracle{n: 60, error: anyOf(20, 40), keyed: true}
		c := config(o)
		c.MaxProbes = n
		r := search1(t, c)
		if r.Outcome != Unresolved || r.Reason == nil || *r.Reason != "budget" || r.Probes > n {
			t.Fatalf("%d probes: outcome %s after %d", n, r.Outcome, r.Probes)
		}
		checkProven(t, o, r)
		if len(r.KeepF32) > 0 {
			keep := engine.SetOf(keptOf(r)...)
			if o.error(engine.All(60).Minus(keep)) > 1 {
				t.Errorf("%d probes: keeping %v does not repair", n, keptOf(r))
			}
			if r.Settings == nil {
				t.Errorf("%d probes: a set to keep without settings", n)
			}
		}
		if r.First == nil && n > 3 && !strings.Contains(strings.Join(r.Warnings, "\n"), "open: the first node lies between") {
			t.Errorf("%d probes: warnings %q", n, r.Warnings)
		}
		if said := strings.Join(r.Warnings, "\n"); r.First != nil && len(r.KeepF32) == 0 && !strings.Contains(said, "open: which nodes to keep") ||
			!strings.Contains(said, "to go on") {
			t.Errorf("%d probes: warnings %q", n, r.Warnings)
		}
	}
}

// TestInterrupt ends the context in the middle of a run.
func TestInterrupt(t *testing.T) {
	for n := 1; n < 40; n += 3 {
		ctx, cancel := context.WithCancel(context.Background())
		runs := 0
		o := &oracle{n: 60, error: anyOf(20, 40), keyed: true, run: func(engine.Set, int) error {
			if runs++; runs == n {
				cancel()
				return ctx.Err()
			}
			return nil
		}}
		r, err := Search(ctx, config(o))
		if err != nil {
			t.Fatal(err)
		}
		if runs >= n && (r.Outcome != Unresolved || *r.Reason != "interrupted") {
			t.Errorf("%d runs: outcome %s", n, r.Outcome)
		}
		checkProven(t, o, r)
		cancel()
	}
}

func TestMaxTime(t *testing.T) {
	o := &oracle{n: 60, error: anyOf(20), keyed: true}
	o.run = func(engine.Set, int) error {
		if o.runs > 4 {
			time.Sleep(30 * time.Millisecond)
		}
		return nil
	}
	c := config(o)
	c.MaxTime = 60 * time.Millisecond
	if r := search1(t, c); r.Outcome != Unresolved || *r.Reason != "budget" {
		t.Errorf("outcome %s", r.Outcome)
	}
}

// TestEngineErrorEndsTheSearch distinguishes an engine that cannot work from a probe without an answer.
func TestEngineErrorEndsTheSearch(t *testing.T) {
	broken := errors.New("the model is gone")
	o := &oracle{n: 60, error: anyOf(20), run: func(set engine.Set, _ int) error {
		if set.Len() == 30 {
			return broken
		}
		return nil
	}}
	if _, err := Search(context.Background(), config(o)); !errors.Is(err, broken) || !strings.Contains(err.Error(), "30 nodes enforced on sample 0") {
		t.Errorf("%v", err)
	}
}

// TestProbesWithoutAnswer has runs that crash: they count neither as good nor as bad, and what can be found without them is found.
func TestProbesWithoutAnswer(t *testing.T) {
	for _, tt := range []struct {
		name    string
		crashes func(set engine.Set) bool
		first   int // -1: not found
	}{
		{"some in the middle", func(set engine.Set) bool { n := set.Len(); return n > 25 && n < 35 }, 20},
		{"everything enforced", func(set engine.Set) bool { return set.Len() > 55 }, 20},
		{"around the first node", func(set engine.Set) bool { n := set.Len(); return n > 18 && n < 24 }, -1},
		{"all that enforces anything", func(set engine.Set) bool { return set.Len() > 0 }, -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := &oracle{n: 60, error: anyOf(20), keyed: true, run: func(set engine.Set, _ int) error {
				if tt.crashes(set) {
					return &engine.Failure{Kind: engine.Crash, Detail: "signal 11"}
				}
				return nil
			}}
			r := search1(t, config(o))
			checkProven(t, o, r)
			if tt.first < 0 && (r.First != nil || r.Outcome != Unresolved || len(r.Warnings) == 0) {
				t.Errorf("outcome %s, first %+v, warnings %q", r.Outcome, r.First, r.Warnings)
			}
			if tt.first >= 0 && (r.First == nil || r.First.Count != tt.first) {
				t.Errorf("first %+v, want %d", r.First, tt.first)
			}
		})
	}
}

// TestSilentEngines has networks of many nodes where most or all probes crash: that must not take a probe for each node.
func TestSilentEngines(t *testing.T) {
	for name, crashes := range map[string]func(engine.Set) bool{
		"all but the ends":      func(set engine.Set) bool { return set.Len() > 0 && set.Len() < 20_000 },
		"all":                   func(set engine.Set) bool { return set.Len() > 0 },
		"all without the first": func(set engine.Set) bool { return set.Len() > 0 && !set.Has(0) },
		"all large ones":        func(set engine.Set) bool { return set.Len() > 200 },
	} {
		o := &oracle{n: 20_000, error: anyOf(100, 15_000), keyed: true, run: func(set engine.Set, _ int) error {
			if crashes(set) {
				return &engine.Failure{Kind: engine.Crash, Detail: "signal 11"}
			}
			return nil
		}}
		r := search1(t, config(o))
		checkProven(t, o, r)
		if r.Probes > 1500 {
			t.Errorf("%s: %d probes", name, r.Probes)
		}
		if r.Outcome == Found && !r.Proven.Settings || r.Outcome == NothingBreaks {
			t.Errorf("%s: outcome %s", name, r.Outcome)
		}
	}
}

// TestNotHonoured has an engine that enforces other nodes than it is asked to.
func TestNotHonoured(t *testing.T) {
	o := &other{oracle{n: 20, error: anyOf(5)}}
	c := config(&o.oracle)
	c.Engine = o
	r, err := Search(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range r.Curve {
		if p.Count >= 9 && p.Verdict != NotHonoured {
			t.Errorf("CNT=%d: %s", p.Count, p.Verdict)
		}
	}
	if r.Outcome == Found && r.Verified.Verdict != Pass {
		t.Errorf("verified %+v", r.Verified)
	}
	checkProven(t, &o.oracle, r)
}

// other reports one node more than it was asked for where there are ten or more.
type other struct{ oracle }

func (o *other) Run(ctx context.Context, set engine.Set, s engine.Sample) (engine.Observation, error) {
	r, err := o.oracle.Run(ctx, set, s)
	if err == nil && set.Len() >= 10 {
		r.Enforced.Add(o.n)
	}
	return r, err
}

// TestFailingBaseline cannot be searched: it is an error when it gives no answer, and not repairable when it is bad.
func TestFailingBaseline(t *testing.T) {
	o := &oracle{n: 5, error: bad(func(engine.Set) bool { return true })}
	if r := search1(t, config(o)); r.Outcome != NotRepairable || *r.Reason != "baseline" || r.First != nil {
		t.Errorf("outcome %s", r.Outcome)
	}
	o = &oracle{n: 5, error: anyOf(1)}
	o.run = func(engine.Set, int) error {
		if o.runs > 1 {
			return &engine.Failure{Kind: engine.Timeout, Detail: "60 s"}
		}
		return nil
	}
	c := config(o)
	c.Reference = [][]engine.Output{nil}
	o.runs = 1
	if _, err := Search(context.Background(), c); err == nil || !strings.Contains(err.Error(), "timeout: 60 s") {
		t.Errorf("%v", err)
	}
}

// TestNoClockDecides searches as if the runs before had taken no time, and as if they had taken an hour: where no time is limited, it makes the same
// probes.
func TestNoClockDecides(t *testing.T) {
	var results []*Result
	for _, spent := range []time.Duration{0, time.Hour} {
		c := config(&oracle{n: 60, keyed: true, error: sumOf(map[int]float64{3: 0.4, 17: 0.5, 18: 0.3, 40: 0.6, 51: 0.2})})
		c.Engine, c.Exhaustive = &slow{c.Engine.(*oracle)}, Auto
		s := newSearch(t.Context(), c)
		s.spent = spent
		err := s.prepare()
		if err == nil {
			err = s.run()
		}
		if stop, ok := err.(*stopped); !ok || stop.outcome != Found {
			t.Fatal(err)
		}
		if err := s.finish(); err != nil {
			t.Fatal(err)
		}
		results = append(results, s.result)
	}
	if !reflect.DeepEqual(results[0], results[1]) {
		t.Errorf("%d probes keep %v, after an hour %d keep %v", results[0].Probes, keptOf(results[0]), results[1].Probes, keptOf(results[1]))
	}
}
