package bisect

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"halfway/engine"
)

// TestJobsGiveTheSameAnswer searches networks of all kinds one run at a time and several at once.
func TestJobsGiveTheSameAnswer(t *testing.T) {
	seeds := 4
	if testing.Short() {
		seeds = 1
	}
	for seed := range seeds {
		for kind := range kinds(4, rand.New(rand.NewPCG(1, 1))) {
			var want string
			for _, jobs := range []int{1, 2, 3, 8} {
				o := &oracle{n: 400, keyed: true, error: kinds(4, rand.New(rand.NewPCG(uint64(seed), 9)))[kind], candidate: layers(5)}
				o.run = func(engine.Set, int) error { runtime.Gosched(); return nil }
				c := config(o)
				c.Jobs = jobs
				r := search1(t, c)
				r.Probes, r.ForwardPasses, r.Curve, r.Nodes = 0, ForwardPasses{}, nil, nil // speculation costs, and measures more
				got := answerOf(t, r)
				if jobs == 1 {
					want = got
				} else if got != want {
					t.Fatalf("%s, seed %d, %d jobs:\n%s\nwant\n%s", kind, seed, jobs, got, want)
				}
				if o.busy > jobs {
					t.Errorf("%d runs at once with %d jobs", o.busy, jobs)
				}
			}
		}
	}
}

// TestJobsSaveRounds counts rounds of runs at once: with 3 jobs bisection takes two steps a round.
func TestJobsSaveRounds(t *testing.T) {
	rounds := map[int]int{}
	for _, jobs := range []int{1, 3, 7} {
		c := config(&oracle{n: 4096, keyed: true, error: anyOf(1234)})
		s := newSearch(t.Context(), c)
		s.jobs = jobs
		for _, step := range []func() error{s.prepare, s.ends} {
			if err := step(); err != nil {
				t.Fatal(err)
			}
		}
		b := s.bisection()
		b.expect = func(ks []int) error {
			if !s.knows(s.prefix(ks[0])) {
				rounds[jobs]++
			}
			return s.expectAll(ks)
		}
		_, _, err := b.edge(-1, 4095)
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := fmt.Sprint(rounds); got != "map[1:12 3:6 7:4]" {
		t.Errorf("rounds %s", got)
	}
}

func TestJobsWithBudget(t *testing.T) {
	o := &oracle{n: 400, keyed: true, error: anyOf(7, 300)}
	c := config(o)
	c.Jobs, c.MaxProbes = 4, 17
	if r := search1(t, c); r.Outcome != Unresolved || r.Probes > 17 {
		t.Errorf("outcome %s after %d probes", r.Outcome, r.Probes)
	}
}
