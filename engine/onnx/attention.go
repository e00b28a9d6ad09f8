package onnx

import (
	"math"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// attention is what the operators have in common: softmax(q x k^T * scale + mask) x v over [batch, heads, length, size].
type attention struct {
	*call
	q, k, v graph.Port
	mask    graph.Port // boolean (false is left out) or added; zero without one
	scale   float64    // 0 for 1/sqrt(size)
	softcap float64    // 0 without one
	as      tensor.DType
	sink    graph.Port // a score that every query has besides those of the keys, to broadcast over [batch, heads, length, 1]; zero without one
	shown   int        // which stage of the scores is wanted (qk_matmul_output_mode), -1 for none

	score, prob func(graph.Port) graph.Port // of FlexAttention, or nil
}

// heads is a value [batch, length, heads*size] as [batch, heads, length, size].
func (c *call) heads(p graph.Port, heads int) graph.Port {
	if p.Node == nil || c.rank(p) != 3 {
		return p
	}
	p = c.op("Reshape", graph.Attrs{"special_zero": "true"}, p, c.i64s(0, 0, heads, -1))
	return c.op("Transpose", nil, p, c.i64s(0, 2, 1, 3))
}

// joined is the reverse of heads.
func (c *call) joined(p graph.Port) graph.Port {
	p = c.op("Transpose", nil, p, c.i64s(0, 2, 1, 3))
	return c.op("Reshape", graph.Attrs{"special_zero": "true"}, p, c.i64s(0, 0, -1))
}

// group repeats the heads of keys and values for all heads of the query that share them.
func (a *attention) group() {
	if a.rank(a.q) != 4 || a.rank(a.k) != 4 || a.rank(a.v) != 4 {
		a.fail("query, key and value of shapes %v, %v and %v, expected rank 4", a.shape(a.q), a.shape(a.k), a.shape(a.v))
	}
	heads, shared := a.dim(a.q, 1), a.dim(a.k, 1)
	if heads == shared {
		return
	}
	if shared < 1 || heads%shared != 0 {
		a.fail("%d heads can't share %d", heads, shared)
	}
	repeat := func(p graph.Port) graph.Port {
		s := a.shape(p)
		apart := a.op("Tile", nil, a.op("Unsqueeze", nil, p, a.i64s(2)), a.i64s(1, 1, heads/shared, 1, 1))
		return a.op("Reshape", graph.Attrs{"special_zero": "false"}, apart, a.i64s(s[0], heads, s[2], s[3]))
	}
	a.k, a.v = repeat(a.k), repeat(a.v)
}

// causal are the keys that each query may see, [1 or batch, 1, queries, keys]: those not after its own place, which is offset (a scalar or
// one number a batch) further on; left and right bound a window around that place where they are not negative.
func (a *attention) causal(offset graph.Port, left, right int) graph.Port {
	queries, keys := a.dim(a.q, 2), a.dim(a.k, 2)
	line := func(n int, axes ...int) graph.Port {
		r := a.op("Range", graph.Attrs{"output_type": "i64"}, a.i64(0), a.i64(n), a.i64(1))
		return a.op("Unsqueeze", nil, r, a.i64s(axes...))
	}
	if len(a.shape(offset)) > 0 {
		offset = a.op("Reshape", graph.Attrs{"special_zero": "false"}, offset, a.i64s(-1, 1, 1, 1))
	}
	place := a.op("Add", numpyBroadcast(), line(queries, 0, 1, 3), offset)
	key := line(keys, 0, 1, 2)
	var seen graph.Port
	and := func(p graph.Port) {
		if seen.Node != nil {
			p = a.op("LogicalAnd", numpyBroadcast(), seen, p)
		}
		seen = p
	}
	if right >= 0 {
		and(a.op("LessEqual", numpyBroadcast(), key, a.op("Add", numpyBroadcast(), place, a.i64(right))))
	}
	if left >= 0 {
		and(a.op("GreaterEqual", numpyBroadcast(), key, a.op("Subtract", numpyBroadcast(), place, a.i64(left))))
	}
	return seen
}

// restrict leaves keys out of the mask besides those that it leaves out already.
func (a *attention) restrict(seen graph.Port) {
	switch {
	case seen.Node == nil:
	case a.mask.Node == nil:
		a.mask = seen
	case a.kind(a.mask) == tensor.Bool:
		a.mask = a.op("LogicalAnd", numpyBroadcast(), a.mask, seen)
	default:
		a.mask = a.op("Select", numpyBroadcast(), seen, a.mask, a.scalar(a.kind(a.mask), math.Inf(-1)))
	}
}

// compute gives the result and the stage of the scores that is wanted. A query that sees no key gives zeros.
func (a *attention) compute() (y, shown graph.Port) {
	a.group()
	if a.scale == 0 {
		a.scale = 1 / math.Sqrt(float64(a.dim(a.q, 3)))
	}
	if a.sink.Node == nil && a.softcap == 0 && a.as == tensor.Invalid && a.shown < 0 && a.score == nil && a.prob == nil && a.kind(a.q) != tensor.F64 {
		in := []graph.Port{a.q, a.k, a.v, a.mask, a.scalar(a.kind(a.q), a.scale)}
		if a.mask.Node == nil {
			in[3] = a.scalar(a.kind(a.q), 0)
		}
		y = a.op("ScaledDotProductAttention", graph.Attrs{"causal": "false"}, in...)
		if a.mask.Node != nil {
			y = a.zeroNaN(y)
		}
		return y, shown
	}
	return a.inSteps()
}

func (a *attention) zeroNaN(p graph.Port) graph.Port {
	return a.op("Select", numpyBroadcast(), a.op("IsNaN", nil, p), a.scalar(a.kind(p), 0), p)
}

func (a *attention) inSteps() (y, shown graph.Port) {
	t := a.kind(a.q)
	show := func(stage int, p graph.Port) {
		if a.shown == stage {
			shown = p
		}
	}
	scores := a.op("MatMul", graph.Attrs{"transpose_a": "false", "transpose_b": "true"}, a.q, a.k)
	scores = a.op("Multiply", numpyBroadcast(), scores, a.scalar(t, a.scale))
	if a.softcap != 0 {
		limit := a.scalar(t, a.softcap)
		scores = a.op("Multiply", numpyBroadcast(), a.op("Tanh", nil, a.op("Divide", numpyBroadcast(), scores, limit)), limit)
	}
	show(0, scores)
	show(1, scores)
	if a.score != nil {
		scores = a.score(scores)
	}
	if a.mask.Node != nil {
		added := a.mask
		if a.kind(added) == tensor.Bool {
			added = a.op("Select", numpyBroadcast(), added, a.scalar(t, 0), a.scalar(t, math.Inf(-1)))
		}
		scores = a.op("Add", numpyBroadcast(), scores, a.convert(added, t))
	}
	show(2, scores)
	if a.as != tensor.Invalid {
		scores = a.convert(scores, a.as)
	}
	scores = a.convert(a.softmaxed(scores), t)
	if a.mask.Node != nil {
		scores = a.zeroNaN(scores)
	}
	if a.prob != nil {
		scores = a.prob(scores)
	}
	show(3, scores)
	return a.op("MatMul", graph.Attrs{"transpose_a": "false", "transpose_b": "false"}, scores, a.v), shown
}

// softmaxed is the softmax of the scores, and of the sink where there is one.
func (a *attention) softmaxed(scores graph.Port) graph.Port {
	if a.sink.Node == nil || a.rank(scores) != 4 {
		return a.op("Softmax", graph.Attrs{"axis": "-1"}, scores)
	}
	s := a.shape(scores)
	column := a.op("Broadcast", graph.Attrs{"mode": "numpy"}, a.convert(a.sink, a.kind(scores)), a.i64s(s[0], s[1], s[2], 1))
	all := a.op("Softmax", graph.Attrs{"axis": "-1"}, a.op("Concat", graph.Attrs{"axis": "3"}, scores, column))
	return a.op("Slice", nil, all, a.i64s(0), a.i64s(s[3]), a.i64s(1), a.i64s(3))
}

// pastLength is the number of keys in input i, the last axis but one of a value of the given rank; 0 when it is not given.
func (c *call) pastLength(i, rank int) int {
	if !c.has(i) {
		return 0
	}
	if c.rank(c.in[i]) != rank {
		c.fail("past keys of shape %v, expected rank %d", c.shape(c.in[i]), rank)
	}
	return c.dim(c.in[i], rank-2)
}

// cached puts past keys or values before p.
func (c *call) cached(past int, p graph.Port) graph.Port {
	if !c.has(past) {
		return p
	}
	return c.op("Concat", graph.Attrs{"axis": "2"}, c.in[past], p)
}
