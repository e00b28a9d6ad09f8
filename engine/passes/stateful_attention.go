package passes

import (
	"slices"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// transposeShapeOf takes the shape of what a Transpose reads, transposed, in place of the shape of its result. Source: TSShapeOfForward.
func transposeShapeOf(r *rewriter) {
	r.each(func(n *graph.Node) {
		if n.Op != "ShapeOf" || n.In[0].Node.Op != "Transpose" {
			return
		}
		t := n.In[0].Node
		if _, ok := r.integers(t.In[1]); !ok {
			return
		}
		of := r.make("ShapeOf", n.Opset, n.Attrs, t.In[0])
		r.inherit(of, n)
		g := r.make("Gather", "opset8", graph.Attrs{"batch_dims": "0"}, port(of), t.In[1], r.ints(0, 0))
		r.inherit(g, n)
		r.substitute(n, g)
	})
}

// statefulAttention lets a ScaledDotProductAttention keep its keys and values of earlier inferences, which a state holds, beams reorder and
// new ones are appended to. Heads of keys and values may be repeated for several heads of the query. Source: StatefulSDPAFusion.
func statefulAttention(r *rewriter) {
	r.each(func(n *graph.Node) {
		if n.Op != "ScaledDotProductAttention" || len(n.In) > 5 {
			return
		}
		keys, okK := r.cachedOperand(n.In[1])
		values, okV := r.cachedOperand(n.In[2])
		if !okK || !okV || keys.beams != values.beams {
			return
		}
		in := append([]graph.Port{n.In[0], keys.added, values.added}, n.In[3:]...)
		attrs := graph.Attrs{"config.is_causal": boolText(flag(n, "causal")), "config.fuse_concat": "true", "config.fuse_causal_attn": "false",
			"config.output_BLHxS": "false", "config.permute_axes": ""}
		a := r.add(&graph.Node{Op: "ScaledDotProductAttentionWithKVCache", Opset: "cpu_plugin_opset", Attrs: attrs,
			In: append(in, keys.beams, keys.past, values.past), Out: []graph.Output{n.Out[0], keys.join.Out[0], values.join.Out[0]}})
		for o := range a.Out {
			a.Out[o].Names = nil
		}
		r.inherit(a, n)
		r.substitute(n, a)
		a.Precise = false
		r.set(keys.assign, 0, graph.Port{Node: a, Out: 1})
		r.set(values.assign, 0, graph.Port{Node: a, Out: 2})
	})
}

// A cachedValue is an operand of attention that grows in a state.
type cachedValue struct {
	past, added, beams graph.Port
	join               *graph.Node // the Concat of both
	assign             *graph.Node // what reads the state's new value: the Assign, or the Convert before it
}

// cachedOperand matches Concat(Gather(ReadValue, beams), added), its heads repeated or not.
func (r *rewriter) cachedOperand(p graph.Port) (v cachedValue, ok bool) {
	v.join = r.beforeRepeat(p.Node)
	if v.join.Op != "Concat" || len(v.join.In) != 2 || len(v.join.Out[0].Shape) != 4 {
		return v, false
	}
	g := v.join.In[0].Node
	if g.Op != "Gather" || number(g, "batch_dims", 0) != 0 || r.only(g) == nil || !isConstant(g.In[2]) {
		return v, false
	}
	v.past, v.beams, v.added = g.In[0], g.In[1], v.join.In[1]
	read := v.past.Node
	if read.Op == "Convert" && r.only(read) != nil {
		read = read.In[0].Node
	}
	if read.Op != "ReadValue" || v.beams.Type() != tensor.I32 || len(shape(v.beams)) != 1 || !r.onlyReadBy(read, "ScaledDotProductAttention", "ShapeOf", "Convert", "Gather") {
		return v, false
	}
	readers := r.readers(v.join)
	shapes := 0
	for _, u := range readers {
		to := u.node
		if to.Op == "ShapeOf" {
			shapes++
		}
		if to.Op == "Convert" && r.only(to) != nil {
			to = r.only(to)
		}
		if to.Op == "Assign" && to.Attrs["variable_id"] == read.Attrs["variable_id"] {
			v.assign = u.node
		}
	}
	return v, v.assign != nil && (len(readers) == 2 || len(readers) == 3 && shapes > 0)
}

func (r *rewriter) onlyReadBy(n *graph.Node, ops ...string) bool {
	return !slices.ContainsFunc(r.readers(n), func(u use) bool { return !isOp(u.node, ops...) })
}

// beforeRepeat is what n repeats along an axis of its own that it then joins with the heads; n itself when it does not.
func (r *rewriter) beforeRepeat(n *graph.Node) *graph.Node {
	if n.Op != "Reshape" || r.only(n) == nil {
		return n
	}
	repeat := n.In[0].Node
	source := (*graph.Node)(nil)
	switch {
	case repeat.Op == "Broadcast" && lower(repeat.Attrs["mode"]) == "bidirectional" && repeat.In[0].Node.Op == "Unsqueeze":
		source = repeat.In[0].Node
	case repeat.Op == "Multiply":
		for i, p := range repeat.In {
			ones := p
			if ones.Node.Op == "Broadcast" && r.only(ones.Node) != nil {
				ones = ones.Node.In[0]
			}
			if s := repeat.In[1-i].Node; r.uniform(ones, 1) && isOp(s, "Reshape", "Unsqueeze") {
				source = s
			}
		}
	}
	if source == nil || r.only(repeat) == nil || r.only(source) == nil {
		return n
	}
	return source.In[0].Node
}
