package graph

import "slices"

// Clone returns a copy of g whose nodes can be rewritten without changing g. Constants, attributes and bodies are shared.
func (g *Graph) Clone() *Graph {
	c := &Graph{Name: g.Name, File: g.File, Nodes: make([]*Node, len(g.Nodes))}
	for i, n := range g.Nodes {
		m := *n
		m.In = slices.Clone(n.In)
		m.Control = slices.Clone(n.Control)
		m.Out = slices.Clone(n.Out)
		c.Nodes[i] = &m
	}
	for _, n := range c.Nodes {
		for i, p := range n.In {
			n.In[i].Node = c.Nodes[p.Node.ID]
		}
		for i, d := range n.Control {
			n.Control[i] = c.Nodes[d.ID]
		}
	}
	twins := func(nodes []*Node) []*Node {
		r := make([]*Node, len(nodes))
		for i, n := range nodes {
			r[i] = c.Nodes[n.ID]
		}
		return r
	}
	c.Params, c.Results, c.Sinks = twins(g.Params), twins(g.Results), twins(g.Sinks)
	return c
}

// Insert adds n, whose inputs are set, to g and gives it its id.
func (g *Graph) Insert(n *Node) *Node {
	n.ID = len(g.Nodes)
	g.Nodes = append(g.Nodes, n)
	return n
}

// Redirect makes the readers of from read to instead.
func (g *Graph) Redirect(from, to Port, readers []*Node) {
	for _, r := range readers {
		for i, p := range r.In {
			if p == from {
				r.In[i] = to
			}
		}
	}
}

// Prune drops the nodes that no result, sink or parameter depends on, and renumbers the rest in their order.
func (g *Graph) Prune() {
	live := make([]bool, len(g.Nodes))
	stack := slices.Concat(g.Results, g.Sinks, g.Params)
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if live[n.ID] {
			continue
		}
		live[n.ID] = true
		for _, p := range n.In {
			stack = append(stack, p.Node)
		}
		stack = append(stack, n.Control...)
	}
	kept := g.Nodes[:0]
	for _, n := range g.Nodes {
		if live[n.ID] {
			kept = append(kept, n)
		}
	}
	clear(g.Nodes[len(kept):])
	g.Nodes = kept
	for i, n := range g.Nodes {
		n.ID = i
	}
}
