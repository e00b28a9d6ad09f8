package passes

import (
	"slices"

	"halfway/engine/graph"
)

// prepareShapeOps moves a Reshape or Unsqueeze of a scalar to both operands of the arithmetic that gave it. Source: PrepareShapeOpsForEliminationAroundBE.
var prepareShapeOps = rules(map[string][]rule{"Reshape": {shapeOpAroundBinary}, "Unsqueeze": {shapeOpAroundBinary}})

// absSinking takes the absolute value of shapes away, which are none below zero. Source: AbsSinking.
func absSinking(r *rewriter) {
	r.each(func(n *graph.Node) {
		if n.Op != "Abs" || len(n.Out[0].Shape) != 1 {
			return
		}
		list := []*graph.Node{n}
		if c := n.In[0].Node; c.Op == "Concat" {
			list = nil
			for i, p := range c.In {
				a := r.folded("Abs", "opset1", nil, p)
				r.inherit(a.Node, n)
				r.set(c, i, a)
				if a.Node.Op == "Abs" {
					list = append(list, a.Node)
				}
			}
			r.infer(c)
			r.bypass(n, port(c))
		}
		for _, a := range list {
			if v := r.partialAt(a.In[0]); v != nil && v.nonNegative() {
				r.bypass(a, a.In[0])
			}
		}
	})
}

// nonNegative reports whether no element of v is below zero.
func (v *partial) nonNegative() bool {
	for _, t := range v.trials {
		if slices.ContainsFunc(asNumbers(t), func(x float64) bool { return x < 0 }) {
			return false
		}
	}
	return true
}

// gatherUnsqueeze gathers one element as a list where it is made one behind it. Source: EliminateGatherUnsqueeze.
func gatherUnsqueeze(r *rewriter) {
	scalar := func(n *graph.Node) bool { return isScalarShape(port(n)) && r.only(n) != nil }
	r.each(func(n *graph.Node) {
		if !isOp(n, "Unsqueeze", "Reshape") || len(n.Out[0].Shape) != 1 {
			return
		}
		g, binary := n.In[0].Node, (*graph.Node)(nil)
		if !isOp(g, "Gather") && scalar(g) && graphType(g) == "Eltwise" && len(g.In) == 2 {
			for _, p := range g.In {
				if p.Node.Op == "Gather" && binary == nil {
					binary, g = g, p.Node
				}
			}
		}
		if g.Op != "Gather" || !scalar(g) {
			return
		}
		index := r.folded("Reshape", "opset1", graph.Attrs{"special_zero": "false"}, g.In[1], r.ints(1, 1))
		r.inherit(index.Node, n, g)
		r.inherit(g, n, g)
		r.set(g, 1, index)
		r.infer(g)
		if binary != nil {
			r.infer(binary)
		}
		r.bypass(n, n.In[0])
	})
}

// groupedGathers makes one Gather of neighbouring ones from the same value in a Concat. Source: GroupedGatherElimination.
func groupedGathers(r *rewriter) {
	r.each(func(n *graph.Node) {
		if n.Op != "Concat" || len(n.Out[0].Shape) != 1 {
			return
		}
		in := slices.Clone(n.In)
		for i := 0; i+1 < len(in); {
			a, b := in[i].Node, in[i+1].Node
			if a.Op != "Gather" || b.Op != "Gather" || a.Opset != b.Opset || a.In[0] != b.In[0] {
				i++
				continue
			}
			if isScalarShape(a.In[1]) || isScalarShape(b.In[1]) || a.In[1].Type() != b.In[1].Type() {
				return
			}
			steps := &chain{r: r, from: n}
			joint := steps.make("Concat", "opset1", graph.Attrs{"axis": "0"}, a.In[1], b.In[1])
			g := steps.note(port(r.make("Gather", a.Opset, a.Attrs, a.In[0], joint, r.ints(0, 0))))
			in = slices.Delete(in, i, i+1)
			in[i] = g
		}
		switch {
		case len(in) == 1 && len(n.In) > 1:
			r.bypass(n, in[0])
		case len(in) < len(n.In):
			c := r.make("Concat", "opset1", graph.Attrs{"axis": "0"}, in...)
			r.inherit(c, n)
			r.substitute(n, c)
		}
	})
}

