package passes

import (
	"slices"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// keepIntegerWeights leaves the widening of integer weights in front of a MatMul, and of a table in front of a Gather, with what scales them.
// Source: MarkDequantization as the CPU plugin runs it for models that are not quantized.
func keepIntegerWeights(r *rewriter) {
	for _, n := range r.Nodes {
		if !r.dead[n.ID] && widensInteger(n) && r.leadsToWeights(n, 0) {
			r.unfold[n.ID] = true
		}
	}
}

// widensInteger reports whether n makes floats of a constant of integers of at most 8 bits.
func widensInteger(n *graph.Node) bool {
	return n.Op == "Convert" && isConstant(n.In[0]) && n.In[0].Type().IsInteger() && n.In[0].Type().Bits() <= 8 && n.In[0].Type() != tensor.Bool && n.Out[0].Type.IsFloat()
}

// maxWeightPath is the number of operations between weights and what reads them: zero point, scale, Reshape, Convert, Transpose.
const maxWeightPath = 5

// leadsToWeights reports whether n is scaled to what a MatMul multiplies by, or a Gather picks from.
func (r *rewriter) leadsToWeights(n *graph.Node, steps int) bool {
	return slices.ContainsFunc(r.readers(n), func(u use) bool {
		switch {
		case isOp(u.node, "MatMul"):
			return u.in == 1 && steps > 0
		case isOp(u.node, "Gather"):
			return u.in == 0 && steps > 0
		case isOp(u.node, "Subtract", "Multiply", "Reshape", "Convert", "Transpose"):
			return u.in == 0 && steps < maxWeightPath && r.leadsToWeights(u.node, steps+1)
		}
		return false
	})
}

// takeCompressed makes what widens integer weights a part of the FullyConnected or Gather that reads them, which is made of all that then. The
// built-in engine computes the weights once. Sources: ConvertFullyConnectedToFullyConnectedCompressed, ConvertGatherToGatherCompressed; which sizes have
// a kernel, FullyConnected::isSupportedCompressedOperation on processors without AMX.
func takeCompressed(r *rewriter) {
	var paths [][]*graph.Node
	r.each(func(n *graph.Node) {
		at := 0
		switch n.Op {
		case "FullyConnected":
			at = 1
		case "Gather":
		default:
			return
		}
		path, ok := r.weightPath(n.In[at])
		if !ok || n.Op == "FullyConnected" && !compressible(n, path) {
			return
		}
		paths = append(paths, path)
		from := slices.Concat(path, []*graph.Node{n})
		for i, p := range n.In {
			if i != at && (n.Op == "Gather" || i == 0) {
				from = append(from, beforeNarrowing(p.Node))
			}
		}
		r.inherit(n, from...)
		if t := n.In[at].Node; t.Op == "Transpose" {
			t.Name = r.generated("Transpose")
			r.inherit(t, n)
		}
	})
	for _, path := range paths {
		for _, n := range path {
			r.unfold[n.ID] = r.unfold[n.ID] && n.Op == "Transpose"
		}
	}
}

// beforeNarrowing is the parameter of which n is the narrowed copy, else n.
func beforeNarrowing(n *graph.Node) *graph.Node {
	if n.Op == "Convert" && n.Fused != nil && len(n.Fused) == 0 && n.In[0].Node.Op == "Parameter" {
		return n.In[0].Node
	}
	return n
}

// weightPath returns the nodes that give weights, from p to the integers that they are stored as, with the constants among their inputs.
func (r *rewriter) weightPath(p graph.Port) (path []*graph.Node, ok bool) {
	scaled := false
	for range maxWeightPath + 1 {
		n := p.Node
		path = append(path, n)
		for _, in := range n.In {
			if isConstant(in) {
				path = append(path, in.Node)
			}
		}
		switch {
		case widensInteger(n):
			return path, scaled
		case n.Op == "Multiply":
			scaled = true
		case !isOp(n, "Subtract", "Reshape", "Convert", "Transpose"):
			return nil, false
		}
		if slices.ContainsFunc(n.In[1:], func(in graph.Port) bool { return !isConstant(in) }) {
			return nil, false
		}
		p = n.In[0]
	}
	return nil, false
}

// compressible reports whether there is a kernel for the sizes: several columns, and groups of at least 4 rows with a scale of their own.
func compressible(n *graph.Node, path []*graph.Node) bool {
	w := shape(n.In[1])
	groups := 1
	for _, step := range path {
		if step.Op == "Multiply" && len(shape(step.In[0])) == 3 && len(w) == 2 {
			groups = shape(step.In[0])[1]
		}
	}
	rows, columns := w[len(w)-1], w[len(w)-2]
	return columns != 1 && rows%groups == 0 && rows/groups >= 4
}
