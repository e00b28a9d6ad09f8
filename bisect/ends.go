package bisect

import (
	"fmt"
	"strings"

	"halfway/engine"
)

// ends probes nothing enforced, which must pass, and everything, which must fail; else there is nothing to search.
func (s *search) ends() error {
	if err := s.baseline(); err != nil {
		return err
	}
	if s.last() < 0 {
		s.warn("no candidate is admitted: nothing can be enforced")
		return &stopped{NothingBreaks, ""}
	}
	k := s.last()
	full, err := s.inDetail(func() (outcome, error) { return s.confirmCount(k) })
	if err != nil {
		return err
	}
	if s.full = full; full.Verdict == Pass {
		return &stopped{NothingBreaks, ""}
	}
	s.worstFirst(s.universe)
	s.foresee()
	return nil
}

// baseline probes nothing enforced, and by its repetition how stable the engine is.
func (s *search) baseline() error {
	base, err := s.atCount(-1)
	if err != nil {
		return err
	}
	if base.Verdict.Answered() {
		if err := s.stability(base); err != nil {
			return err
		}
		if base, err = s.confirmCount(-1); err != nil {
			return err
		}
	}
	none := s.record(engine.Set{})
	switch {
	case base.Verdict == Pass:
		s.noise(none)
		return nil
	case base.Verdict.Bad() && (!s.own || none.good == 0):
		return &stopped{NotRepairable, "baseline"}
	case none.good+none.bad > 0:
		s.warn(fmt.Sprintf("of %d runs of the baseline %d fail: the engine's noise exceeds the tolerance; loosen the rules, or make the engine "+
			"deterministic", len(none.runs), none.bad))
		return &stopped{Unresolved, "noise"}
	}
	return fmt.Errorf("with nothing enforced the engine gives no answer (%s: %s); that run has to work before nodes can be blamed",
		base.Verdict, base.Detail)
}

// stability repeats the baseline once, and believes an engine that gives the same key again.
func (s *search) stability(base outcome) error {
	runs := s.record(engine.Set{}).runs
	if len(runs) < 2 {
		if _, err := s.again(engine.Set{}); err != nil {
			return err
		}
		runs = s.record(engine.Set{}).runs
	}
	s.votes.vouched = !s.votes.unstable && strings.HasPrefix(base.key, vouched) && bits(runs[0]) == bits(runs[1])
	return nil
}

// noise warns of verdicts near the tolerance when repeated baselines differ by much of it.
func (s *search) noise(none *record) {
	largest := 0.0
	for _, run := range none.runs {
		if o := worst(run); o.Verdict == Pass {
			largest = max(largest, o.ratio)
		}
	}
	if s.own && largest > 0.5 {
		s.warn(fmt.Sprintf("repeated baselines differ by %.2g of the tolerance: verdicts near it are uncertain", largest))
	}
}