// simplifyGatherShapeOf takes the shape of what is gathered from, and of the indices, in place of the shape of a Gather.
// Source: SimplifyGatherShapeOf.
func simplifyGatherShapeOf(r *rewriter) {
	r.each(func(n *graph.Node) {
		if n.Op != "ShapeOf" || n.In[0].Node.Op != "Gather" {
			return
		}
		g := n.In[0].Node
		at, ok := r.scalar(g.In[2])
		data, indices := shape(g.In[0]), shape(g.In[1])
		if !ok || data == nil || indices == nil || number(g, "batch_dims", 0) != 0 {
			return
		}
		a := axis(int(at), len(data))
		steps := &chain{r: r, from: n}
		of := func(p graph.Port) graph.Port {
			return steps.note(port(r.make("ShapeOf", "opset3", graph.Attrs{"output_type": n.Out[0].Type.String()}, p)))
		}
		whole := of(g.In[0])
		part := func(list []int) graph.Port {
			return steps.note(port(r.make("Gather", "opset8", graph.Attrs{"batch_dims": "0"}, whole, r.ints(1, list...), r.ints(0, 0))))
		}
		axes := upTo(len(data))
		if len(indices) == 0 {
			r.substitute(n, part(slices.Delete(axes, a, a+1)).Node)
			return
		}
		var in []graph.Port
		if a > 0 {
			in = append(in, part(axes[:a]))
		}
		in = append(in, of(g.In[1]))
		if a+1 < len(axes) {
			in = append(in, part(axes[a+1:]))
		}
		r.substitute(n, steps.note(port(r.make("Concat", "opset1", graph.Attrs{"axis": "0"}, in...))).Node)
	})
}

// shapeOfInReshape writes dimensions that a Reshape takes over from its input, by gathering them from its shape, as zeros.
// Source: SimplifySecondInputOfReshape.
func shapeOfInReshape(r *rewriter) {
	r.each(func(n *graph.Node) {
		if n.Op != "Reshape" || n.In[1].Node.Op != "Concat" || !static(shape(n.In[1])) || len(shape(n.In[1])) != 1 {
			return
		}
		data := n.In[0]
		if d := data.Node; d.Op == "FakeQuantize" || graphType(d) == "Eltwise" && len(d.In) == 1 {
			data = d.In[0]
		}
		c := n.In[1].Node
		in, ok := r.zerosFor(n, c, data)
		if !ok {
			return
		}
		pattern := r.folded("Concat", "opset1", c.Attrs, in...)
		r.inherit(pattern.Node, c)
		pattern.Node.Name = c.Name
		re := r.make("Reshape", n.Opset, graph.Attrs{"special_zero": "true"}, n.In[0], pattern)
		r.inherit(re, n)
		r.substitute(n, re)
	})
}

// zerosFor returns the operands of c, the pattern of n, with zeros for those that gather dimensions of data at their own places.
func (r *rewriter) zerosFor(n, c *graph.Node, data graph.Port) (in []graph.Port, some bool) {
	place := 0
	for _, p := range c.In {
		g := p.Node
		list, constant := []int(nil), false
		if g.Op == "Gather" {
			list, constant = r.integers(g.In[1])
		}
		if !constant || g.In[0].Node.Op != "ShapeOf" || g.In[0].Node.In[0] != data {
			if v, ok := r.integers(p); !flag(n, "special_zero") && (!ok || slices.Contains(v, 0)) {
				return nil, false
			}
			place += shape(p)[0]
			in = append(in, p)
			continue
		}
		ordered := true
		for _, at := range list {
			ordered = ordered && at == place
			place++
		}
		if ordered {
			p = r.constantLike(p, make([]int, len(list)))
			some = true
		}
		in = append(in, p)
	}
	return in, some
}

// constantLike makes a constant of integers with the type of p.
func (r *rewriter) constantLike(p graph.Port, values []int) graph.Port {
	c := r.ints(1, values...)
	if c.Type() == p.Type() {
		return c
	}
	return r.folded("Convert", "opset1", graph.Attrs{"destination_type": p.Type().String()}, c)
}
