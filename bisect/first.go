package bisect

import (
	"fmt"
	"maps"
	"slices"

	"halfway/engine"
)

// spaced is how many CNTs below the first node are probed where probing all of them would take long.
const spaced = 8

// first finds the first node that breaks the network when nodes are enforced in counting order.
func (s *search) first() error {
	s.enter(StageFirst, ceilLog2(s.last()+1)+2)
	top, err := s.failingTop()
	if err != nil {
		return err
	}
	if top < 0 {
		s.warn("enforcing everything, or nearly so, gives no answer: " + s.full.Detail)
		return nil
	}
	if _, _, err := edge(-1, top, s.verdictAt); err != nil {
		return err
	}
	k, ok := s.lowestCrossing()
	s.result.ForwardPasses.First = s.work
	if ok {
		if err := s.identify(k); err != nil {
			return err
		}
	}
	if err := s.scan(); err != nil {
		return err
	}
	return s.revise(k, ok)
}

// revise takes an earlier crossing for the first node, when the scan found one.
func (s *search) revise(k int, ok bool) error {
	for {
		lo, hi := s.lowestFailure()
		if lo == hi-1 || s.counts[lo].Verdict != Pass {
			break
		}
		if _, settled, err := edge(lo, hi, s.verdictAt); err != nil {
			return err
		} else if !settled {
			break
		}
	}
	lowest, found := s.lowestCrossing()
	if !found {
		lo, hi := s.lowestFailure()
		s.warn(fmt.Sprintf("the first node lies between CNT=%d, which passes, and CNT=%d, which fails; the CNTs between give no answer", lo, hi))
		return nil
	}
	if !ok || lowest != k {
		s.result.ForwardPasses.First = s.work
		if err := s.identify(lowest); err != nil {
			return err
		}
	}
	s.result.First.Smallest = s.allAnsweredBelow(lowest)
	return s.judgeKind()
}

// failingTop is the largest CNT found to fail: everything, unless that gives no answer. -1 means that none was found.
func (s *search) failingTop() (int, error) {
	k, o, err := s.last(), s.full, error(nil)
	for step := 1; !o.Verdict.Answered(); step += step / 4 {
		k = max(k-step, -1)
		if o, err = s.atCount(k); err != nil {
			return 0, err
		}
	}
	if !o.Verdict.Bad() {
		return -1, nil
	}
	return k, nil
}

// atCount measures CNT=k.
func (s *search) atCount(k int) (outcome, error) {
	if o, ok := s.counts[k]; ok {
		return o, nil
	}
	s.prober.count = &k
	defer func() { s.prober.count = nil }()
	o, err := s.measure(s.prefix(k))
	if err == nil {
		s.counts[k] = o
	}
	return o, err
}

func (s *search) verdictAt(k int) (Verdict, error) {
	o, err := s.atCount(k)
	return o.Verdict, err
}

// edge finds a k in (lo, hi] with test(k-1) good and test(k) bad, where test(lo) is known to be good and test(hi) to be bad. Where a test
// gives no answer its neighbours are tried; ok is false when that leaves a gap.
//
// Invariant: lo is good, hi is bad.
func edge(lo, hi int, test func(k int) (Verdict, error)) (k int, ok bool, err error) {
	for hi-lo > 1 {
		mid, v, err := nearest(lo, hi, test)
		switch {
		case err != nil || !v.Answered():
			return 0, false, err
		case v.Bad():
			hi = mid
		default:
			lo = mid
		}
	}
	return hi, true, nil
}

// nearest tests the middle of (lo, hi), and while there is no answer what lies ever further from it, in growing steps where the gap is wide.
func nearest(lo, hi int, test func(k int) (Verdict, error)) (k int, v Verdict, err error) {
	mid := lo + (hi-lo)/2
	for d := 0; mid+d < hi || mid-d > lo; d++ {
		for _, k := range []int{mid + d, mid - d} {
			if k <= lo || k >= hi || d == 0 && v != "" {
				continue
			}
			if v, err = test(k); err != nil || v.Answered() {
				return k, v, err
			}
		}
		if hi-lo > 64 {
			d += d / 2
		}
	}
	return mid, v, nil
}

