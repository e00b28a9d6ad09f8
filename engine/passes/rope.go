package passes

import (
	"maps"
	"slices"

	"halfway/engine/graph"
)

// fuseRoPE finds rotary position embedding, x*cos + rotate(x)*sin where rotate swaps the halves of the last axis and negates the second, and puts
// one RoPE node under the name of the Add. Sources: RoPEFusionGPTNEOX,
// RoPEFusionIOSlicing, RoPEFusionPreprocess.
func fuseRoPE(r *rewriter) {
	r.each(func(n *graph.Node) {
		if n.Op == "Add" {
			r.rotary(n)
		}
	})
	r.each(func(n *graph.Node) {
		if n.Op == "Concat" {
			r.takeSlices(n)
		}
	})
	r.each(func(n *graph.Node) {
		if n.Op == "RoPE" {
			r.takeTranspose(n)
		}
	})
}

// ropeConfig is the configuration of the plainest RoPE.
var ropeConfig = graph.Attrs{
	"config.slice_start": "0", "config.slice_stop": "0", "config.input_trans0213": "false", "config.output_trans0213": "false",
	"config.is_interleaved": "false", "config.rotary_ndims": "0", "config.is_chatglm": "false", "config.support_2d_rope": "false",
	"config.support_3d_rope": "false", "config.is_qwen": "false", "config.use_rope_cache": "false", "config.is_ltx_video": "false",
	"config.head_cnt": "0", "config.head_size": "0", "config.gather_position_arg_id": "0",
}

func (r *rewriter) rotary(add *graph.Node) bool {
	for side := range 2 {
		straight, turned := add.In[side].Node, add.In[1-side].Node
		if straight.Op != "Multiply" || turned.Op != "Multiply" {
			continue
		}
		for c := range 2 {
			for s := range 2 {
				if r.rotaryOf(add, straight, turned, c, s) {
					return true
				}
			}
		}
	}
	return false
}

// rotaryOf matches straight = x*cos, with cos its input c, and turned = rotate(x)*sin, with sin its input s.
func (r *rewriter) rotaryOf(add, straight, turned *graph.Node, c, s int) bool {
	x, cos, sin := straight.In[1-c], straight.In[c], turned.In[s]
	cat := turned.In[1-s].Node
	rank := len(shape(x))
	if cat.Op != "Concat" || len(cat.In) != 2 || rank == 0 || number(cat, "axis", 0) != -1 { // not found when the axis counts from the front
		return false
	}
	negated := cat.In[0].Node
	second, factor, ok := withConstant(negated)
	if !ok || negated.Op != "Multiply" || !r.uniform(factor, -1) {
		return false
	}
	split := second.Node
	if !isOp(split, "VariadicSplit", "Split") || split.In[0] != x || second.Out != 1 || cat.In[1] != (graph.Port{Node: split, Out: 0}) ||
		len(split.Out) != 2 || !slices.Equal(split.Out[0].Shape, split.Out[1].Shape) {
		return false
	}
	at, ok := r.scalar(split.In[1])
	if !ok || axis(int(at), rank) != rank-1 {
		return false
	}
	attrs := maps.Clone(ropeConfig)
	attrs["config.rotary_ndims"] = itoa(shape(x)[rank-1])
	n := r.add(&graph.Node{Op: "RoPE", Opset: "ie_internal_opset", Attrs: attrs, In: []graph.Port{x, cos, sin}, Out: add.Out})
	r.inherit(n, negated, cat, straight, turned, add)
	r.substitute(add, n)
	n.Precise = false
	return true
}

// takeSlices makes a RoPE of the first part of the last axis, with the rest put behind it again, one RoPE of the whole under the name of the Concat.
func (r *rewriter) takeSlices(cat *graph.Node) {
	if len(cat.In) != 2 {
		return
	}
	rope, split := cat.In[0].Node, cat.In[1].Node
	rank := len(cat.Out[0].Shape)
	if rope.Op != "RoPE" || split.Op != "VariadicSplit" || len(split.Out) != 2 || rank != 4 || number(cat, "axis", 0) != -1 ||
		rope.In[0] != (graph.Port{Node: split, Out: 0}) || cat.In[1] != (graph.Port{Node: split, Out: 1}) {
		return
	}
	at, ok := r.scalar(split.In[1])
	if !ok || axis(int(at), rank) != rank-1 || split.Out[0].Shape[rank-1] != number(rope, "config.rotary_ndims", 0) {
		return
	}
	n := r.add(&graph.Node{Op: rope.Op, Opset: rope.Opset, Attrs: rope.Attrs, In: []graph.Port{split.In[0], rope.In[1], rope.In[2]}, Out: cat.Out})
	r.inherit(n, rope, cat)
	r.substitute(cat, n)
	n.Precise = false
}

// takeTranspose lets a RoPE read its input in the layout in which a Transpose 0213 finds it.
func (r *rewriter) takeTranspose(n *graph.Node) {
	t := n.In[0].Node
	if t.Op != "Transpose" || r.only(t) == nil {
		return
	}
	if order, ok := r.integers(t.In[1]); !ok || !slices.Equal(order, []int{0, 2, 1, 3}) {
		return
	}
	n.Attrs = withAttr(n.Attrs, "config.input_trans0213", "true")
	r.set(n, 0, t.In[0])
}

// markRoPE keeps the precision of what RoPE's cosines and sines are computed from. Source: MarkRopeInputsToKeepInMixedPrecision.
func markRoPE(r *rewriter) {
	var stack []*graph.Node
	r.each(func(n *graph.Node) {
		if n.Op == "RoPE" {
			stack = append(stack, n.In[1].Node, n.In[2].Node)
		}
	})
	r.mark(stack, func(n *graph.Node) []*graph.Node {
		var parents []*graph.Node
		for _, p := range n.In {
			parents = append(parents, p.Node)
		}
		return parents
	})
}

// mark keeps the precision of the nodes on the stack and of those that next leads to; constants, parameters and what measures a shape end it.
func (r *rewriter) mark(stack []*graph.Node, next func(n *graph.Node) []*graph.Node) {
	seen := map[*graph.Node]bool{}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if seen[n] || isOp(n, "Constant", "Parameter", "ShapeOf") {
			continue
		}
		seen[n] = true
		n.Precise = true
		stack = append(stack, next(n)...)
	}
}

// markRange keeps the precision of a Range of floats and of what only converts, compares or reshapes it. Source: MarkFloatingPointRange.
func markRange(r *rewriter) {
	follows := []string{"Convert", "Greater", "GreaterEqual", "Less", "LessEqual", "Range", "Reshape", "Squeeze", "Unsqueeze"}
	path := map[*graph.Node]bool{}
	r.each(func(n *graph.Node) {
		stems := isOp(n, follows...) && slices.ContainsFunc(n.In, func(p graph.Port) bool { return path[p.Node] })
		if stems || n.Op == "Range" && n.Out[0].Type.IsFloat() {
			path[n], n.Precise = true, true
		}
	})
}
