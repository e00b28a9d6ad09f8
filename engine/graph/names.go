package graph

import "strconv"

// UniqueNames gives nodes of one name others, in the given order: the first keeps it, the next get _1, _2 and so on behind it. It calls renamed,
// if not nil, for each that gets another, with the name that it had. Results keep theirs. Source: OpenVINO's ResolveNameCollisions.
func UniqueNames(order []*Node, renamed func(n *Node, old string)) {
	taken := map[string]int{} // the last number that was given
	for _, n := range order {
		if n.Op == "Result" {
			continue
		}
		base := n.Name
		last, seen := taken[base]
		if !seen {
			taken[base] = 0
			continue
		}
		for seen {
			last++
			n.Name = base + "_" + strconv.Itoa(last)
			_, seen = taken[n.Name]
		}
		taken[base], taken[n.Name] = last, 0
		if renamed != nil {
			renamed(n, base)
		}
	}
}
