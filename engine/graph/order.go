package graph

import "fmt"

// Order returns the nodes in the order in which the plugin counts them, that of OpenVINO's Model::get_ordered_ops: depth-first from the
// results, sinks and parameters, which are taken from the end (the last parameter is emitted first); of each node the control dependencies
// come before input 0, that before input 1, and so on; a node is emitted once all that it depends on is. Nodes that nothing of this
// reaches are left out. A cycle is an error that names one of its nodes.
func (g *Graph) Order() ([]*Node, error) {
	var stack []*Node
	stack = append(stack, g.Results...)
	stack = append(stack, g.Sinks...)
	stack = append(stack, g.Params...)

	const unseen, open, done = 0, 1, 2
	state := make([]uint8, len(g.Nodes))
	order := make([]*Node, 0, len(g.Nodes))
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		if state[n.ID] == done {
			stack = stack[:len(stack)-1]
			continue
		}
		before := len(stack)
		for i := len(n.In) - 1; i >= 0; i-- {
			if dep := n.In[i].Node; state[dep.ID] != done {
				stack = append(stack, dep)
			}
		}
		for _, dep := range n.Control {
			if state[dep.ID] != done {
				stack = append(stack, dep)
			}
		}
		switch {
		case len(stack) == before:
			order = append(order, n)
			state[n.ID] = done
			stack = stack[:len(stack)-1]
		case state[n.ID] == open: // on top again, and yet something that it needs is not done
			return nil, fmt.Errorf("%s: node %q (%s) is part of a cycle", g.File, n.Name, n.Op)
		default:
			state[n.ID] = open
		}
	}
	return order, nil
}
