package passes

import (
	"slices"

	"halfway/engine/graph"
)

// dereshape removes the Reshapes around a MatMul that join its leading dimensions and take them apart again.
// Sources: DeReshapeMatMul, DeReshapeFullyConnected.
func dereshape(r *rewriter) {
	r.each(r.dereshapeBatches)
	r.each(r.dereshapeRows)
}

// dereshapeBatches removes the Reshapes that join batch dimensions in front of both operands and take those of the result apart. An operand may
// be scaled behind its Reshape.
func (r *rewriter) dereshapeBatches(n *graph.Node) {
	if n.Op != "Reshape" || n.In[0].Node.Op != "MatMul" || r.only(n.In[0].Node) == nil {
		return
	}
	m := n.In[0].Node
	a, b := r.batchReshape(m.In[0]), r.batchReshape(m.In[1])
	if a == nil || b == nil || !r.lastTwoKept(n) {
		return
	}
	inA, outA := a.In[0], port(a)
	if r.batchesApart(inA, b.In[0]) > 1 || r.batchesApart(outA, port(b)) > 0 || r.batchesApart(outA, n.In[0]) > 0 || r.batchesApart(inA, port(n)) > 1 {
		return
	}
	for i, reshape := range []*graph.Node{a, b} {
		operand := m.In[i].Node
		r.bypass(reshape, reshape.In[0])
		if operand != reshape {
			r.infer(operand)
		}
	}
	r.infer(m)
	r.bypass(n, port(m))
}

// batchReshape returns the Reshape, read once, that keeps the last two dimensions and gives p, or what is scaled by one number to p.
func (r *rewriter) batchReshape(p graph.Port) *graph.Node {
	n := p.Node
	if isOp(n, arithmetic...) && r.only(n) != nil {
		switch {
		case elements(shape(n.In[1])) == 1:
			n = n.In[0].Node
		case elements(shape(n.In[0])) == 1 && isOp(n, commutative...):
			n = n.In[1].Node
		}
	}
	if n.Op != "Reshape" || r.only(n) == nil || !r.lastTwoKept(n) {
		return nil
	}
	return n
}

// lastTwoKept reports whether a Reshape keeps the last two dimensions.
func (r *rewriter) lastTwoKept(n *graph.Node) bool {
	in, out := r.dims(n.In[0]), r.dims(port(n))
	return len(in) > 1 && len(out) > 1 && slices.EqualFunc(in[len(in)-2:], out[len(out)-2:], r.equal)
}

// batchesApart is the number of dimensions but the last two in which values of one rank differ, and more than there can be for others.
func (r *rewriter) batchesApart(p, q graph.Port) int {
	a, b := r.dims(p), r.dims(q)
	if len(a) != len(b) || a == nil {
		return len(a) + len(b) + 2
	}
	apart := 0
	for i := range len(a) - 2 {
		if !r.equal(a[i], b[i]) {
			apart++
		}
	}
	return apart
}

// dereshapeRows removes them around a MatMul with weights of two dimensions.
func (r *rewriter) dereshapeRows(n *graph.Node) {
	if n.Op != "Reshape" || n.In[0].Node.Op != "MatMul" || r.only(n.In[0].Node) == nil {
		return
	}
	m := n.In[0].Node
	in := m.In[0].Node
	if in.Op != "Reshape" || flag(m, "transpose_a") || len(shape(m.In[1])) != 2 || isConstant(m.In[0]) {
		return
	}
	before, after := r.dims(in.In[0]), r.dims(port(n))
	if len(before) < 2 || len(before) != len(after) || !r.lastKept(before, r.dims(m.In[0])) || !r.lastKept(after, r.dims(port(m))) ||
		!slices.EqualFunc(before[:len(before)-1], after[:len(after)-1], r.equal) {
		return
	}
	r.set(m, 0, in.In[0])
	r.infer(m)
	r.bypass(n, port(m))
}

// lastKept reports whether two values have the same last dimension.
func (r *rewriter) lastKept(a, b []dim) bool { return len(b) > 0 && r.equal(a[len(a)-1], b[len(b)-1]) }
