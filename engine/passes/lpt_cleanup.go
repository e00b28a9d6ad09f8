package passes

import (
	"slices"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// cleanUp takes away what the transformations left: a Convert before arithmetic, and arithmetic behind a FakeQuantize.
// Source: FuseConvertTransformation, FuseSubtractToFakeQuantizeTransformation, FuseMultiplyToFakeQuantizeTransformation.
func (l *lowering) cleanUp(n *graph.Node) {
	if !isOp(n, "Multiply", "Subtract", "Add") || len(n.In) != 2 || l.isConstantPath(n) || !isConstant(n.In[1]) {
		return
	}
	r := l.r
	if c := n.In[0].Node; c.Op == "Convert" && isByte(c.In[0].Type()) && n.Out[0].Type == tensor.F32 && r.nonNegative(n, c) && !r.decompresses(n) {
		r.inherit(n, c, n)
		r.set(n, 0, c.In[0])
		relaxedInF32(n, tensor.F32)
	}
	fq := n.In[0].Node
	if n.Op == "Add" || isByte(n.In[1].Type()) || fq.Op != "FakeQuantize" || r.only(fq) == nil || !r.channelwise(n, n.In[0], n.In[1]) || !r.constantRanges(fq) {
		return
	}
	c := r.asF32(n.In[1])
	low, high := r.folded(n.Op, "opset1", numpyBroadcast, fq.In[3], c), r.folded(n.Op, "opset1", numpyBroadcast, fq.In[4], c)
	n.Op, n.Opset, n.Attrs, n.Name = fq.Op, fq.Opset, fq.Attrs, fq.Name
	n.Fused = nil
	n.Fused = append(n.Fused, fq.Fused...)
	r.setAll(n, fq.In[0], fq.In[1], fq.In[2], low, high)
	relaxed(n, tensor.F32)
}

// decompresses reports whether n dequantizes what MatMuls alone read: the plugin takes that for the decompression of weights.
func (r *rewriter) decompresses(n *graph.Node) bool {
	if n.Op == "Subtract" {
		if n = r.only(n); n == nil || n.Op != "Multiply" {
			return false
		}
	}
	return n.Op == "Multiply" && !slices.ContainsFunc(r.readers(n), func(u use) bool { return u.node.Op != "MatMul" })
}

// nonNegative reports whether the zero point that n subtracts is a number of the type that c converts.
func (r *rewriter) nonNegative(n, c *graph.Node) bool {
	if n.Op != "Subtract" || c.In[0].Type() == tensor.I8 {
		return true
	}
	v, ok := r.numbers(n.In[1])
	return ok && !slices.ContainsFunc(v, func(x float64) bool { return x < 0 })
}
