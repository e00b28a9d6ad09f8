package bisect

import (
	"fmt"

	"halfway/engine"
)

// ends probes nothing enforced, which must pass, and everything, which must fail; else there is nothing to search.
func (s *search) ends() error {
	base, err := s.atCount(-1)
	if err != nil {
		return err
	}
	switch {
	case !base.Verdict.Answered():
		return fmt.Errorf("with nothing enforced the engine gives no answer (%s: %s); that run has to work before nodes can be blamed",
			base.Verdict, base.Detail)
	case base.Verdict.Bad():
		return &stopped{NotRepairable, "baseline"}
	}
	if err := s.noise(base); err != nil {
		return err
	}
	if s.last() < 0 {
		s.warn("no candidate is admitted: nothing can be enforced")
		return &stopped{NothingBreaks, ""}
	}
	if s.full, err = s.atCount(s.last()); err != nil {
		return err
	}
	if s.full.Verdict == Pass {
		return &stopped{NothingBreaks, ""}
	}
	s.worstFirst(s.universe)
	return nil
}

// repeats is how often the baseline is run again to see the noise of an engine.
const repeats = 2

// noise repeats the baseline unless the engine shows that it gives the same bits again. An engine that fails its own baseline cannot be
// searched.
func (s *search) noise(base outcome) error {
	largest := 0.0
	for n := 1; n <= repeats; n++ {
		o, err := s.again(engine.Set{}, n)
		if err != nil {
			return err
		}
		if base.key != "" && base.key == o.key {
			return nil
		}
		if o.Verdict != Pass {
			s.warn(fmt.Sprintf("the baseline gives %s when it is run again: the engine's noise exceeds the tolerance; "+
				"loosen the rules, or make the engine deterministic", o.Verdict))
			return &stopped{Unresolved, "noise"}
		}
		largest = max(largest, o.ratio)
	}
	if largest > 0.5 && s.own {
		s.warn(fmt.Sprintf("repeated baselines differ by %.2g of the tolerance: verdicts near it are uncertain", largest))
	}
	return nil
}
