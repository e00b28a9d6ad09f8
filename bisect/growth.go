package bisect

import (
	"slices"

	"halfway/engine"
)

// growth begins with nothing enforced and adds roles while the network still passes, then units of the other roles: the loop of growing POS by
// hand, by halves. It takes about 2k log2(n/k) probes where k of n roles, then units, cannot be added.
type growth struct{}

func (growth) probes(s *search, culprits int) int {
	return quickXplain{singles(s.live())}.probes(s, culprits)
}

func (g growth) find(s *search) (keep engine.Set, ok bool, err error) {
	all := make([]int, len(s.units))
	for u := range all {
		all[u] = u
	}
	grown, err := g.add(s, engine.Set{}, s.roles(all))
	if err != nil {
		return engine.Set{}, false, err
	}
	rest := slices.DeleteFunc(all, grown.Has)
	if grown, err = g.add(s, grown, singles(rest)); err != nil {
		return engine.Set{}, false, err
	}
	keep = s.without(grown)
	ok, err = s.repairs(keep)
	return keep, ok, err
}

// add returns enforced with those of parts that can be added while the network passes.
//
// Invariant: with enforced alone the network passes.
func (g growth) add(s *search, enforced engine.Set, parts []part) (engine.Set, error) {
	if len(parts) == 0 {
		return enforced, nil
	}
	more := enforced.Union(join(parts))
	ok, err := s.repairs(s.without(more))
	switch {
	case err != nil || len(parts) == 1 && !ok:
		return enforced, err
	case ok:
		return more, nil
	}
	if enforced, err = g.add(s, enforced, parts[:len(parts)/2]); err != nil {
		return enforced, err
	}
	return g.add(s, enforced, parts[len(parts)/2:])
}

// without is all units but some.
func (s *search) without(units engine.Set) engine.Set { return engine.All(len(s.units)).Minus(units) }
