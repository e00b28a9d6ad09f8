package passes

import (
	"slices"

	"halfway/engine/graph"
)

// arithmetic are the elementwise operations on two numbers, and commutative those whose operands may change places.
var (
	arithmetic  = []string{"Add", "Subtract", "Multiply", "Divide", "Maximum", "Minimum", "Mod", "FloorMod", "Power", "SquaredDifference"}
	commutative = []string{"Add", "Multiply", "Maximum", "Minimum"}
)

// dropBroadcasts removes a Broadcast in front of an operation that would broadcast by itself, as the other operand has the shape already. The
// operation counts as made of the Broadcast then. Source: BroadcastElementwiseFusion.
func dropBroadcasts(r *rewriter) {
	r.each(func(n *graph.Node) {
		if !isOp(n, arithmetic...) || !broadcasts(n) {
			return
		}
		side := 1
		if isOp(n, commutative...) && r.broadcastAlone(n.In[0]) {
			side = 0
		}
		b := n.In[side].Node
		if !r.broadcastAlone(n.In[side]) || b.Opset == "opset1" || !fits(b.Out[0].Shape, shape(n.In[1-side])) {
			return
		}
		n.Fused = nil
		r.inherit(n, b)
		r.redirect(port(b), b.In[0])
	})
}

// broadcasts reports whether an elementwise operation broadcasts its operands.
func broadcasts(n *graph.Node) bool {
	b, ok := n.Attrs["auto_broadcast"]
	return !ok || lower(b) == "numpy"
}

// broadcastAlone reports whether p is a Broadcast, of known shape, that nothing else reads.
func (r *rewriter) broadcastAlone(p graph.Port) bool {
	return p.Node.Op == "Broadcast" && static(shape(p)) && r.only(p.Node) != nil
}

// lateBroadcasts moves a Broadcast behind the elementwise operation that reads it, where it takes the name of that. Source: BroadcastTransition.
func lateBroadcasts(r *rewriter) {
	r.each(func(n *graph.Node) {
		if !isOp(n, arithmetic...) || !broadcasts(n) {
			return
		}
		first := 1
		if isOp(n, commutative...) {
			first = 0
		}
		for _, side := range []int{first, 1 - first} {
			if b := n.In[side].Node; r.broadcastAlone(n.In[side]) && slices.Contains([]string{"", "numpy", "bidirectional"}, lower(b.Attrs["mode"])) && static(shape(n.In[1-side])) {
				r.broadcastLater(n, side)
				return
			}
		}
	})
}

// broadcastLater computes n of the value that its operand of that side broadcasts, and broadcasts the result.
func (r *rewriter) broadcastLater(n *graph.Node, side int) {
	steps := &chain{r: r, from: n}
	in := slices.Clone(n.In)
	in[side] = n.In[side].Node.In[0]
	early := r.make(n.Op, n.Opset, n.Attrs, in...)
	early.Precise = n.Precise
	steps.note(port(early))
	to := steps.note(r.ints(1, n.Out[0].Shape...))
	r.substitute(n, steps.make("Broadcast", "opset3", graph.Attrs{"mode": "numpy"}, port(early), to).Node)
}

// reduceBeforeUnsqueeze reduces before an Unsqueeze, or a Reshape that only adds dimensions of 1, over other axes. They change names: the Reduce has
// that of the Unsqueeze, which comes behind it. Source: PullThroughReduce.
func reduceBeforeUnsqueeze(r *rewriter) {
	r.each(func(n *graph.Node) {
		if graphType(n) != "Reduce" || !isOp(n.In[0].Node, "Unsqueeze", "Reshape") || r.only(n.In[0].Node) == nil {
			return
		}
		u := n.In[0].Node
		if len(u.In) != 2 || !static(shape(u.In[0])) || !isConstant(u.In[1]) {
			return
		}
		rank := len(u.Out[0].Shape)
		reduced, ok := r.integers(n.In[1])
		added, okAdded := r.addedAxes(u)
		if !ok || !okAdded || len(added) == 0 {
			return
		}
		for i := range reduced {
			if reduced[i] = axis(reduced[i], rank); slices.Contains(added, reduced[i]) {
				return
			}
		}
		r.reduceFirst(n, u, reduced, added)
	})
}

// addedAxes returns the axes of size 1 that u adds.
func (r *rewriter) addedAxes(u *graph.Node) ([]int, bool) {
	in, out := shape(u.In[0]), u.Out[0].Shape
	if u.Op == "Unsqueeze" {
		axes, ok := r.integers(u.In[1])
		for i := range axes {
			axes[i] = axis(axes[i], len(out))
		}
		return axes, ok
	}
	var added []int
	at := 0
	for i, d := range out {
		switch {
		case at < len(in) && in[at] == d && (at+1 < len(in) || d != 1 || len(out)-i == len(in)-at):
			at++
		case d == 1:
			added = append(added, i)
		default:
			return nil, false
		}
	}
	return added, at == len(in)
}

func (r *rewriter) reduceFirst(n, u *graph.Node, reduced, added []int) {
	before := func(axes []int, at int) int {
		count := 0
		for _, a := range axes {
			if a < at {
				count++
			}
		}
		return count
	}
	for i, a := range reduced {
		reduced[i] = a - before(added, a)
	}
	early := r.make(n.Op, n.Opset, n.Attrs, u.In[0], r.ints(1, reduced...))
	late := r.make("Reshape", "opset1", graph.Attrs{"special_zero": "false"}, port(early), r.ints(1, n.Out[0].Shape...))
	r.inherit(early, n, u)
	r.inherit(late, n, u)
	early.Name = u.Name
	r.substitute(n, late)
}