// scan probes CNTs that bisection left out: all, all below the first node, or some.
func (s *search) scan() error {
	_, hi := s.lowestFailure()
	all, below := s.unprobed(s.last()), s.unprobed(hi)
	var list []int
	switch {
	case s.Exhaustive == Always || s.Exhaustive == Auto && s.cheap(len(all)):
		list = all
	case s.Exhaustive == Auto && s.cheap(len(below)):
		list = below
	case s.Exhaustive == Auto:
		for i := range min(spaced, len(below)) {
			list = append(list, below[(2*i+1)*len(below)/(2*min(spaced, len(below)))])
		}
	}
	s.enter(StageScan, len(list))
	for _, k := range list {
		if _, err := s.atCount(k); err != nil {
			return err
		}
	}
	return nil
}

// unprobed returns the CNTs below k that were not probed.
func (s *search) unprobed(k int) []int {
	var r []int
	for i := range max(k, 0) {
		if _, ok := s.counts[i]; !ok {
			r = append(r, i)
		}
	}
	return r
}

// lowestFailure returns the smallest CNT known to fail, and the largest below it known to pass.
func (s *search) lowestFailure() (lo, hi int) {
	lo, hi = -1, -1
	for _, k := range slices.Sorted(maps.Keys(s.counts)) {
		switch v := s.counts[k].Verdict; {
		case v.Bad():
			return lo, k
		case v == Pass:
			lo = k
		}
	}
	return lo, hi
}

// lowestCrossing returns the smallest CNT known to fail while the one before it passes.
func (s *search) lowestCrossing() (int, bool) {
	for _, c := range s.crossings() {
		if c.Verdict.Bad() {
			return c.Count, true
		}
	}
	return 0, false
}

// crossings returns the CNTs that differ from the one before, pass against failure, where both gave answers.
func (s *search) crossings() []Crossing {
	r := []Crossing{}
	for _, k := range slices.Sorted(maps.Keys(s.counts)) {
		before, ok := s.counts[k-1]
		v := s.counts[k].Verdict
		if ok && before.Verdict.Answered() && v.Answered() && before.Verdict.Bad() != v.Bad() {
			r = append(r, Crossing{k, v})
		}
	}
	return r
}

func (s *search) allAnsweredBelow(k int) bool {
	for i := range k {
		if o, ok := s.counts[i]; !ok || !o.Verdict.Answered() {
			return false
		}
	}
	return true
}

// identify says which node CNT=k adds that turns the verdict.
func (s *search) identify(k int) error {
	p, err := s.turning(k)
	if err != nil {
		return err
	}
	c, u := s.candidates[p], s.units[s.unitOf[p]]
	f := &First{Graph: c.Graph, Count: k, Index: &k, Tag: c.Tag, Unit: s.tags(u.members), Effect: "compute", Crossings: []Crossing{}}
	if u.head != p {
		f.Effect = "output"
	}
	s.firstAt = p
	s.result.First, s.result.Proven.First = f, true
	return nil
}

// turning returns which of the candidates of rank k, one a graph, turns the verdict by itself.
func (s *search) turning(k int) (int, error) {
	if len(s.at[k]) == 1 {
		return s.at[k][0], nil
	}
	for _, p := range s.at[k] {
		v, err := s.decide(s.prefix(k - 1).Union(engine.SetOf(p)))
		if err != nil {
			return 0, err
		}
		if v.Bad() {
			return p, nil
		}
	}
	s.warn(fmt.Sprintf("CNT=%d adds %d nodes, one of each graph, and none of them alone turns the verdict: %q is named for all of them",
		k, len(s.at[k]), s.candidates[s.at[k][0]].Tag))
	return s.at[k][0], nil
}

// ceilLog2 is the number of halvings that single out one of n.
func ceilLog2(n int) int {
	r := 0
	for 1<<r < n {
		r++
	}
	return r
}
