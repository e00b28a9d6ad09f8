package bisect

import (
	"cmp"
	"math"
	"slices"

	"halfway/engine"
)

// probabilistic is probabilistic delta debugging (Wang et al., Probabilistic Delta Debugging, ESEC/FSE 2021): every unit has a probability of
// being needed; the units that can be dropped with the largest expected gain are dropped together, and a failure raises the probabilities of
// all of them. It adapts its chunks to what was found, where delta debugging halves them.
type probabilistic struct{}

func (probabilistic) probes(s *search, culprits int) int {
	n := len(s.live())
	return culprits*ceilLog2(n+1) + culprits*4
}

// certain is the probability from which on a unit counts as needed.
const certain = 1 - 1e-6

func (probabilistic) find(s *search) (keep engine.Set, ok bool, err error) {
	open, expected := s.live(), 1
	if s.best != nil {
		expected = s.best.Len()
	}
	if ok, err := s.repairs(engine.SetOf(open...)); err != nil || !ok {
		return engine.Set{}, false, err
	}
	needed := make([]float64, len(s.units))
	for _, u := range open {
		needed[u] = min(float64(expected)/float64(len(open)), 0.5)
	}
	for {
		drop := chooseDrop(open, needed)
		if len(drop) == 0 {
			break
		}
		gone := engine.SetOf(drop...)
		rest := slices.DeleteFunc(slices.Clone(open), gone.Has)
		ok, err := s.repairs(engine.SetOf(rest...))
		if err != nil {
			return engine.Set{}, false, err
		}
		if ok {
			open = rest
			continue
		}
		update(drop, needed)
	}
	return engine.SetOf(open...), true, nil
}

// chooseDrop sorts open by need, and returns those of its first units that make number times probability of success largest.
func chooseDrop(open []int, needed []float64) []int {
	slices.SortStableFunc(open, func(a, b int) int { return cmp.Compare(needed[a], needed[b]) })
	success, best, size := 1.0, 0.0, 0
	for i, u := range open {
		if needed[u] >= certain {
			break
		}
		success *= 1 - needed[u]
		if gain := float64(i+1) * success; gain > best {
			best, size = gain, i+1
		}
	}
	return slices.Clone(open[:size])
}

// update is Bayes' rule for the units of a chunk of which one at least is needed.
func update(chunk []int, needed []float64) {
	none := 1.0
	for _, u := range chunk {
		none *= 1 - needed[u]
	}
	for _, u := range chunk {
		needed[u] = math.Min(needed[u]/(1-none), 1)
	}
}
