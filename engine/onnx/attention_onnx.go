package onnx

import (
	"math"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

func init() {
	register("Attention", onnxAttention)
	register("ai.onnx.preview.FlexAttention", flexAttention)
}

// onnxAttention is Attention of opset 23 and newer.
func onnxAttention(c *call) []graph.Port {
	flat := c.rank(c.input(0)) == 3
	a := &attention{call: c, scale: c.float("scale", 0), softcap: c.float("softcap", 0), shown: -1}
	a.q = c.heads(c.input(0), c.int("q_num_heads", 1))
	k, v := c.heads(c.input(1), c.int("kv_num_heads", 1)), c.heads(c.input(2), c.int("kv_num_heads", 1))
	a.k, a.v = c.cached(4, k), c.cached(5, v)
	presentK, presentV := a.k, a.v
	if c.rank(a.q) != 4 || c.rank(a.k) != 4 {
		c.fail("a query of shape %v, expected rank 3 or 4", c.shape(c.input(0)))
	}
	if p := c.attr("softmax_precision"); p != nil {
		t := c.dtype(p.i)
		a.as = t
	}
	if len(c.node.outputs) > 3 && c.node.outputs[3] != "" {
		a.shown = c.int("qk_matmul_output_mode", 0)
	}
	a.onnxMask()
	y, shown := a.compute()
	if flat {
		y = c.joined(y)
	}
	return []graph.Port{y, presentK, presentV, shown}
}

// onnxMask joins the mask (input 3), causality, the window and the number of keys that are no padding (input 6).
func (a *attention) onnxMask() {
	keys := a.dim(a.k, 2)
	if a.has(3) {
		a.mask = a.in[3]
		if s := a.shape(a.mask); len(s) > 0 && s[len(s)-1] < keys {
			fill := a.convert(a.scalar(tensor.F32, 0), tensor.Bool)
			if t := a.kind(a.mask); t != tensor.Bool {
				fill = a.scalar(t, math.Inf(-1))
			}
			end := make([]int, len(s))
			end[len(s)-1] = keys - s[len(s)-1]
			a.mask = a.op("Pad", graph.Attrs{"pad_mode": "constant"}, a.mask, a.i64s(make([]int, len(s))...), a.i64s(end...), fill)
		}
	}
	offset := a.i64(0)
	switch {
	case a.has(4):
		offset = a.i64(a.pastLength(4, 4))
	case a.has(6):
		offset = a.op("Subtract", numpyBroadcast(), a.convert(a.in[6], tensor.I64), a.i64(a.dim(a.q, 2)))
	}
	if a.int("is_causal", 0) != 0 {
		a.restrict(a.causal(offset, -1, 0))
	}
	a.restrict(a.causal(offset, a.int("left_window_size", -1), a.int("right_window_size", -1)))
	if a.has(6) {
		a.restrict(a.below(a.in[6], keys))
	}
}

// below are the first keys of each batch, as many as count says, [batch, 1, 1, keys].
func (a *attention) below(count graph.Port, keys int) graph.Port {
	limit := a.op("Reshape", graph.Attrs{"special_zero": "false"}, a.convert(count, tensor.I64), a.i64s(-1, 1, 1, 1))
	return a.op("Less", numpyBroadcast(), a.op("Range", graph.Attrs{"output_type": "i64"}, a.i64(0), a.i64(keys), a.i64(1)), limit)
}

// flexAttention has graphs that change the scores and the probabilities.
func flexAttention(c *call) []graph.Port {
	a := &attention{call: c, q: c.input(0), k: c.input(1), v: c.input(2), scale: c.float("scale", 0), shown: 0, as: c.kind(c.input(0))}
	if p := c.attr("softmax_precision"); p != nil {
		t := c.dtype(p.i)
		a.as = t
	} else if a.as != tensor.F64 {
		a.as = tensor.F32
	}
	a.score, a.prob = c.modifier("score_mod"), c.modifier("prob_mod")
	y, _ := a.compute()
	return []graph.Port{y}
}

// modifier inlines a graph attribute of one input and one output, nil without one.
func (c *call) modifier(name string) func(graph.Port) graph.Port {
	p := c.attr(name)
	if p == nil || p.g == nil || len(p.g.inputs) != 1 || len(p.g.outputs) != 1 {
		return nil
	}
	return func(x graph.Port) graph.Port {
		s := c.nested(p.g)
		s.values[p.g.inputs[0].name] = x
		c.checkIn(name, s.fillNodes(p.g))
		x, err := s.lookup(p.g.outputs[0].name)
		c.checkIn(name, err)
		return x
	}
}
