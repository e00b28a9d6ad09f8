package passes

import (
	"slices"

	"halfway/engine/graph"
)

// transposeMatMul turns Transposes of a MatMul's operands that swap the last two dimensions into its attributes. Source: TransposeMatMul.
func transposeMatMul(r *rewriter) {
	r.each(func(n *graph.Node) {
		if n.Op != "MatMul" {
			return
		}
		a, b := r.swapsLast(n.In[0].Node), r.swapsLast(n.In[1].Node)
		if !a && !b {
			return
		}
		sources := []*graph.Node{n}
		for side, attr := range []string{"transpose_a", "transpose_b"} {
			if side == 0 && !a || side == 1 && !b {
				continue
			}
			t := n.In[side].Node
			sources = append(sources, t)
			n.Attrs = withAttr(n.Attrs, attr, boolText(!flag(n, attr)))
			r.inherit(n, sources...)
			r.set(n, side, t.In[0])
		}
	})
}

func boolText(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// swapsLast reports whether n is a Transpose of the last two dimensions alone.
func (r *rewriter) swapsLast(n *graph.Node) bool {
	if n.Op != "Transpose" {
		return false
	}
	order, ok := r.integers(n.In[1])
	if !ok || len(order) < 2 {
		return false
	}
	want := upTo(len(order))
	slices.Reverse(want[len(want)-2:])
	return slices.Equal(order, want)
}

// transposeSinking joins two Transposes in a row, and quantizes, converts and reduces before transposing. Source: TransposeSinking.
func transposeSinking(r *rewriter) {
	r.each(func(n *graph.Node) {
		r.quantizeFirst(n)
		r.convertFirst(n)
		r.reduceTransposed(n)
	})
	r.each(func(n *graph.Node) {
		if n.Op != "Transpose" || n.In[0].Node.Op != "Transpose" || r.only(n.In[0].Node) == nil {
			return
		}
		first := n.In[0].Node
		o1, ok1 := r.integers(first.In[1])
		o2, ok2 := r.integers(n.In[1])
		if !ok1 || !ok2 || len(o1) != len(o2) {
			return
		}
		both := make([]int, len(o1))
		for i, d := range o2 {
			if d = axis(d, len(o1)); d < 0 || d >= len(o1) { // nobody checks while a dimension is not known
				return
			}
			both[i] = o1[d]
		}
		if slices.Equal(both, upTo(len(both))) {
			r.bypass(n, first.In[0])
			return
		}
		r.inherit(n, first, n)
		order := r.ints(1, both...)
		r.inherit(order.Node, n)
		r.setAll(n, first.In[0], order)
	})
}

// quantizeFirst puts a FakeQuantize by single numbers before the Transpose that feeds it alone; the Transpose takes its name. One that is
// converted to integers stays.
func (r *rewriter) quantizeFirst(n *graph.Node) {
	t := n.In
	if n.Op != "FakeQuantize" || t[0].Node.Op != "Transpose" || r.only(t[0].Node) == nil || r.feeds(n, "Convert") {
		return
	}
	for _, p := range t[1:] {
		if elements(shape(p)) != 1 {
			return
		}
	}
	first := t[0].Node
	fq := r.make("FakeQuantize", n.Opset, n.Attrs, append([]graph.Port{first.In[0]}, t[1:]...)...)
	r.inherit(fq, n, first)
	r.inherit(n, n, first)
	n.Op, n.Opset, n.Attrs = first.Op, first.Opset, first.Attrs
	r.setAll(n, port(fq), first.In[1])
}

// convertFirst puts a Convert before the Transpose that feeds it alone; the Transpose takes its name.
func (r *rewriter) convertFirst(n *graph.Node) {
	if n.Op != "Convert" || n.In[0].Node.Op != "Transpose" || r.only(n.In[0].Node) == nil || !isConstant(n.In[0].Node.In[1]) {
		return
	}
	t := n.In[0].Node
	r.sink(n, t, r.make(n.Op, n.Opset, n.Attrs, t.In[0]), t.In[1])
}

// reduceTransposed reduces, or squeezes, before the Transpose that feeds it alone; the Transpose of what is left takes its name.
func (r *rewriter) reduceTransposed(n *graph.Node) {
	t := n.In
	if graphType(n) != "Reduce" && n.Op != "Squeeze" || len(t) != 2 || t[0].Node.Op != "Transpose" || r.only(t[0].Node) == nil {
		return
	}
	order, ok := r.integers(t[0].Node.In[1])
	axes, okAxes := r.integers(n.In[1])
	if !ok || !okAxes || len(axes) == 0 || !isPermutation(order) {
		return
	}
	from := make([]int, len(axes))
	for i, a := range axes {
		if axes[i] = axis(a, len(order)); axes[i] < 0 || axes[i] >= len(order) {
			return
		}
		from[i] = order[axes[i]]
	}
	left := t[0].Node.In[1]
	if n.Op == "Squeeze" || !flag(n, "keep_dims") {
		left = r.ints(1, without(order, axes)...)
	}
	r.sink(n, t[0].Node, r.make(n.Op, n.Opset, n.Attrs, t[0].Node.In[0], r.ints(1, from...)), left)
}

// sink puts early, and a Transpose behind it, into the place of n, which read the Transpose t.
func (r *rewriter) sink(n, t, early *graph.Node, order graph.Port) {
	late := r.make("Transpose", "opset1", nil, port(early), order)
	r.inherit(early, n, t)
	r.inherit(late, n, t)
	early.Precise = n.Precise
	r.substitute(n, late)
}

func isPermutation(order []int) bool {
	sorted := slices.Clone(order)
	slices.Sort(sorted)
	return slices.Equal(sorted, upTo(len(order)))
}

// without is the order of the dimensions that are left when those at the given places go.
func without(order, places []int) []int {
	var left []int
	for i, d := range order {
		if !slices.Contains(places, i) {
			left = append(left, d)
		}
	}
	sorted := slices.Clone(left)
	slices.Sort(sorted)
	for i, d := range left {
		left[i] = slices.Index(sorted, d)
	}
	return left
}

// transposeToReshape makes a Reshape of a Transpose that only moves dimensions of size 1. Source: TransposeToReshape.
func transposeToReshape(r *rewriter) {
	r.each(func(n *graph.Node) { transposeOfOnes(r, n) })
}

func transposeOfOnes(r *rewriter, n *graph.Node) bool {
	if n.Op != "Transpose" {
		return false
	}
	s := shape(n.In[0])
	order, ok := r.integers(n.In[1])
	if !ok || !static(s) || len(order) != len(s) {
		return false
	}
	last := -1
	for _, d := range order {
		if d = axis(d, len(s)); s[d] == 1 {
			continue
		}
		if d < last {
			return false
		}
		last = d
	}
	if slices.Equal(s, n.Out[0].Shape) {
		return r.bypass(n, n.In[0])
	}
	re := r.reshape(n.In[0], n.Out[0].Shape)
	r.inherit(re, n)
	r.substitute(n, re)
	return true
}

// reshapeSequence joins Reshapes in a row of which the first has no other reader. Source: ReshapeSequenceFusion.
func reshapeSequence(r *rewriter) {
	r.each(func(n *graph.Node) { joinReshapes(r, n) })
}

func joinReshapes(r *rewriter, n *graph.Node) bool {
	if !r.plainReshape(n) {
		return false
	}
	nodes := []*graph.Node{n}
	source := n.In[0]
	for r.plainReshape(source.Node) && r.only(source.Node) != nil {
		nodes = append(nodes, source.Node)
		source = source.Node.In[0]
	}
	if len(nodes) == 1 {
		return false
	}
	if static(shape(source)) && slices.Equal(shape(source), n.Out[0].Shape) && r.bypass(n, source) {
		return true
	}
	r.inherit(n, nodes...)
	r.set(n, 0, source)
	return true
}

// plainReshape reports whether n is a Reshape to a shape that is spelt out: no -1 or 0 in it.
func (r *rewriter) plainReshape(n *graph.Node) bool {
	if n.Op != "Reshape" {
		return false
	}
	to, ok := r.integers(n.In[1])
	return ok && !slices.ContainsFunc(to, func(d int) bool { return d <= 0 })
}
