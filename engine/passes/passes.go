// Package passes rewrites a graph as the plugin's model-level transformations do before it counts nodes: they decide which nodes there are,
// of which type and under which name. One file a pass. A pass changes only what its description names and keeps the graph well-formed.
package passes

import (
	"fmt"
	"slices"
	"strings"

	"halfway/engine/graph"
)

// A pass rewrites g in place.
type pass func(g *graph.Graph)

// views are the lists of passes, in the order in which they run.
var views = map[string][]pass{
	"plain": {matMulToFullyConnected, fullyConnectedBias},
}

// Views returns the names of the views that Apply knows, sorted.
func Views() []string {
	var names []string
	for v := range views {
		names = append(names, v)
	}
	slices.Sort(names)
	return names
}

// Apply returns g as the named view shows it; g is not changed.
func Apply(g *graph.Graph, view string) (*graph.Graph, error) {
	list, ok := views[view]
	if !ok {
		return nil, fmt.Errorf("view %q is not known: there is %s", view, strings.Join(Views(), ", "))
	}
	c := g.Clone()
	for _, p := range list {
		p(c)
	}
	c.Prune()
	return c, nil
}

// constantPath tells, by node id, which values depend on constants alone.
func constantPath(g *graph.Graph) []bool {
	const unknown, yes, no = 0, 1, 2
	state := make([]uint8, len(g.Nodes))
	stack := slices.Clone(g.Nodes)
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		if state[n.ID] != unknown {
			stack = stack[:len(stack)-1]
			continue
		}
		verdict := uint8(yes)
		if n.Op == "Parameter" || n.Op == "ReadValue" || len(n.In) == 0 && n.Op != "Constant" {
			verdict = no
		}
		for _, p := range n.In {
			switch state[p.Node.ID] {
			case no:
				verdict = no
			case unknown:
				if verdict != no {
					verdict = unknown
				}
			}
		}
		if verdict == unknown {
			for _, p := range n.In {
				if state[p.Node.ID] == unknown {
					stack = append(stack, p.Node)
				}
			}
			continue
		}
		state[n.ID] = verdict
		stack = stack[:len(stack)-1]
	}
	constant := make([]bool, len(g.Nodes))
	for i, s := range state {
		constant[i] = s == yes
	}
	return constant
}
