package bisect

import "halfway/engine"

// maxPairs is the size of a culprit set up to which all pairs of members are tried for dropping together.
const maxPairs = 6

// reduce drops single members from keep, which repairs, the last ones first, until none can go.
func (s *search) reduce(keep engine.Set) (engine.Set, error) {
	for {
		smaller, err := s.dropChunks(keep, 1)
		if err != nil || smaller.Len() == keep.Len() {
			return keep, err
		}
		keep = smaller
	}
}

// shake tries to drop several members of the best set at once, chunks of half the set first, then ever smaller ones (the reduction to
// complements of ddmin; Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing Input, TSE 2002), and of small sets all pairs.
// That helps where enforcing one of two nodes is worse than enforcing both.
func (s *search) shake() error {
	keep := *s.best
	for size := (keep.Len() + 1) / 2; size > 1; size /= 2 {
		smaller, err := s.dropChunks(keep, size)
		if err != nil {
			return err
		}
		keep = smaller
	}
	keep, err := s.reduce(keep)
	for pairs := true; pairs && err == nil; {
		keep, pairs, err = s.dropPair(keep)
	}
	return err
}

// dropChunks goes once through keep, from its end, and drops each chunk of so many members that is not needed.
func (s *search) dropChunks(keep engine.Set, size int) (engine.Set, error) {
	return s.dropFrom(keep, keep.Positions(), size)
}

// dropFrom is dropChunks in the order of list, from its end.
func (s *search) dropFrom(keep engine.Set, list []int, size int) (engine.Set, error) {
	for end := len(list); end > 0; end -= size {
		if err := s.expectDrops(keep, list[:end], size); err != nil {
			return keep, err
		}
		rest := keep.Minus(engine.SetOf(list[max(end-size, 0):end]...))
		if ok, err := s.repairs(rest); err != nil {
			return keep, err
		} else if ok {
			keep = rest
		}
	}
	return keep, nil
}

// expectDrops announces that chunks are to be dropped, on the guess that each turns out to be needed.
func (s *search) expectDrops(keep engine.Set, list []int, size int) error {
	var keeps []engine.Set
	for end := len(list); end > 0 && len(keeps) < s.jobs; end -= size {
		keeps = append(keeps, keep.Minus(engine.SetOf(list[max(end-size, 0):end]...)))
	}
	return s.expectRepairs(keeps...)
}

// dropPair drops the first pair of members that can go.
func (s *search) dropPair(keep engine.Set) (smaller engine.Set, dropped bool, err error) {
	list := keep.Positions()
	if len(list) > maxPairs {
		return keep, false, nil
	}
	for i, a := range list {
		for _, b := range list[i+1:] {
			rest := keep.Minus(engine.SetOf(a, b))
			if ok, err := s.repairs(rest); err != nil {
				return keep, false, err
			} else if ok {
				rest, err = s.reduce(rest)
				return rest, true, err
			}
		}
	}
	return keep, false, nil
}

// claimMinimal makes sure that the best set repairs, and that it stops repairing when any one member is enforced again. Members that turn out
// to be dispensable are dropped.
func (s *search) claimMinimal() error {
	for {
		repaired, err := s.confirm(s.enforced(*s.best))
		if err != nil {
			return err
		}
		smaller, minimal, err := s.dispensable(*s.best)
		if err != nil {
			return err
		}
		if smaller == nil {
			if s.result.Proven.KeepF32 = minimal && repaired.Verdict == Pass; !s.result.Proven.KeepF32 {
				s.warn("the culprit set repairs the rest, but it is not proven that every member is needed: some probes gave no answer")
			}
			return nil
		}
		s.best, s.result.ForwardPasses.KeepF32 = smaller, s.work
	}
}

// dispensable returns keep without a member that is not needed, or nil; minimal is false when a probe gave no answer.
func (s *search) dispensable(keep engine.Set) (smaller *engine.Set, minimal bool, err error) {
	unanswered := 0
	list := keep.Positions()
	for i := len(list) - 1; i >= 0 && unanswered <= s.maxSilent(); i-- {
		if err := s.expectDrops(keep, list[:i+1], 1); err != nil {
			return nil, false, err
		}
		rest := keep.Minus(engine.SetOf(list[i]))
		v, err := s.confirmVerdict(s.enforced(rest))
		if err != nil {
			return nil, false, err
		}
		if v == Pass {
			return &rest, false, nil
		}
		if !v.Answered() {
			unanswered++
		}
	}
	return nil, unanswered == 0, nil
}
