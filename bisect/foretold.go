package bisect

import (
	"cmp"
	"slices"

	"halfway/engine"
)

// foretold keeps the units that an engine forecasts to make the error, as few of them as should repair, and what only passes values on between
// them: kept in f32 alone, a unit hands a value on that the next one rounds as it would have. While that does not repair, the run that shows it
// forecasts who does the harm now. It drops what is not needed, the least blamed first.
type foretold struct{}

func (foretold) probes(s *search, culprits int) int { return rounds + culprits }

// What foretold keeps should leave an error over its tolerance of at most margin, else of at most closer; errors that are not finite leave no share
// below leastLeft. After that it takes a new forecast, so many in all at most.
const (
	margin    = 0.5
	closer    = 0.1
	leastLeft = 1e-4
	rounds    = 8
	few       = 8 // units that are not too much of a small network
)

func (f foretold) find(s *search) (keep engine.Set, ok bool, err error) {
	var list []int
	now := blamed{s.expected, s.full.ratio}
	for range rounds {
		before, from := list, now
		for _, left := range []float64{margin, closer} {
			more := f.more(s, engine.SetOf(before...), from, left)
			if len(before)+len(more) <= len(list) {
				continue
			}
			list = slices.Concat(before, more)
			if now, ok, err = f.try(s, engine.SetOf(list...)); err != nil {
				return engine.Set{}, false, err
			} else if ok {
				keep, err = s.dropFrom(engine.SetOf(list...), list, 1)
				return keep, true, err
			}
		}
		if len(list) == len(before) {
			break
		}
	}
	return engine.Set{}, false, nil
}

// blamed is an error over its tolerance, and by position who is expected to have made what share of it.
type blamed struct {
	expected []float64
	error    float64
}

// try probes keep, and says who makes the error that is left.
func (foretold) try(s *search, keep engine.Set) (now blamed, ok bool, err error) {
	set := s.enforced(keep)
	replayed := s.journal.find(set, 0, s.order[0]) != nil
	if ok, err = s.repairs(keep); ok || err != nil {
		return now, ok, err
	}
	work := s.work
	shares, err := s.forecast(set, s.order[0])
	if err != nil {
		return now, false, err
	}
	if replayed { // it repeats what was counted then
		s.work = work
	}
	o, err := s.glance(set)
	return blamed{s.apportion(shares, o), o.ratio}, false, err
}

// more is what to keep beside keep, with which the error is that of now, so that so much of the tolerance is left: what is to be dropped first at its
// end; nothing where that would be much of the network.
func (foretold) more(s *search, keep engine.Set, now blamed, left float64) []int {
	share, sum := make([]float64, len(s.units)), 0.0
	for p, e := range now.expected {
		if u := s.unitOf[p]; u >= 0 && !keep.Has(u) {
			share[u] += e
			sum += e
		}
	}
	order := s.without(keep).Positions()
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(share[b], share[a]) })
	most := max(left*left/(now.error*now.error), leastLeft) * sum
	n := 0
	for rest := sum; rest > most && n < len(order); n++ {
		rest -= share[order[n]]
	}
	chosen, size := order[:n:n], n+keep.Len()
	if n == 0 || size > maxExcluded || size > max(len(s.units)/4, min(len(s.units)/2, few)) {
		return nil
	}
	ends := append(keep.Positions(), chosen...)
	return append(chosen, s.between(ends, func(u int) bool { return share[u] == 0 && !keep.Has(u) })...)
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
