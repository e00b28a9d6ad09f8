package passes

import (
	"slices"
	"strconv"

	"halfway/engine/graph"
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
