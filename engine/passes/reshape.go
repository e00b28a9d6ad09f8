package passes

import (
	"slices"

	"halfway/engine/graph"
)

// reshapeOfReduce removes a Reshape to the shape that a Reduce has already.
func reshapeOfReduce(r *rewriter, n *graph.Node) bool {
	reduce := n.In[0].Node
	want, ok := r.integers(n.In[1])
	if !ok || graphType(reduce) != "Reduce" || r.only(n) == nil || len(shape(n.In[0])) != len(n.Out[0].Shape) || shape(n.In[0]) == nil {
		return false
	}
	axes, ok := r.integers(reduce.In[1])
	if !ok {
		return false
	}
	open := 0
	for i, d := range want {
		reduced := slices.ContainsFunc(axes, func(a int) bool { return axis(a, len(want)) == i })
		if !(d == 0 && flag(n, "special_zero")) && !(reduced && d == 1) {
			open++
		}
	}
	return open <= 1 && r.bypass(n, n.In[0])
}

func graphType(n *graph.Node) string { return graph.CPUType(n.Op) }

// reshapes are the operations that only change the shape.
var reshapes = []string{"Reshape", "Squeeze", "Unsqueeze"}

// uselessReshape removes a Reshape to the shape that its input has, and joins two in a row of which the first has no other reader.
func uselessReshape(r *rewriter, n *graph.Node) bool {
	in, out := shape(n.In[0]), n.Out[0].Shape
	if !static(in) || !static(out) {
		if !onlyFirstUnknown(in) || !onlyFirstUnknown(out) {
			return false
		}
	}
	if slices.Equal(in, out) {
		return r.bypass(n, n.In[0])
	}
	first := n.In[0].Node
	if !isOp(first, reshapes...) || r.only(first) == nil {
		return false
	}
	if source := shape(first.In[0]); static(source) && slices.Equal(source, out) {
		return r.bypass(n, first.In[0])
	}
	joined := r.reshape(first.In[0], out)
	r.inherit(joined, first, n)
	r.substitute(n, joined)
	return true
}

func onlyFirstUnknown(s []int) bool { return len(s) > 0 && s[0] == -1 && !slices.Contains(s[1:], -1) }

// reshape makes a Reshape of p to a shape of which at most one dimension is not known.
func (r *rewriter) reshape(p graph.Port, to []int) *graph.Node {
	n := r.make("Reshape", "opset1", graph.Attrs{"special_zero": "false"}, p, r.ints(1, to...))
	n.Out[0].Type, n.Out[0].Shape = p.Type(), slices.Clone(to)
	return n
}

// squeezeToReshape makes a Reshape of a Squeeze or Unsqueeze; a chain of these becomes one from its start.
func squeezeToReshape(r *rewriter, n *graph.Node) bool {
	out := n.Out[0].Shape
	unknown := 0
	for _, d := range out {
		if d == -1 {
			unknown++
		}
	}
	if len(out) == 0 || unknown > 1 {
		return squeezeOfUnsqueeze(r, n)
	}
	source, input := n.In[0], n.In[0].Node
	if isOp(input, reshapes...) {
		source = input.In[0]
	}
	if slices.Equal(shape(source), out) && unknown == 0 {
		r.inherit(n, input, n)
		return r.bypass(n, source)
	}
	s := r.reshape(source, out)
	r.inherit(s, n)
	r.substitute(n, s)
	return true
}

// squeezeOfUnsqueeze removes a pair over the same axes where the shape is not known well enough for a Reshape.
func squeezeOfUnsqueeze(r *rewriter, n *graph.Node) bool {
	input := n.In[0].Node
	pair := n.Op == "Squeeze" && input.Op == "Unsqueeze" || n.Op == "Unsqueeze" && input.Op == "Squeeze"
	if !pair || len(n.In) < 2 || len(input.In) < 2 {
		return false
	}
	a, okA := r.integers(n.In[1])
	b, okB := r.integers(input.In[1])
	return okA && okB && slices.Equal(a, b) && r.bypass(n, input.In[0])
}

// shapeOpAroundBinary moves a Reshape or Unsqueeze of a scalar to both operands of the arithmetic that gave it.
func shapeOpAroundBinary(r *rewriter, n *graph.Node) bool {
	b := n.In[0].Node
	if len(n.Out[0].Shape) != 1 || graphType(b) != "Eltwise" || len(b.In) != 2 || r.only(b) == nil || len(n.In) < 2 ||
		!isScalarShape(b.In[0]) || !isScalarShape(b.In[1]) || !isOp(b.In[0].Node, "Reshape", "Squeeze", "StridedSlice", "Gather") {
		return false
	}
	for i := range b.In {
		side := r.folded(n.Op, n.Opset, n.Attrs, b.In[i], n.In[1])
		r.inherit(side.Node, n)
		r.set(b, i, side)
	}
	r.infer(b)
	return r.bypass(n, port(b))
}

func isScalarShape(p graph.Port) bool { s := shape(p); return s != nil && len(s) == 0 }
