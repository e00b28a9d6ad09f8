package bisect

import (
	"cmp"
	"math"
	"slices"

	"halfway/engine"
)

// stepwise keeps, one after the other, the unit that lowers the error most, until the rest passes. It chooses among those that do most harm
// alone or bring most relief alone. What a unit lowered when it was last tried is taken for the most that it can lower now, so that only
// units that may still be the best are tried again (Minoux's lazy greedy algorithm, 1978).
type stepwise struct{}

// pool is how many units of each ranking are chosen among, maxSteps how many are kept at most.
const (
	pool     = 25
	maxSteps = 16
)

func (stepwise) probes(s *search, culprits int) int {
	return 2*len(s.live()) + 2*pool + min(culprits, maxSteps)*pool/2
}

// An offer is a unit with what it lowered the error's energy by when it was last tried, in which step, and what that showed.
type offer struct {
	unit int
	gain float64
	step int
	o    outcome
}

func (w stepwise) find(s *search) (keep engine.Set, ok bool, err error) {
	offers, err := w.offers(s)
	if err != nil {
		return engine.Set{}, false, err
	}
	most := maxSteps
	if s.best != nil {
		most = min(most, s.best.Len())
	}
	now := s.full
	for step := range most {
		if offers, err = w.best(s, keep, now, offers, step); err != nil || len(offers) == 0 {
			return keep, false, err
		}
		keep, now = keep.Union(engine.SetOf(offers[0].unit)), offers[0].o
		if offers = offers[1:]; now.Verdict == Pass {
			ok, err := s.repairs(keep)
			return keep, ok, err
		}
	}
	return keep, false, nil
}

// offers are the units that lead one of the rankings.
func (stepwise) offers(s *search) ([]offer, error) {
	var offers []offer
	chosen := engine.NewSet(len(s.units))
	for _, by := range []ranking{byRelief, byHarm} {
		order, err := ranked{by}.order(s)
		if err != nil {
			return nil, err
		}
		for _, u := range order[:min(len(order), pool)] {
			if !chosen.Has(u) {
				chosen.Add(u)
				offers = append(offers, offer{unit: u, gain: math.Inf(1), step: -1})
			}
		}
	}
	return offers, nil
}

// best tries offers beside keep, with which there is the outcome now, until the best of them was tried in this step. It comes first.
func (stepwise) best(s *search, keep engine.Set, now outcome, offers []offer, step int) ([]offer, error) {
	for len(offers) > 0 && offers[0].step != step {
		first := &offers[0]
		o, err := s.measure(s.enforced(keep.Union(engine.SetOf(first.unit))))
		if err != nil {
			return nil, err
		}
		first.gain, first.step, first.o = energy(now)-energy(o), step, o
		if !o.Verdict.Answered() {
			offers = offers[1:]
		}
		slices.SortStableFunc(offers, func(a, b offer) int { return cmp.Compare(b.gain, a.gain) })
	}
	return offers, nil
}
