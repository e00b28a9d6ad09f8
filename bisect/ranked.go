package bisect

import (
	"cmp"
	"slices"

	"halfway/engine"
)

// ranked keeps the units that a measurement blames most, as few of them as repair, and drops what is not needed, the least blamed first.
// It is for errors that accumulate: no unit is guilty by itself, but some add more than others, and keeping those takes the fewest.
type ranked struct{ by ranking }

// A ranking says what units are ranked by.
type ranking int

const (
	byForecast ranking = iota // the share in the error that the engine forecasts: costs no probe
	byGain                    // what the error grows by where the scan of CNTs adds the unit: costs no probe
	byHarm                    // the error with the unit alone enforced: one probe a unit
	byRelief                  // what the error falls by when the unit alone is kept: one probe a unit
)

func (r ranked) probes(s *search, culprits int) int {
	live := len(s.live())
	n := 2*ceilLog2(live+1) + 2*culprits*2
	if (r.by == byHarm || r.by == byRelief) && !s.measured[r.by] {
		n += live
	}
	return n
}

func (r ranked) find(s *search) (keep engine.Set, ok bool, err error) {
	order, err := r.order(s)
	if err != nil || len(order) == 0 {
		return engine.Set{}, false, err
	}
	top, err := s.shortest(order)
	if err != nil || top == nil {
		return engine.Set{}, false, err
	}
	if len(top) > fewEnough {
		return quickXplain{singles(top)}.find(s)
	}
	keep, err = s.dropFrom(engine.SetOf(top...), top, 1)
	return keep, true, err
}

// fewEnough is up to how many units are tried one by one for dropping, the least blamed first, which leaves fewer than halving does.
const fewEnough = 64

// order lists the units, the most blamed first; none when no unit is blamed.
func (r ranked) order(s *search) ([]int, error) {
	blame := make([]float64, len(s.units))
	units := s.live()
	for i, u := range units {
		b, err := r.blame(s, u, units[i:])
		if err != nil {
			return nil, err
		}
		blame[u] = b
	}
	s.measured[r.by] = true
	slices.SortStableFunc(units, func(a, b int) int { return cmp.Compare(blame[b], blame[a]) })
	if len(units) == 0 || !(blame[units[0]] > 0) {
		return nil, nil
	}
	return units, nil
}

// blame measures unit u; those after it are next.
func (r ranked) blame(s *search, u int, next []int) (float64, error) {
	switch r.by {
	case byHarm:
		if err := s.expectAlone(next); err != nil {
			return 0, err
		}
		o, err := s.measure(s.members(engine.SetOf(u)))
		return s.energy(o), err
	case byRelief:
		if err := s.expectRepairs(one(next, s.jobs)...); err != nil {
			return 0, err
		}
		o, err := s.measure(s.enforced(engine.SetOf(u)))
		return s.energy(s.full) - s.energy(o), err
	}
	gain := 0.0
	for _, p := range s.units[u].members {
		if r.by == byForecast {
			if s.expected != nil {
				gain += s.expected[p]
			}
			continue
		}
		o, known := s.counts[s.rank[p]]
		before, too := s.counts[s.rank[p]-1]
		if known && too && s.listed() {
			gain += max(s.energy(o)-s.energy(before), 0)
		}
	}
	return gain, nil
}

// energies are the squares of the errors of all outputs, as the rules see them: errors that know nothing of each other add in them. They are
// bounded so that differences are numbers.
func (s *search) energies(o outcome) []float64 {
	bounded := func(ratio float64) float64 { return min(ratio, 1e30) * min(ratio, 1e30) }
	w, ok := s.judge.(weigher)
	if !ok || len(o.Metrics) == 0 {
		return []float64{bounded(o.ratio)}
	}
	var list []float64
	for _, m := range o.Metrics {
		list = append(list, bounded(w.errorOf(m.Output, o.Metrics)))
	}
	return list
}

// energy is their sum.
func (s *search) energy(o outcome) float64 {
	sum := 0.0
	for _, e := range s.energies(o) {
		sum += e
	}
	return sum
}

// excess says how far a set is from repairing: it is led by the worst output, and the others count where that does not change.
func (s *search) excess(o outcome) float64 {
	sum := 0.0
	for _, e := range s.energies(o) {
		sum += e * e * e * e
	}
	return sum
}

// one makes a set of each of the first n units.
func one(units []int, n int) []engine.Set {
	var sets []engine.Set
	for _, u := range units[:min(len(units), max(n, 0))] {
		sets = append(sets, engine.SetOf(u))
	}
	return sets
}

// expectAlone announces that units are to be enforced alone, each by itself.
func (s *search) expectAlone(units []int) error {
	sets := one(units, s.jobs)
	for i := range sets {
		sets[i] = s.members(sets[i])
	}
	return s.expect(sets...)
}

// shortest returns as few of the first units of order as repair: doubled until they do, then bisected. nil means that all of them do not.
func (s *search) shortest(order []int) ([]int, error) {
	lo, hi := 0, 1
	for ; ; hi = min(2*hi, len(order)) {
		ok, err := s.repairs(engine.SetOf(order[:hi]...))
		if err != nil || !ok && hi == len(order) {
			return nil, err
		}
		if ok {
			break
		}
		lo = hi
	}
	for hi-lo > 1 {
		mid := lo + (hi-lo)/2
		ok, err := s.repairs(engine.SetOf(order[:mid]...))
		if err != nil {
			return nil, err
		}
		if ok {
			hi = mid
		} else {
			lo = mid
		}
	}
	return order[:hi], nil
}
