package bisect

import (
	"cmp"
	"slices"

	"halfway/engine"
)

// A part is units that a strategy keeps together.
type part []int

// singles makes each unit a part of its own.
func singles(units []int) []part {
	parts := make([]part, len(units))
	for i := range units {
		parts[i] = units[i : i+1 : i+1]
	}
	return parts
}

// join is the set of all units of some lists of parts.
func join(lists ...[]part) engine.Set {
	var s engine.Set
	for _, parts := range lists {
		for _, p := range parts {
			for _, u := range p {
				s.Add(u)
			}
		}
	}
	return s
}

// quickXplain finds parts none of which can be dropped, by divide and conquer (Junker, QUICKXPLAIN, AAAI 2004): about 2k log2(n/k) probes for k
// of n parts, whatever way they work together, if keeping more in f32 never does harm. It prefers the parts that come first.
type quickXplain struct {
	within []part // what to keep rather than anything else
}

func (q quickXplain) probes(_ *search, culprits int) int {
	return 2 * culprits * (ceilLog2((len(q.within)+culprits)/max(culprits, 1)) + 1)
}

func (q quickXplain) find(s *search) (keep engine.Set, ok bool, err error) {
	parts, err := q.parts(s)
	if err != nil {
		return engine.Set{}, false, err
	}
	keep = join(parts)
	ok, err = s.repairs(keep)
	return keep, ok, err
}

// parts returns the parts to keep. Where those within do not repair, the units that are in none of them come last.
func (q quickXplain) parts(s *search) ([]part, error) {
	from, all := q.within, join(q.within)
	ok, err := s.repairs(all)
	if err != nil {
		return nil, err
	}
	if !ok {
		for u := range s.units {
			if !all.Has(u) {
				from = append(from[:len(from):len(from)], part{u})
			}
		}
	}
	return q.explain(s, nil, false, from)
}

// explain returns members of from that repair together with base, none of which can be dropped. grown says that base has changed since it
// was last probed.
//
// Invariant: keeping base and from repairs.
func (q quickXplain) explain(s *search, base []part, grown bool, from []part) ([]part, error) {
	if grown {
		if done, err := s.repairs(join(base)); err != nil || done {
			return nil, err
		}
	}
	if len(from) <= 1 {
		return from, nil
	}
	first, second := from[:len(from)/2], from[len(from)/2:]
	if err := q.expect(s, base, first); err != nil {
		return nil, err
	}
	needed, err := q.explain(s, slices.Concat(base, first), true, second)
	if err != nil {
		return nil, err
	}
	more, err := q.explain(s, slices.Concat(base, needed), len(needed) > 0, first)
	return slices.Concat(more, needed), err
}

// expect announces what explain asks next: base with first, and, where that repairs, base with ever smaller parts of first.
func (q quickXplain) expect(s *search, base, first []part) error {
	var keeps []engine.Set
	for n := len(first); n > 0 && len(keeps) < s.jobs; n /= 2 {
		keeps = append(keeps, join(base, first[:n]))
	}
	return s.expectRepairs(keeps...)
}

// orders returns the units in each order that is worth a search: early nodes first, late nodes first, and where the objective is cost, cheap
// ones first. Units of which the scan has shown that they change no bit are left out.
func (s *search) orders() [][]int {
	forward := s.live()
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
