package bisect

import "halfway/engine"

// layered finds the roles that have to be kept, whole, then the units among them that have to: hierarchical delta debugging (Misherghi and
// Su, ICSE 2006). It takes few probes where the same module does harm in every layer.
type layered struct{}

func (layered) probes(s *search, culprits int) int {
	roles := len(s.roles(s.live()))
	return 2*(ceilLog2(roles+1)+1) + quickXplain{singles(s.live())}.probes(s, culprits)/2
}

func (layered) find(s *search) (keep engine.Set, ok bool, err error) {
	parts, err := quickXplain{s.roles(s.live())}.parts(s)
	if err != nil {
		return engine.Set{}, false, err
	}
	return quickXplain{singles(join(parts).Positions())}.find(s)
}

// roles divides units into parts of one role each, in the order of their first unit.
func (s *search) roles(units []int) []part {
	place := map[string]int{}
	var parts []part
	for _, u := range units {
		name := s.roleOf[u]
		i, ok := place[name]
		if !ok {
			i = len(parts)
			place[name] = i
			parts = append(parts, nil)
		}
		parts[i] = append(parts[i], u)
	}
	return parts
}
