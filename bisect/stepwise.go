package bisect

import (
	"cmp"
	"math"
	"slices"

	"halfway/engine"
)

// stepwise keeps, one after the other, the unit that lowers the error most, until the rest passes. It chooses among those that do most harm
// alone or bring most relief alone. Each step tries only those again that lowered the error most when they were tried last: gains change
// slowly where errors add. It takes many probes and finds the smallest sets in networks whose errors accumulate.
type stepwise struct{}

// pool is how many units of each ranking are chosen among, retried how many of them in a step, maxSteps how many are kept at most.
const (
	pool     = 25
	retried  = 32
	maxSteps = 12
)

func (stepwise) probes(s *search, culprits int) int {
	return 2*len(s.live()) + (min(culprits, maxSteps)+1)/2*retried // it is for sets about half as large
}

// An offer is a unit with what it lowered the error's energy by when it was last tried.
type offer struct {
	unit int
	gain float64
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
	for range most {
		if err = w.try(s, keep, now, offers); err != nil || len(offers) == 0 || !(offers[0].gain > 0) {
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
				offers = append(offers, offer{unit: u})
			}
		}
	}
	return offers, nil
}

// try measures the first offers beside keep, with which there is the outcome now, and sorts all by gain.
func (stepwise) try(s *search, keep engine.Set, now outcome, offers []offer) error {
	var keeps []engine.Set
	for _, one := range offers[:min(len(offers), retried)] {
		keeps = append(keeps, keep.Union(engine.SetOf(one.unit)))
	}
	for i := range keeps {
		if err := s.expectRepairs(keeps[i:min(i+max(s.jobs, 1), len(keeps))]...); err != nil {
			return err
		}
		o, err := s.measure(s.enforced(keeps[i]))
		if err != nil {
			return err
		}
		if offers[i].gain, offers[i].o = s.excess(now)-s.excess(o), o; !o.Verdict.Answered() {
			offers[i].gain = math.Inf(-1)
		}
	}
	slices.SortStableFunc(offers, func(a, b offer) int { return cmp.Compare(b.gain, a.gain) })
	return nil
}
