package bisect

// spaced is how many CNTs below the first node are probed where probing all of them would take long.
const spaced = 8

// scan probes CNTs that bisection left out: all, or all below the first node, or those where a failure is likeliest.
func (s *search) scan() error {
	_, hi := s.lowestFailure()
	all, below := s.unprobed(s.last()), s.unprobed(hi)
	s.thorough = s.Exhaustive == Always || s.Exhaustive == Auto && s.cheap(len(all))
	switch {
	case s.thorough:
		return s.probeCounts(all)
	case s.Exhaustive == Auto && s.cheap(len(below)):
		return s.probeCounts(below)
	case s.Exhaustive == Auto:
		return s.suspects()
	}
	return nil
}

func (s *search) probeCounts(list []int) error {
	s.enter(StageScan, len(list))
	for i, k := range list {
		if s.jobs > 1 && i%s.jobs == 0 {
			if err := s.expectCounts(list[i:]); err != nil {
				return err
			}
		}
		if _, err := s.atCount(k); err != nil {
			return err
		}
	}
	return nil
}

// suspects probes some CNTs below the first node, each in the middle of the gap where a failure is likeliest: it is wide, and the errors at its
// ends are near the tolerance.
func (s *search) suspects() error {
	s.enter(StageScan, spaced)
	for range spaced {
		_, hi := s.lowestFailure()
		k, risk := 0, 0.0
		lo, before := -1, s.counts[-1].ratio
		for i := 0; i <= hi; i++ {
			o, ok := s.counts[i]
			if !ok {
				continue
			}
			near := min(max(before, o.ratio), 1)
			if r := float64(i-lo-1) * near; r > risk {
				k, risk = lo+(i-lo)/2, r
			}
			lo, before = i, o.ratio
		}
		if risk == 0 {
			return nil
		}
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
