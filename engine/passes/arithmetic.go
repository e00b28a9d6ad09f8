package passes

import (
	"halfway/engine/graph"
)

// negateSubtrahend writes a Subtract as an Add of the negated right side. Only constants are negated where constantOnly is set; then the
// constant is folded. Source: ConvertSubtract, ConvertSubtractWithConstant.
func negateSubtrahend(constantOnly bool) rule {
	return func(r *rewriter, n *graph.Node) bool {
		if n.Op != "Subtract" || !n.Out[0].Type.IsFloat() && !n.Out[0].Type.IsSigned() || constantOnly && !isConstant(n.In[1]) || r.dequantizes(n) {
			return false
		}
		steps := &chain{r: r, from: n}
		minus := steps.make("Multiply", "opset1", numpyBroadcast, n.In[1], steps.note(r.like(n.In[1], -1)))
		sum := steps.make("Add", "opset1", n.Attrs, n.In[0], minus)
		r.substitute(n, sum.Node)
		return true
	}
}

// dequantizes reports whether n subtracts a zero point from quantized values.
func (r *rewriter) dequantizes(n *graph.Node) bool {
	c := n.In[0].Node
	return c.Op == "Convert" && c.In[0].Type().Bits() <= 8 && c.In[0].Type().IsInteger()
}

// negate writes Negative as a multiplication. Source: ConvertNegative.
func negate(r *rewriter, n *graph.Node) bool {
	steps := &chain{r: r, from: n}
	m := steps.make("Multiply", "opset1", numpyBroadcast, n.In[0], steps.note(r.like(n.In[0], -1)))
	r.substitute(n, m.Node)
	return true
}

// divide writes a Divide of floats as the multiplication by a power; one over something is the power alone. Source: ConvertDivide,
// ConvertDivideWithConstant.
func divide(constantOnly bool) rule {
	return func(r *rewriter, n *graph.Node) bool {
		if !n.Out[0].Type.IsFloat() || constantOnly && !isConstant(n.In[1]) {
			return false
		}
		steps := &chain{r: r, from: n}
		inverse := steps.make("Power", "opset1", numpyBroadcast, n.In[1], steps.note(r.like(n.In[1], -1)))
		if r.uniform(n.In[0], 1) && fits(shape(n.In[0]), shape(n.In[1])) {
			r.substitute(n, inverse.Node)
			return true
		}
		r.substitute(n, steps.make("Multiply", "opset1", numpyBroadcast, n.In[0], inverse).Node)
		return true
	}
}

// like makes a scalar of the element type of p.
func (r *rewriter) like(p graph.Port, v float64) graph.Port {
	c := r.floats(0, float32(v))
	if p.Type() == c.Type() {
		return c
	}
	return r.folded("Convert", "opset1", graph.Attrs{"destination_type": p.Type().String()}, c)
}

// linearOps folds neighbouring additions of and multiplications by constants, and puts multiplications first. Source: LinOpSequenceFusion.
func linearOps(r *rewriter) {
	r.each(func(n *graph.Node) {
		for n != nil {
			n = r.joinLinear(n)
		}
	})
}

// joinLinear joins n with the operation before it; the result is a node to look at again.
func (r *rewriter) joinLinear(n *graph.Node) *graph.Node {
	if !isOp(n, "Add", "Multiply") {
		return nil
	}
	first, c2, ok := withConstant(n)
	if !ok || !isOp(first.Node, "Add", "Multiply") || r.only(first.Node) == nil {
		return nil
	}
	source, c1, ok := withConstant(first.Node)
	if !ok || source.Type() != c1.Type() || c1.Type() != c2.Type() {
		return nil
	}
	switch {
	case n.Op == first.Node.Op:
		both := r.folded(n.Op, "opset1", numpyBroadcast, c1, c2)
		joined := r.make(n.Op, "opset1", numpyBroadcast, source, both)
		r.inherit(both.Node, first.Node, n)
		r.inherit(joined, first.Node, n)
		r.substitute(n, joined)
		return joined
	case n.Op == "Multiply":
		product := r.make("Multiply", "opset1", numpyBroadcast, source, c2)
		bias := r.folded("Multiply", "opset1", numpyBroadcast, c1, c2)
		sum := r.make("Add", "opset1", numpyBroadcast, port(product), bias)
		for _, made := range []*graph.Node{product, bias.Node, sum} {
			r.inherit(made, first.Node, n)
		}
		r.substitute(n, sum)
		return product
	}
	return nil
}
