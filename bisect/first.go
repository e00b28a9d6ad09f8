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
	if _, _, err := s.bisection().edge(-1, top); err != nil {
		return err
	}
	k, ok := s.lowestCrossing()
	if ok {
		if err := s.identify(k); err != nil {
			return err
		}
	}
	s.patient = s.Exhaustive == Always || s.predict(deepest) < bearable && s.leavesHalf(deepest)
	if s.Exhaustive == Always {
		if err := s.probeCounts(s.unprobed(s.last())); err != nil {
			return err
		}
	}
	err = s.revise(k, ok)
	s.paused = s.work
	return err
}

// revise takes an earlier crossing than k, if that is ok, for the first node, when one was found.
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
		if _, settled, err := s.bisection().edge(lo, hi); err != nil || !settled {
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
		if s.inertAt(i) { // the one before was confirmed
			continue
		}
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
	if o, ok := s.counts[k-1]; ok && s.inertAt(k) {
		s.counts[k], s.workAt[k] = o, s.work-s.aside
		return o, nil
	}
	return s.countBy(k, s.measure)
}

// inertAt reports whether CNT=k gives the bits of CNT=k-1, since what it adds is inert.
func (s *search) inertAt(k int) bool {
	return s.listed() && k >= 0 && k < len(s.at) && !slices.ContainsFunc(s.at[k], func(p int) bool { return !s.candidates[p].Inert })
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
	if err != nil {
		return o, err
	}
	if _, known := s.counts[k]; !known {
		s.workAt[k] = s.work - s.aside
	}
	s.counts[k] = o
	return o, nil
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
	s.result.ForwardPasses.First = max(s.workAt[k-1], s.workAt[k])
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
