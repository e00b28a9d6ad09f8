package bisect

import (
	"cmp"
	"slices"

	"halfway/engine"
)

// foretold keeps the units that an engine forecasts to make the error, as few of them as should repair, and what only passes values on between
// them: kept in f32 alone, a unit hands a value on that the next one rounds as it would have. It drops what is not needed, the least blamed first.
// One or two probes tell whether a forecast is right; the others find what can be dropped.
type foretold struct{}

func (foretold) probes(s *search, culprits int) int { return 2 + culprits }

// What foretold keeps should leave an error over its tolerance of at most margin, then of at most closer; errors that are not finite leave no share
// below leastLeft.
const (
	margin    = 0.5
	closer    = 0.1
	leastLeft = 1e-4
)

func (f foretold) find(s *search) (keep engine.Set, ok bool, err error) {
	for _, left := range []float64{margin, closer} {
		list := f.list(s, left)
		if keep = engine.SetOf(list...); len(list) == 0 {
			break
		}
		if ok, err = s.repairs(keep); err != nil || !ok {
			continue
		}
		keep, err = s.dropFrom(keep, list, 1)
		return keep, true, err
	}
	return engine.Set{}, false, err
}

// list is what to keep so that so much of the tolerance is left, what is to be dropped first at its end; nothing where that is much of the network.
func (foretold) list(s *search, left float64) []int {
	share, sum := make([]float64, len(s.units)), 0.0
	for p, e := range s.expected {
		if u := s.unitOf[p]; u >= 0 {
			share[u] += e
			sum += e
		}
	}
	order := make([]int, len(s.units))
	for u := range order {
		order[u] = u
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(share[b], share[a]) })
	most := max(left*left/(s.full.ratio*s.full.ratio), leastLeft) * sum
	n := 0
	for rest := sum; rest > most && n < len(order); n++ {
		rest -= share[order[n]]
	}
	if chosen := order[:n]; 4*n <= len(s.units) && n <= maxExcluded {
		return append(s.between(chosen, func(u int) bool { return share[u] == 0 }), chosen...)
	}
	return nil
}

// between lists the units that pass on what one of some units makes to another of them, where all on the way there do no more than that.
func (s *search) between(units []int, passes func(u int) bool) []int {
	from, by := s.neighbours()
	behind, before := s.reached(units, by, passes), s.reached(units, from, passes)
	return behind.Intersect(before).Positions()
}

// reached is the set of units that are reached from some over edges through units that pass.
func (s *search) reached(units []int, edges [][]int, passes func(u int) bool) engine.Set {
	found := engine.NewSet(len(s.units))
	for open := slices.Clone(units); len(open) > 0; {
		u := open[len(open)-1]
		open = open[:len(open)-1]
		for _, v := range edges[u] {
			if passes(v) && !found.Has(v) {
				found.Add(v)
				open = append(open, v)
			}
		}
	}
	return found
}
