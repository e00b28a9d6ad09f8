package passes

import (
	"strconv"

	"halfway/engine/graph"
)

// uniqueNames gives nodes of one name others, in counting order: the first keeps it, the next get _1, _2 and so on behind it.
// Source: ResolveNameCollisions.
func uniqueNames(r *rewriter) {
	taken := map[string]int{} // the last number that was given
	r.each(func(n *graph.Node) {
		if n.Op == "Result" {
			return
		}
		last, seen := taken[n.Name]
		if !seen {
			taken[n.Name] = 0
			return
		}
		if n.Fused == nil {
			n.Fused = []string{n.Name}
		}
		base := n.Name
		for seen {
			last++
			n.Name = base + "_" + strconv.Itoa(last)
			_, seen = taken[n.Name]
		}
		taken[base], taken[n.Name] = last, 0
		r.names[n.Name] = true
	})
}
