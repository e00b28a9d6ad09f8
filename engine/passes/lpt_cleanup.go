package passes

import (
	"math"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// cleanUp takes away what the transformations left: a Convert of a constant that is subtracted, a Convert before arithmetic, arithmetic behind a
// FakeQuantize, and a FakeQuantize that changes nothing. Source: FoldConvertTransformation, FuseConvertTransformation,
// FuseSubtractToFakeQuantizeTransformation, FuseMultiplyToFakeQuantizeTransformation, EliminateFakeQuantizeTransformation.
func (l *lowering) cleanUp(n *graph.Node) {
	if n.Op == "FakeQuantize" && l.r.changesNothing(n) {
		l.r.inherit(n.In[0].Node, n.In[0].Node, n)
		l.r.redirect(port(n), n.In[0])
		return
	}
	if n.Op == "Subtract" && l.r.foldConverts(n) {
		return // the others have had their turn
	}
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
	if n.Op == "Add" || isByte(n.In[1].Type()) || fq.Op != "FakeQuantize" || r.only(fq) == nil || !r.channelwise(n, n.In[0], n.In[1]) || !r.constantRanges(fq) ||
		!slices.Equal(fq.Out[0].Shape, n.Out[0].Shape) {
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

// foldConverts makes constants of the Converts of constants that n reads, and reports whether there were any.
func (r *rewriter) foldConverts(n *graph.Node) bool {
	some := false
	for i, p := range n.In {
		if p.Node.Op == "Convert" && isConstant(p.Node.In[0]) {
			r.set(n, i, r.asF32(p.Node.In[0]))
			some = true
		}
	}
	return some
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

// changesNothing reports whether fq maps 8-bit integers to themselves.
func (r *rewriter) changesNothing(fq *graph.Node) bool {
	t := fq.Out[0].Type
	if !isByte(t) || fq.In[0].Type() != t || !r.constantRanges(fq) {
		return false
	}
	levels := number(fq, "levels", 0)
	low, high := quantizedRange(t, levels)
	slack := float64(high/float32(levels) - low/float32(levels))
	for i, want := range []float32{low, high, low, high} {
		values, _ := r.numbers(fq.In[1+i])
		for _, v := range values {
			d := math.Abs(v - float64(want))
			if i >= 2 && d > epsilon || d > slack || d > epsilon && !r.quantizesTo(fq, v, float64(want)) {
				return false
			}
		}
	}
	return true
}

// epsilon is that of f32.
const epsilon = 1.0 / (1 << 23)

// quantizesTo reports whether fq makes want of v, with ranges of one number.
func (r *rewriter) quantizesTo(fq *graph.Node, v, want float64) bool {
	value := r.vector(ones(len(fq.Out[0].Shape)), []float32{float32(v)})
	y := r.fold(r.make("FakeQuantize", "opset1", fq.Attrs, append([]graph.Port{value}, fq.In[1:]...)...))
	if y == nil {
		return false
	}
	got, ok := r.numbers(port(y[0]))
	return ok && !slices.ContainsFunc(got, func(x float64) bool { return math.Abs(x-want) > epsilon })
}
