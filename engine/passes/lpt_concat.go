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

// quantizeParts quantizes what a Concat joins instead of its result, where single numbers bound it; the conversion to integers and the
// dequantization behind it go along. Source: MoveFakeQuantize.
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
	steps := append([]*graph.Node{fq}, r.dequantizedBelow(fq)...)
	parts := make([]graph.Port, len(n.In))
	for i, p := range n.In {
		for _, step := range steps {
			in := []graph.Port{p}
			for _, c := range step.In[1:] {
				in = append(in, r.cloned(c))
			}
			q := r.make(step.Op, step.Opset, step.Attrs, in...)
			q.Name = step.Name + "_" + strconv.Itoa(i+1)
			r.inherit(q, step)
			p = port(q)
		}
		parts[i] = p
	}
	r.setAll(n, parts...)
	r.redirect(port(steps[len(steps)-1]), port(n))
}

// dequantizedBelow are the steps behind fq if a Convert to integers and a dequantization by single numbers follow, each read by the next alone.
// Source: NetworkHelper::getDequantizationBelow.
func (r *rewriter) dequantizedBelow(fq *graph.Node) []*graph.Node {
	var steps []*graph.Node
	for n := r.only(fq); n != nil; n = r.only(n) {
		steps = append(steps, n)
		d := r.dequantization(port(n))
		switch {
		case n.Op == "Multiply" && d.multiply == n && d.convert != nil && d.data == port(steps[0]) && d.low() && r.dequantizesAlike(d):
			return steps
		case len(steps) == 1 && n.Op == "Convert" && isByte(n.Out[0].Type), n.Op == "Convert" && n == d.convert, n == d.subtract:
		default:
			return nil
		}
	}
	return nil
}

// dequantizesAlike reports whether d has single numbers alone.
func (r *rewriter) dequantizesAlike(d dequantization) bool {
	return elements(shape(d.scale)) == 1 && (d.subtract == nil || elements(shape(d.zero)) == 1)
}

// cloned is a copy of a constant, or of the Convert of one.
func (r *rewriter) cloned(p graph.Port) graph.Port {
	if p.Node.Op != "Convert" {
		return r.copied(p)
	}
	c := r.make("Convert", p.Node.Opset, p.Node.Attrs, r.copied(p.Node.In[0]))
	r.inherit(c, p.Node)
	r.unfold[c.ID] = true
	return port(c)
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
