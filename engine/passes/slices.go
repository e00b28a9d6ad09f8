package passes

import (
	"cmp"
	"slices"

	"halfway/engine/graph"
)

// slicesToSplit makes a VariadicSplit of the Slices that together take all of one value along one axis. Source: GroupedSliceToVSplitOptimization.
func slicesToSplit(r *rewriter) {
	type group struct {
		source graph.Port
		axis   int
	}
	groups := map[group][]part{}
	var order []group
	r.each(func(n *graph.Node) {
		p, at, ok := r.slicePart(n)
		if !ok {
			return
		}
		g := group{n.In[0], at}
		if groups[g] == nil {
			order = append(order, g)
		}
		groups[g] = append(groups[g], p)
	})
	for _, g := range slices.Backward(order) {
		r.splitGroup(g.source, g.axis, groups[g])
	}
}

// A part is what a Slice takes of its axis.
type part struct {
	node       *graph.Node
	start, end int
}

// slicePart describes a Slice with step 1 along one axis whose size is known.
func (r *rewriter) slicePart(n *graph.Node) (p part, at int, ok bool) {
	if n.Op != "Slice" || len(n.In) != 5 {
		return p, 0, false
	}
	start, okStart := r.scalar(n.In[1])
	end, okEnd := r.scalar(n.In[2])
	step, okStep := r.scalar(n.In[3])
	a, okAxis := r.scalar(n.In[4])
	s := shape(n.In[0])
	if !okStart || !okEnd || !okStep || !okAxis || step != 1 || s == nil {
		return p, 0, false
	}
	at = axis(int(a), len(s))
	if at < 0 || at >= len(s) || s[at] < 0 {
		return p, 0, false
	}
	return part{n, bound(start, s[at]), bound(end, s[at])}, at, true
}

// bound clamps a bound of a Slice to its axis.
func bound(v float64, size int) int {
	if v < 0 {
		v += float64(size)
	}
	return int(min(max(v, 0), float64(size)))
}

// splitGroup replaces parts that cover the axis without overlap.
func (r *rewriter) splitGroup(source graph.Port, at int, parts []part) {
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(a.start, b.start) })
	var lengths []int
	position := 0
	for _, p := range parts {
		if p.start != position || p.end <= p.start {
			return
		}
		lengths = append(lengths, p.end-p.start)
		position = p.end
	}
	if len(parts) < 2 || position != shape(source)[at] {
		return
	}
	v := r.add(&graph.Node{Op: "VariadicSplit", Opset: "opset1", Name: r.generated("VariadicSplit"),
		In: []graph.Port{source, r.ints(0, at), r.ints(1, lengths...)}, Out: make([]graph.Output, len(parts))})
	for i := range parts {
		v.Out[i] = graph.Output{Type: source.Type(), Shape: slices.Clone(shape(source))}
		v.Out[i].Shape[at] = lengths[i]
	}
	r.inherit(v, parts[len(parts)-1].node) // the plugin copies the runtime information of each over that of the one before
	for i, p := range parts {
		r.redirect(port(p.node), graph.Port{Node: v, Out: i})
	}
}

// joinSlices makes one Slice of two in a row along other axes, of which the first has no other reader. Source: SliceSequenceToSingleSlice.
func joinSlices(r *rewriter) {
	r.each(func(n *graph.Node) {
		first := n.In
		if n.Op != "Slice" || len(n.In) != 5 || first[0].Node.Op != "Slice" || len(first[0].Node.In) != 5 || r.only(first[0].Node) == nil {
			return
		}
		before := first[0].Node
		a, okA := r.integers(before.In[4])
		b, okB := r.integers(n.In[4])
		if !okA || !okB || slices.ContainsFunc(a, func(at int) bool { return slices.Contains(b, at) }) {
			return
		}
		in := []graph.Port{before.In[0]}
		for i := 1; i < 5; i++ {
			in = append(in, r.folded("Concat", "opset1", graph.Attrs{"axis": "0"}, before.In[i], n.In[i]))
			r.inherit(in[i].Node, before, n)
		}
		joined := r.make("Slice", n.Opset, n.Attrs, in...)
		r.inherit(joined, before, n)
		r.substitute(n, joined)
	})
}
