package bisect

import (
	"cmp"
	"slices"

	"halfway/engine"
)

// quickXplain finds a set of units none of which can be dropped, by divide and conquer (Junker, QUICKXPLAIN, AAAI 2004): about
// 2k log2(n/k) probes for k of n units, whatever way the units work together, if keeping more in f32 never does harm. It prefers the units
// that come first.
type quickXplain struct {
	within []int // units, those to keep rather than others first; keeping all of them repairs
}

func (q quickXplain) find(s *search) (keep engine.Set, ok bool, err error) {
	list, err := q.explain(s, nil, false, q.within)
	if err != nil {
		return engine.Set{}, false, err
	}
	keep = engine.SetOf(list...)
	ok, err = s.repairs(keep)
	return keep, ok, err
}

// explain returns members of from that repair together with base, none of which can be dropped. grown says that base has changed since it
// was last probed.
//
// Invariant: keeping base and from repairs.
func (q quickXplain) explain(s *search, base []int, grown bool, from []int) ([]int, error) {
	if grown {
		if done, err := s.repairs(engine.SetOf(base...)); err != nil || done {
			return nil, err
		}
	}
	if len(from) <= 1 {
		return from, nil
	}
	first, second := from[:len(from)/2], from[len(from)/2:]
	needed, err := q.explain(s, slices.Concat(base, first), true, second)
	if err != nil {
		return nil, err
	}
	more, err := q.explain(s, slices.Concat(base, needed), len(needed) > 0, first)
	return slices.Concat(more, needed), err
}

// orders returns all units in each order that is worth a search: early nodes first, late nodes first, and where the objective is cost, cheap
// ones first.
func (s *search) orders() [][]int {
	forward := make([]int, len(s.units))
	for u := range forward {
		forward[u] = u
	}
	backward, cheap := slices.Clone(forward), slices.Clone(forward)
	slices.Reverse(backward)
	if s.Objective != "cost" {
		return [][]int{forward, backward}
	}
	slices.SortStableFunc(cheap, func(a, b int) int {
		return cmp.Or(cmp.Compare(s.units[a].macs, s.units[b].macs), cmp.Compare(s.units[a].bytes, s.units[b].bytes))
	})
	return [][]int{cheap, forward, backward}
}
