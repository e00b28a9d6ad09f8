package onnx

import (
	"fmt"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/ops"
)

func init() {
	register("If", ifNode)
	register("Loop", loop)
	register("Scan", scan)
}

// inner is a translated body with the outer values that it reads.
type inner struct {
	*scope
	body *graph.Body
}

// translated makes a body of a graph attribute. params adds the parameters that the operator defines.
func (c *call) translated(name string, params func(s *scope)) (*inner, error) {
	s, err := c.body(c.graph(name), params)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &inner{s, &graph.Body{Graph: s.g}}, nil
}

// graph is a graph attribute, which must be given.
func (c *call) graph(name string) *graphProto {
	a := c.attr(name)
	if a == nil || a.g == nil {
		c.fail("attribute %s is missing", name)
	}
	return a.g
}

// catch makes the outer values that a body reads inputs of the node, after those that are there.
func (c *call) catch(in []graph.Port, b *inner) []graph.Port {
	for _, name := range b.order {
		p, err := c.lookup(name)
		c.check(err)
		at := slices.Index(in, p)
		if at < 0 {
			at = len(in)
			in = append(in, p)
		}
		b.input(at, b.caught[name].Node, -1)
	}
	return in
}

// input maps input number external of the node to a parameter of the body.
func (b *inner) input(external int, param *graph.Node, axis int) {
	b.body.Inputs = append(b.body.Inputs, graph.PortMap{External: external, Internal: slices.Index(b.g.Params, param), Axis: axis, Start: 0, End: -1,
		Stride: 1, PartSize: 1})
}

func (b *inner) output(external, result, axis int, purpose string) {
	b.body.Outputs = append(b.body.Outputs, graph.PortMap{External: external, Internal: result, Axis: axis, Start: 0, End: -1, Stride: 1, PartSize: 1,
		Purpose: purpose})
}

// withBodies adds a node that has bodies; what is known of its outputs is given.
func (c *call) withBodies(op string, in []graph.Port, bodies []*inner, out []ops.Arg) []graph.Port {
	n := &graph.Node{Op: op, Opset: "opset8", In: in}
	for _, b := range bodies {
		n.Bodies = append(n.Bodies, b.body)
	}
	c.g.Insert(n)
	n.Name = fmt.Sprintf("%s_%d", op, n.ID)
	ports := make([]graph.Port, len(out))
	for o, a := range out {
		n.Out = append(n.Out, graph.Output{Type: a.Type, Shape: a.Shape})
		ports[o] = graph.Port{Node: n, Out: o}
		c.known[ports[o]] = a
	}
	return ports
}

// gives is what is known of result i of a body.
func (b *inner) gives(i int) ops.Arg {
	a := b.known[b.g.Results[i].In[0]]
	a.Value = nil
	return a
}

// dimsOf are the dimensions of result i of a body.
func (b *inner) dimsOf(i int) []int { return b.dims(b.g.Results[i].In[0]) }

// nested is the scope of a graph whose nodes join those around it.
func (c *call) nested(p *graphProto) *scope {
	return &scope{builder: c.builder, parent: c.scope, values: map[string]graph.Port{}, types: p.values, opsets: c.opsets, attrs: c.attrs, depth: c.depth}
}
