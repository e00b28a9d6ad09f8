package bisect

import "halfway/engine"

// maxExcluded is how many units bisection with exclusion keeps before it gives up; patience how many of them may do no harm alone. Units that
// turn the verdict one after the other, but not alone, accumulate, and are no more to blame than what they came after.
const (
	maxExcluded = 48
	patience    = 12
)

// exclusion is bisection on CNT with the culprits found so far kept in f32: it finds the first CNT that still fails, keeps the node that it
// adds, and so on until all may be enforced.
type exclusion struct{}

func (exclusion) probes(s *search, culprits int) int {
	return culprits * (ceilLog2(len(s.units)+1) + 1)
}

func (exclusion) find(s *search) (keep engine.Set, ok bool, err error) {
	lo := -1
	if f := s.result.First; f != nil {
		keep.Add(s.unitOf[s.firstAt])
		lo = f.Count
	}
	innocent := 0
	for range maxExcluded {
		done, err := s.repairs(keep)
		if err != nil || done {
			return keep, done, err
		}
		full, err := s.glance(s.enforced(keep))
		if err != nil {
			return keep, false, err
		}
		k, found, err := s.bisectionWithout(s.kept(keep), full.ratio).edge(min(lo, s.last()-1), s.last())
		if err != nil || !found {
			return keep, false, err
		}
		added, err := s.added(k)
		if err != nil {
			return keep, false, err
		}
		for _, p := range added {
			keep.Add(s.unitOf[p])
			v, err := s.decide(s.members(engine.SetOf(s.unitOf[p])))
			if err != nil {
				return keep, false, err
			}
			if !v.Bad() {
				innocent++
			}
		}
		if lo = k; innocent > patience {
			return keep, false, nil
		}
	}
	return keep, false, nil
}

// bisectionWithout is that of the CNTs with some candidates kept, where enforcing all others makes such an error.
func (s *search) bisectionWithout(kept engine.Set, full float64) bisection {
	g := s.guide(kept)
	g.measured(s.last(), full)
	test := func(k int) (outcome, error) {
		set, err := s.cnt(k)
		if o := unanswered(err); o != nil {
			return *o, nil
		} else if err != nil {
			return outcome{}, err
		}
		return s.glance(set.Minus(kept))
	}
	return bisection{test, func(ks []int) error { return s.expectCounts(ks, kept) }, g}
}
