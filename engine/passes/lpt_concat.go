package passes

import (
	"slices"
	"strconv"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// concat joins quantized values of one type, and their zero points and scales behind them. Source: ConcatTransformation.
func (l *lowering) concat(n *graph.Node) {
	r := l.r
	rank := len(n.Out[0].Shape)
	along := axis(number(n, "axis", 0), rank)
	list := make([]dequantization, len(n.In))
	anyZero := false
	for i, p := range n.In {
		d := r.dequantization(p)
		if d.empty() || !d.low() || d.data.Type() != r.dequantization(n.In[0]).data.Type() || !static(shape(p)) {
			return
		}
		if d.subtract != nil && !alongOnly(shape(d.zero), rank, along) || d.multiply != nil && !alongOnly(shape(d.scale), rank, along) {
			return
		}
		anyZero = anyZero || d.subtract != nil
		list[i] = d
	}
	var in, zeros, scales []graph.Port
	for i, d := range list {
		to := ones(rank)
		to[along] = shape(n.In[i])[along]
		in = append(in, d.data)
		zeros = append(zeros, r.spreadConstant(d.subtract, d.zero, 0, to))
		scales = append(scales, r.spreadConstant(d.multiply, d.scale, 1, to))
	}
	users := slices.Clone(r.readers(n))
	r.setAll(n, in...)
	n.Out[0].Type = in[0].Type()
	last := r.toF32(n.Name+"/DequantizationConvert", port(n), n)
	if anyZero {
		last = port(r.relaxedArithmetic("Subtract", n.Name+"/DequantizationSubtract", last, r.joined(n, zeros), n))
	}
	last = port(r.relaxedArithmetic("Multiply", n.Name+"/DequantizationMultyply", last, r.joined(n, scales), n)) // the plugin spells it so
	r.readBy(users, port(n), last)
	r.nameOfResult(last.Node, n)
}

// quantizeParts quantizes what a Concat joins instead of its result, where single numbers bound it. Source: MoveFakeQuantize.
func (r *rewriter) quantizeParts(fq *graph.Node) {
	concat := fq.In[:min(len(fq.In), 1)]
	if !r.quantizesTo8(fq) || concat[0].Node.Op != "Concat" || r.only(concat[0].Node) == nil || r.feedsResult(port(fq)) {
		return
	}
	for _, p := range fq.In[1:] {
		if elements(shape(p)) != 1 {
			return
		}
	}
	n := concat[0].Node
	parts := make([]graph.Port, len(n.In))
	for i, p := range n.In {
		q := r.make(fq.Op, fq.Opset, fq.Attrs, p, r.copied(fq.In[1]), r.copied(fq.In[2]), r.copied(fq.In[3]), r.copied(fq.In[4]))
		q.Name = fq.Name + "_" + strconv.Itoa(i+1)
		r.inherit(q, fq)
		parts[i] = port(q)
	}
	r.setAll(n, parts...)
	r.redirect(port(fq), port(n))
}

// alongOnly reports whether a constant varies along one axis of a value alone.
func alongOnly(s []int, rank, along int) bool {
	for i, d := range s {
		if d != 1 && i+rank-len(s) != along {
			return false
		}
	}
	return true
}

// spreadConstant is the constant of a step in f32 and of a shape; one of the neutral value where there is no step.
func (r *rewriter) spreadConstant(step *graph.Node, c graph.Port, neutral float32, to []int) graph.Port {
	if step == nil {
		c = r.floats(0, neutral)
	}
	return r.folded("Broadcast", "opset1", graph.Attrs{"mode": "numpy"}, r.asF32(c), r.ints(1, to...))
}

func (r *rewriter) joined(n *graph.Node, parts []graph.Port) graph.Port {
	return r.scalarIfSame(r.folded("Concat", "opset1", n.Attrs, parts...))
}

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
