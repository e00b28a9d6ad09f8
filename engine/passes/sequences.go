package passes

import (
	"strconv"

	"halfway/engine/graph"
)

// unidirectional writes a bidirectional sequence of recurrent cells as a forward and a reverse one. The results are joined under the names
// `<name>.0`, `<name>.1` and so on. Source: BidirectionalSequenceDecomposition.
func unidirectional(r *rewriter, n *graph.Node) bool {
	if lower(n.Attrs["direction"]) != "bidirectional" {
		return false
	}
	states := 1
	if n.Op == "LSTMSequence" {
		states = 2
	}
	forward, reverse := make([]graph.Port, len(n.In)), make([]graph.Port, len(n.In))
	for i, p := range n.In {
		forward[i], reverse[i] = p, p
		if i == 0 || i == states+1 { // the input and its lengths serve both
			continue
		}
		at := 0
		if i <= states {
			at = 1
		}
		s := r.split(p, at, 2)
		r.inherit(s, n)
		forward[i], reverse[i] = graph.Port{Node: s}, graph.Port{Node: s, Out: 1}
	}
	halves := make([]*graph.Node, 2)
	for i, in := range [][]graph.Port{forward, reverse} {
		h := &graph.Node{Op: n.Op, Opset: n.Opset, Name: r.generated(n.Op), Attrs: withAttr(n.Attrs, "direction", []string{"forward", "reverse"}[i]),
			In: in, Out: make([]graph.Output, len(n.Out))}
		halves[i] = r.add(h)
		r.inherit(h, n)
		r.infer(h)
	}
	for o := range n.Out {
		c := r.make("Concat", "opset1", graph.Attrs{"axis": "1"}, graph.Port{Node: halves[0], Out: o}, graph.Port{Node: halves[1], Out: o})
		c.Name = n.Name + "." + strconv.Itoa(o)
		r.inherit(c, n)
		r.redirect(graph.Port{Node: n, Out: o}, port(c))
	}
	return true
}

// split makes a Split of p into equal parts.
func (r *rewriter) split(p graph.Port, axis, parts int) *graph.Node {
	s := r.add(&graph.Node{Op: "Split", Opset: "opset1", Name: r.generated("Split"), Attrs: graph.Attrs{"num_splits": strconv.Itoa(parts)},
		In: []graph.Port{p, r.ints(0, axis)}, Out: make([]graph.Output, parts), Fused: []string{}})
	r.infer(s)
	return s
}

// concatFusion takes the operands of a Concat along the same axis that n alone reads as n's own. Source: ConcatFusion.
func concatFusion(r *rewriter) {
	r.each(func(n *graph.Node) {
		if n.Op != "Concat" {
			return
		}
		rank := len(n.Out[0].Shape)
		var in []graph.Port
		for _, p := range n.In {
			inner := p.Node
			if inner.Op == "Concat" && r.only(inner) != nil && rank > 0 && axis(number(inner, "axis", 0), rank) == axis(number(n, "axis", 0), rank) {
				in = append(in, inner.In...)
			} else {
				in = append(in, p)
			}
		}
		if len(in) > len(n.In) {
			r.setAll(n, in...)
		}
	})
}

// reduceOfReshape makes a Reduce keep its dimensions when a Reshape gives them back. Source: ReduceReshapeFusion.
func reduceOfReshape(r *rewriter, n *graph.Node) bool {
	reduce := n.In[0].Node
	if graphType(reduce) != "Reduce" || flag(reduce, "keep_dims") || r.only(reduce) == nil || !isConstant(n.In[1]) {
		return false
	}
	s := shape(reduce.In[0])
	axes, ok := r.integers(reduce.In[1])
	if !ok || len(s) != len(n.Out[0].Shape) || s == nil {
		return false
	}
	kept := append([]int{}, s...)
	for _, a := range axes {
		if a = axis(a, len(s)); a < 0 || a >= len(s) { // nobody checks while a dimension is not known
			return false
		}
		kept[a] = 1
	}
	for i, d := range n.Out[0].Shape {
		if d != kept[i] {
			return false
		}
	}
	k := r.make(reduce.Op, reduce.Opset, withAttr(reduce.Attrs, "keep_dims", "true"), reduce.In...)
	r.inherit(k, n)
	r.substitute(n, k)
	return true
}
