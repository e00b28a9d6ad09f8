package bisect

import (
	"fmt"
	"maps"
	"slices"

	"halfway/engine"
)

// first finds the first node that breaks the network when nodes are enforced in counting order.
func (s *search) first() error {
	s.enter(StageFirst, ceilLog2(s.last()+1)+2)
	top, err := s.failingTop()
	if err != nil {
		return err
	}
	if top < 0 {
		s.warn("enforcing everything gives no answer, and nothing less was found to fail: " + s.full.Detail)
		return s.unresolved()
	}
	if _, _, err := edge(-1, top, s.verdictAt, s.expectAll); err != nil {
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
	if err := s.closeGap(); err != nil {
		return err
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
	f := s.result.First
	f.Smallest = s.allAnsweredBelow(lowest)
	for _, claim := range []int{lowest - 1, lowest} {
		o, err := s.confirmCount(claim)
		if err != nil {
			return err
		}
		s.result.Proven.First = s.result.Proven.First && o.Verdict.Answered() && o.Verdict.Bad() == (claim == lowest)
	}
	if f.Smallest && !s.votes.vouched {
		if err := s.confirmBelow(lowest - 1); err != nil {
			return err
		}
	}
	return s.judgeKind()
}

// closeGap bisects between the lowest failure that is known and what passes below it, until the two are neighbours.
func (s *search) closeGap() error {
	for {
		lo, hi := s.lowestFailure()
		if lo == hi-1 || s.counts[lo].Verdict != Pass {
			return nil
		}
		if _, settled, err := edge(lo, hi, s.verdictAt, s.expectAll); err != nil || !settled {
			return err
		}
	}
}

// confirmBelow confirms that all CNTs below k pass, as smallest claims. The claim is dropped where that takes too long.
func (s *search) confirmBelow(k int) error {
	if s.Exhaustive != Always && !s.affords(k*s.votes.claimLead()) {
		s.result.First.Smallest = false
		return nil
	}
	for i := range max(k, 0) {
		o, err := s.confirmCount(i)
		if err != nil {
			return err
		}
		s.result.First.Smallest = s.result.First.Smallest && o.Verdict == Pass
	}
	return nil
}

// failingTop is the largest CNT found to fail: everything, unless that gives no answer. -1 means that none was found.
func (s *search) failingTop() (int, error) {
	k, o, err := s.last(), s.full, error(nil)
	for step := 1; !o.Verdict.Answered(); step += (step + 3) / 4 {
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
	return s.countBy(k, s.measure)
}

// confirmCount measures CNT=k for a claim.
func (s *search) confirmCount(k int) (outcome, error) { return s.countBy(k, s.confirm) }

func (s *search) countBy(k int, measure func(engine.Set) (outcome, error)) (outcome, error) {
	s.prober.count = &k
	defer func() { s.prober.count = nil }()
	set, err := s.cnt(k)
	if o := unanswered(err); o != nil {
		s.counts[k] = *o
		return *o, nil
	} else if err != nil {
		return outcome{}, err
	}
	o, err := measure(set)
	if err == nil {
		s.counts[k] = o
	}
	return o, err
}

func (s *search) verdictAt(k int) (Verdict, error) {
	o, err := s.atCount(k)
	return o.Verdict, err
}

// expectAll announces probes of CNTs.
func (s *search) expectAll(ks []int) error { return s.expectCounts(ks, engine.Set{}) }

// expectCounts announces probes of CNTs with some candidates kept.
func (s *search) expectCounts(ks []int, kept engine.Set) error {
	if s.jobs < 2 {
		return nil
	}
	var sets []engine.Set
	for _, k := range ks[:min(len(ks), s.jobs)] {
		set, err := s.cnt(k)
		if err != nil {
			return err
		}
		sets = append(sets, set.Minus(kept))
	}
	return s.expect(sets...)
}

// edge finds a k in (lo, hi] with test(k-1) good and test(k) bad, where test(lo) is known to be good and test(hi) to be bad. Where a test
// gives no answer its neighbours are tried; ok is false when that leaves a gap. Before it tests, it announces what it may test next.
//
// Invariant: lo is good, hi is bad.
func edge(lo, hi int, test func(k int) (Verdict, error), expect func(ks []int) error) (k int, ok bool, err error) {
	for hi-lo > 1 {
		if err := expect(halvings(lo, hi)); err != nil {
			return 0, false, err
		}
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

// halvings lists the middle of (lo, hi), then those of both halves, and so on, some levels deep: what bisection may test, soonest first.
func halvings(lo, hi int) []int {
	const most = 63
	var ks []int
	for level := [][2]int{{lo, hi}}; len(level) > 0 && len(ks) < most; {
		var next [][2]int
		for _, r := range level {
			if mid := r[0] + (r[1]-r[0])/2; r[1]-r[0] > 1 {
				ks = append(ks, mid)
				next = append(next, [2]int{r[0], mid}, [2]int{mid, r[1]})
			}
		}
		level = next
	}
	return ks
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
	if !s.listed() {
		f.Index = nil
	}
	s.firstAt = p
	s.result.First, s.result.Proven.First = f, true
	return nil
}

// turning returns which of the candidates of rank k, one a graph, turns the verdict by itself.
func (s *search) turning(k int) (int, error) {
	added, err := s.added(k)
	switch {
	case err != nil:
		return 0, err
	case len(added) == 0:
		return 0, fmt.Errorf("CNT=%d enforces no other nodes than CNT=%d, although their verdicts differ", k, k-1)
	case len(added) == 1:
		return added[0], nil
	}
	before, err := s.cnt(k - 1)
	if err != nil {
		return 0, err
	}
	for _, p := range added {
		v, err := s.decide(before.Union(engine.SetOf(p)))
		if err != nil {
			return 0, err
		}
		if v.Bad() {
			return p, nil
		}
	}
	s.warn(fmt.Sprintf("CNT=%d adds %d nodes, one of each graph, and none of them alone turns the verdict: %q is named for all of them",
		k, len(added), s.candidates[added[0]].Tag))
	return added[0], nil
}

// ceilLog2 is the number of halvings that single out one of n.
func ceilLog2(n int) int {
	r := 0
	for 1<<r < n {
		r++
	}
	return r
}
