package onnx

import (
	"slices"

	"halfway/engine/graph"
	"halfway/engine/ops"
	"halfway/engine/tensor"
)

// ifNode chooses a branch now when the condition is known, since the branches then often have shapes that do not agree.
func ifNode(c *call) []graph.Port {
	if yes, ok := c.truth(c.input(0)); ok {
		return c.chosen(yes)
	}
	in := []graph.Port{c.convert(c.scalarShaped(0), tensor.Bool)}
	branches := c.branches()
	for _, b := range branches {
		in = c.catch(in, b)
		for i := range b.g.Results {
			b.output(i, i, -1, "")
		}
	}
	yes, no := branches[0], branches[1]
	if len(yes.g.Results) != len(no.g.Results) {
		c.fail("its branches have different numbers of outputs")
	}
	out := make([]ops.Arg, len(yes.g.Results))
	for i := range out {
		out[i] = yes.gives(i)
		other := no.gives(i)
		if other.Type != out[i].Type {
			c.fail("output %d is %s in one branch and %s in the other", i, out[i].Type, other.Type)
		}
		if !slices.Equal(out[i].Shape, other.Shape) {
			out[i].Shape = nil
		}
	}
	ports := c.withBodies("If", in, branches, out)
	for i, p := range ports {
		c.hint(p, alike(yes.dimsOf(i), no.dimsOf(i)))
	}
	return ports
}

// branches translates both branches. One that does not fit the shapes at hand is not an error unless it is taken, as long as the other fits.
func (c *call) branches() []*inner {
	branches, errs := make([]*inner, 2), make([]error, 2)
	for i, name := range []string{"then_branch", "else_branch"} {
		branches[i], errs[i] = c.translated(name, func(*scope) {})
	}
	for i, err := range errs {
		if err == nil {
			continue
		}
		if errs[1-i] != nil {
			c.check(err)
		}
		branches[i] = c.unavailable(branches[1-i], err)
	}
	return branches
}

// unavailable is a branch that gives what other gives, but only errors.
func (c *call) unavailable(other *inner, reason error) *inner {
	s := &scope{builder: c.model.newBuilder("", c.scope)}
	in := &call{scope: s, node: c.node}
	for i, r := range other.g.Results {
		p := in.op("Unavailable", graph.Attrs{"reason": reason.Error(), "output_type": other.gives(i).Type.String()})
		p.Node.Precise = true // no node of the model: not counted
		s.result(r.Name, p)
	}
	return &inner{s, &graph.Body{Graph: s.g}}
}

func (c *call) truth(p graph.Port) (yes, known bool) {
	v := c.known[p].Value
	if v == nil || v.Type != tensor.Bool || v.Len() != 1 {
		return false, false
	}
	return tensor.Data[bool](v)[0], true
}

// chosen translates one branch in the node's place.
func (c *call) chosen(yes bool) []graph.Port {
	name := "else_branch"
	if yes {
		name = "then_branch"
	}
	g := c.graph(name)
	s := c.nested(g)
	c.checkIn(name, s.fillNodes(g))
	var out []graph.Port
	for _, v := range g.outputs {
		p, err := s.lookup(v.name)
		c.check(err)
		out = append(out, p)
	}
	return out
}
