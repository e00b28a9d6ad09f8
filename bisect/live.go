package bisect

// live lists the units that are not known to change no bit, in counting order. A unit is idle when its engine knows all its members to be inert, or
// when every CNT that adds one gives the bits of the CNT before: it is an integer node, works on a constant, or rounds what is rounded already.
// What does nothing after the nodes before it may do something without them, so no answer rests on a unit being idle: it is only looked at last.
func (s *search) live() []int {
	idle := make([]bool, len(s.units))
	for u, unit := range s.units {
		idle[u] = true
		for _, p := range unit.members {
			idle[u] = idle[u] && (s.candidates[p].Inert || s.listed() && s.sameBits(s.rank[p]))
		}
	}
	var live []int
	for u := range s.units {
		if !idle[u] {
			live = append(live, u)
		}
	}
	return live
}

// sameBits reports whether CNT=k is known to give the bits of CNT=k-1.
func (s *search) sameBits(k int) bool {
	o, known := s.counts[k]
	before, too := s.counts[k-1]
	return known && too && o.key != "" && o.key == before.key
}
