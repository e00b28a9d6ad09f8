package bisect

import "halfway/engine"

// judgeKind measures the first node by itself and everything without it, and says what kind of culprit it is. With e the error over its
// tolerance, it is
//
//   - interacting when a CNT above a failing one passes: what comes later undoes the harm;
//   - else monotone when e(alone) > 1: it does the harm by itself;
//   - else accumulated when e(alone) + e(k-1) >= e(k)/2: it adds its share to what was there;
//   - else interacting: it does harm only together with others.
func (s *search) judgeKind() error {
	f := s.result.First
	u := s.unitOf[s.firstAt]
	set, err := s.cnt(f.Count)
	if err != nil {
		return err
	}
	alone, err := s.measure(set.Intersect(engine.SetOf(s.units[u].members...)))
	if err != nil {
		return err
	}
	without, err := s.measure(s.enforced(engine.SetOf(u)))
	if err != nil {
		return err
	}
	f.Alone, f.Without = &alone.Probe, &without.Probe
	switch {
	case s.recovers():
		f.Kind = "interacting"
	case alone.Verdict.Bad():
		f.Kind = "monotone"
	case alone.ratio+s.counts[f.Count-1].ratio >= s.counts[f.Count].ratio/2:
		f.Kind = "accumulated"
	default:
		f.Kind = "interacting"
	}
	return nil
}

// recovers reports whether a CNT above a failing one is known to pass.
func (s *search) recovers() bool {
	_, hi := s.lowestFailure()
	for k, o := range s.counts {
		if hi >= 0 && k > hi && o.Verdict == Pass {
			return true
		}
	}
	return false
}
