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
	list := keep.Positions()
	for end := len(list); end > 0; end -= size {
		rest := keep.Minus(engine.SetOf(list[max(end-size, 0):end]...))
		if ok, err := s.repairs(rest); err != nil {
			return keep, err
		} else if ok {
			keep = rest
		}
	}
	return keep, nil
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

// proveMinimal makes sure that the best set stops repairing when any one member is enforced again. Members that turn out to be dispensable
// are dropped. It reports false when a probe gave no answer.
func (s *search) proveMinimal() (bool, error) {
	proven := true
	for _, u := range s.best.Positions() {
		rest := s.best.Minus(engine.SetOf(u))
		v, err := s.verdictWithout(rest)
		if err != nil {
			return false, err
		}
		if v == Pass {
			s.best = &rest
			return s.proveMinimal()
		}
		proven = proven && v.Answered()
	}
	return proven, nil
}
