package bisect

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"

	"halfway/engine"
)

// An oracle is a synthetic network: error says what enforcing a set does, as error over tolerance; above 1 is bad. Its engine gives the error
// as its metric, so that what a search finds can be held against what is known.
type oracle struct {
	n     int
	error func(set engine.Set) float64

	candidate func(i int, c *engine.Candidate)       // changes a candidate; may be nil
	run       func(set engine.Set, sample int) error // may be nil; a *engine.Failure is a run without an answer
	keyed     bool                                   // vouches for its bits
	flip      float64                                // share of runs with the wrong verdict
	noise     float64                                // standard deviation of the error
	random    *rand.Rand

	mu   sync.Mutex
	runs int
	seen map[string]int // runs by set and sample
	busy int            // runs at once, the most
	now  int
}

func (o *oracle) Candidates(context.Context) ([]engine.Candidate, error) {
	list := make([]engine.Candidate, o.n)
	for i := range list {
		name := "n" + strconv.Itoa(i)
		list[i] = engine.Candidate{Index: i, Tag: "Op@" + name, Type: "Op", Name: name, Role: "", MACs: 1, Bytes: 1, Unit: i}
		if o.candidate != nil {
			o.candidate(i, &list[i])
		}
	}
	return list, nil
}

func (o *oracle) Run(ctx context.Context, set engine.Set, s engine.Sample) (engine.Observation, error) {
	if err := ctx.Err(); err != nil {
		return engine.Observation{}, err
	}
	sample, _ := strconv.Atoi(s.Source)
	o.enter(set, sample)
	defer o.leave()
	if o.run != nil {
		if err := o.run(set, sample); err != nil {
			return engine.Observation{}, err
		}
	}
	e := o.error(set)
	enforced := set.Clone()
	r := engine.Observation{Enforced: &enforced, Work: 0.5}
	if o.keyed {
		r.Key = fmt.Sprint(e)
	}
	o.mu.Lock()
	if o.noise > 0 {
		e += o.noise * o.random.NormFloat64()
	}
	if o.flip > 0 && o.random.Float64() < o.flip {
		e = map[bool]float64{true: 0.1, false: 10}[e > 1]
	}
	o.mu.Unlock()
	r.Metric = &e
	return r, nil
}

func (o *oracle) enter(set engine.Set, sample int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.runs++
	o.now++
	o.busy = max(o.busy, o.now)
	if o.seen != nil {
		o.seen[fmt.Sprint(set, sample)]++
	}
}

func (o *oracle) leave() {
	o.mu.Lock()
	o.now--
	o.mu.Unlock()
}

// bad is an error function of a set that is bad or not.
func bad(is func(set engine.Set) bool) func(engine.Set) float64 {
	return func(set engine.Set) float64 {
		if is(set) {
			return 10
		}
		return 0.1 * math.Min(1, float64(set.Len()))
	}
}

// any of the given nodes breaks.
func anyOf(nodes ...int) func(engine.Set) float64 {
	return bad(func(set engine.Set) bool {
		for _, i := range nodes {
			if set.Has(i) {
				return true
			}
		}
		return false
	})
}

// all of the given nodes together break.
func allOf(nodes ...int) func(engine.Set) float64 {
	return bad(func(set engine.Set) bool {
		for _, i := range nodes {
			if !set.Has(i) {
				return false
			}
		}
		return true
	})
}

// sumOf weights is the error.
func sumOf(weights map[int]float64) func(engine.Set) float64 {
	return func(set engine.Set) float64 {
		e := 0.0
		for _, i := range slices.Sorted(maps.Keys(weights)) {
			if set.Has(i) {
				e += weights[i]
			}
		}
		return e
	}
}

// config is a search on an oracle, judged by its metric.
func config(o *oracle) Config {
	return Config{Engine: o, Samples: []engine.Sample{{Source: "0"}}, Judge: NewLimit(false, 1), Exhaustive: Never}
}

func search1(t testing.TB, c Config) *Result {
	t.Helper()
	r, err := Search(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// keptOf lists the indices that a result keeps.
func keptOf(r *Result) []int {
	list := []int{}
	for _, k := range r.KeepF32 {
		list = append(list, k.Index)
	}
	return list
}

// checkMinimal holds the kept set against the oracle: it repairs, and no member can be dropped.
func checkMinimal(t testing.TB, o *oracle, r *Result) {
	t.Helper()
	keep := engine.SetOf(keptOf(r)...)
	all := engine.All(o.n)
	if e := o.error(all.Minus(keep)); e > 1 {
		t.Errorf("keeping %v leaves the error at %v", keptOf(r), e)
	}
	for _, i := range keep.Positions() {
		rest := keep.Clone()
		rest.Remove(i)
		if e := o.error(all.Minus(rest)); e <= 1 {
			t.Errorf("%d of %v need not be kept", i, keptOf(r))
		}
	}
}

// firstBad is the smallest CNT that is bad, by trying all.
func firstBad(o *oracle) int {
	set := engine.NewSet(o.n)
	for k := range o.n {
		if set.Add(k); o.error(set) > 1 {
			return k
		}
	}
	return -1
}

// bySample passes every run on all samples but one.
type bySample struct {
	*oracle
	worst int
}

func (b *bySample) Run(ctx context.Context, set engine.Set, s engine.Sample) (engine.Observation, error) {
	r, err := b.oracle.Run(ctx, set, s)
	if sample, _ := strconv.Atoi(s.Source); sample != b.worst && r.Metric != nil {
		*r.Metric /= 100
	}
	return r, err
}
