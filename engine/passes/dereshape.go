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
	if a == nil || b == nil || !lastTwoKept(n) {
		return
	}
	inA, inB, outA := shape(a.In[0]), shape(b.In[0]), a.Out[0].Shape
	if batchesApart(inA, inB) > 1 || batchesApart(outA, b.Out[0].Shape) > 0 || batchesApart(outA, shape(n.In[0])) > 0 || batchesApart(inA, n.Out[0].Shape) > 1 {
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
	if n.Op != "Reshape" || r.only(n) == nil || !lastTwoKept(n) {
		return nil
	}
	return n
}

// lastTwoKept reports whether a Reshape keeps the last two dimensions.
func lastTwoKept(n *graph.Node) bool {
	in, out := shape(n.In[0]), n.Out[0].Shape
	return static(in) && static(out) && len(in) > 1 && len(out) > 1 && slices.Equal(in[len(in)-2:], out[len(out)-2:])
}

// batchesApart is the number of dimensions but the last two in which shapes of one rank differ, and more than there can be for other shapes.
func batchesApart(a, b []int) int {
	if len(a) != len(b) {
		return len(a) + len(b)
	}
	apart := 0
	for i := range len(a) - 2 {
		if a[i] != b[i] {
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
	before, after := shape(in.In[0]), n.Out[0].Shape
	if !static(before) || !static(after) || len(before) < 2 || len(before) != len(after) || !lastKept(before, shape(m.In[0])) ||
		!lastKept(after, m.Out[0].Shape) || !slices.Equal(before[:len(before)-1], after[:len(after)-1]) {
		return
	}
	r.set(m, 0, in.In[0])
	r.infer(m)
	r.bypass(n, port(m))
}

// lastKept reports whether two shapes have the same last dimension.
func lastKept(a, b []int) bool { return len(b) > 0 && a[len(a)-1] == b[len(b)-1] }
