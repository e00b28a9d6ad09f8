package passes

import (
	"slices"
	"strings"

	"halfway/engine/graph"
)

// build puts a Subgraph in the place of each group.
func (t *tokenizer) build() {
	for _, g := range t.groups {
		if len(g.members) == 0 || t.err != nil {
			continue
		}
		t.subgraph(g)
	}
}

// subgraph makes the node of a group: its body holds copies of the members, with the constants that go inside.
func (t *tokenizer) subgraph(g *group) {
	body := &graph.Graph{Name: g.name, File: t.File}
	n := &graph.Node{Op: "Subgraph", Opset: "SnippetsOpset", Name: g.name, Fused: []string{}}
	copies := map[graph.Port]graph.Port{}
	for _, p := range g.inputs {
		now, ok := t.now[p]
		if !ok {
			now = p
		}
		n.In = append(n.In, now)
		param := body.Insert(&graph.Node{Op: "Parameter", Opset: "opset1", Name: p.Node.Name, Out: []graph.Output{p.Node.Out[p.Out]}})
		body.Params = append(body.Params, param)
		copies[p], copies[now] = port(param), port(param)
	}
	t.copyMembers(g, body, copies)
	for _, o := range g.outputs {
		inner := copies[port(o)]
		result := body.Insert(&graph.Node{Op: "Result", Opset: "opset1", Name: o.Name + "/sink", In: []graph.Port{inner}, Out: []graph.Output{inner.Node.Out[0]}})
		body.Results = append(body.Results, result)
		n.Out = append(n.Out, o.Out[0])
	}
	t.softmaxWithoutReshapes(body)
	n.Bodies = []*graph.Body{{Graph: body, Inputs: portMaps(len(g.inputs)), Outputs: portMaps(len(g.outputs))}}
	n.Layers = g.layers()
	t.add(n)
	t.inherit(n, g.members...)
	for i, o := range g.outputs {
		t.now[port(o)] = graph.Port{Node: n, Out: i}
		t.redirect(port(o), t.now[port(o)])
	}
}

// layers lists the members in the order in which they came together. Behind those of attention and products in a row the plugin leaves a comma.
func (g *group) layers() string {
	names := make([]string, len(g.members))
	for i, m := range g.members {
		names[i] = m.Name
	}
	list := strings.Join(names, ",")
	if g.completed {
		list += ","
	}
	return list
}

func portMaps(count int) []graph.PortMap {
	maps := make([]graph.PortMap, count)
	for i := range maps {
		maps[i] = graph.PortMap{External: i, Internal: i, Axis: -1, End: -1, Stride: 1, PartSize: 1}
	}
	return maps
}

// copyMembers adds the members to the body, depth-first from its outputs, inputs in order.
func (t *tokenizer) copyMembers(g *group, body *graph.Graph, copies map[graph.Port]graph.Port) {
	member := map[*graph.Node]bool{}
	for _, m := range g.members {
		member[m] = true
	}
	done := map[*graph.Node]bool{}
	stack := slices.Clone(g.outputs)
	slices.Reverse(stack)
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		if done[n] {
			stack = stack[:len(stack)-1]
			continue
		}
		ready := true
		for _, p := range slices.Backward(n.In) {
			if member[p.Node] && !done[p.Node] {
				stack, ready = append(stack, p.Node), false
			}
		}
		if !ready {
			continue
		}
		stack = stack[:len(stack)-1]
		done[n] = true
		c := *n
		c.In, c.Control = nil, nil
		for _, p := range n.In {
			if _, ok := copies[p]; !ok {
				inner := *p.Node // a constant that goes inside
				copies[p] = graph.Port{Node: body.Insert(&inner)}
			}
			c.In = append(c.In, copies[p])
		}
		if n.Op == "FakeQuantize" && t.constantRanges(n) {
			copies[port(n)] = t.spellQuantization(body, n, c.In)
			continue
		}
		copies[port(n)] = graph.Port{Node: body.Insert(&c)}
	}
}

// softmaxWithoutReshapes removes Reshapes around a Softmax that only join the dimensions before the last and take them apart again.
// Source: SoftmaxReshapeElimination.
func (t *tokenizer) softmaxWithoutReshapes(body *graph.Graph) {
	for _, n := range body.Nodes {
		if n.Op != "Reshape" || n.In[0].Node.Op != "Softmax" || n.In[0].Node.In[0].Node.Op != "Reshape" {
			continue
		}
		softmax := n.In[0].Node
		source := softmax.In[0].Node.In[0]
		if !slices.Equal(shape(source), n.Out[0].Shape) {
			continue
		}
		n.Op, n.Opset, n.Name = "Softmax", "opset1", t.generated("Softmax")
		n.Attrs = graph.Attrs{"axis": itoa(len(n.Out[0].Shape) - 1)}
		n.In = []graph.Port{source}
		body.Prune()
		return
	}
}
