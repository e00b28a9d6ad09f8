package bisect

// spaced is how many CNTs below the first node are probed where probing all of them would take long.
const spaced = 8

// rest probes CNTs that bisection left out and that were not asked for: all, or all below the first node, or those where a failure is likeliest. The
// culprit set is known by then, and does not depend on which.
func (s *search) rest() error {
	if s.Exhaustive != Auto {
		return nil
	}
	s.aside = s.work - s.paused
	_, hi := s.lowestFailure()
	all, below := s.unprobed(s.last()), s.unprobed(hi)
	var err error
	switch {
	case s.affords(len(all)):
		err = s.probeCounts(all)
	case s.affords(len(below)):
		err = s.probeCounts(below)
	default:
		err = s.suspects()
	}
	if err != nil {
		return err
	}
	if f := s.result.First; f != nil {
		return s.revise(f.Count, true)
	}
	return s.revise(0, false)
}

func (s *search) probeCounts(list []int) error {
	s.enter(StageScan, len(list))
	for i, k := range list {
		if s.jobs > 1 && i%s.jobs == 0 {
			if err := s.expectAll(list[i:]); err != nil {
				return err
			}
		}
		if _, err := s.atCount(k); err != nil {
			return err
		}
	}
	return nil
}

// suspects probes CNTs below the first node, each in the middle of the gap where a failure is likeliest: it is wide, and the errors at its
// ends are near the tolerance. A gap whose ends have the same bits is not looked into: most likely its nodes change none. A failure that is
// found moves the first node down, and begins anew.
func (s *search) suspects() error {
	s.enter(StageScan, spaced)
	for tried := 0; tried < spaced; tried++ {
		k, ok := s.suspect()
		if !ok {
			return nil
		}
		o, err := s.atCount(k)
		if err != nil {
			return err
		}
		if o.Verdict.Bad() {
			if err := s.closeGap(); err != nil {
				return err
			}
			tried = -1
		}
	}
	return nil
}

// suspect is the CNT to probe next, if any is worth it.
func (s *search) suspect() (k int, ok bool) {
	_, hi := s.lowestFailure()
	lo, risk := -1, 0.0
	for i := 0; i <= hi; i++ {
		o, known := s.counts[i]
		if !known {
			continue
		}
		before := s.counts[lo]
		near := min(max(before.ratio, o.ratio), 1)
		if o.key != "" && o.key == before.key {
			near = 0
		}
		if r := float64(i-lo-1) * near; r > risk {
			k, risk = lo+(i-lo)/2, r
		}
		lo = i
	}
	return k, risk > 0
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
