package onnx

import (
	"math"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

func init() {
	register("Attention", onnxAttention)
	register("ai.onnx.preview.FlexAttention", flexAttention)
	register("com.microsoft.MultiHeadAttention", multiHeadAttention)
	register("com.microsoft.Attention", packedAttention)
	register("com.microsoft.GroupQueryAttention", groupQueryAttention)
}

// attention is what the operators have in common: softmax(q x k^T * scale + mask) x v over [batch, heads, length, size].
type attention struct {
	*call
	q, k, v graph.Port
	mask    graph.Port // boolean (false is left out) or added; zero without one
	scale   float64    // 0 for 1/sqrt(size)
	softcap float64    // 0 without one
	as      tensor.DType
	shown   int // which stage of the scores is wanted (qk_matmul_output_mode), -1 for none

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
		return
	}
	heads, shared := a.shape(a.q)[1], a.shape(a.k)[1]
	if heads == shared {
		return
	}
	if shared < 1 || heads%shared != 0 {
		a.fail("%d heads can't share %d", heads, shared)
		return
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
	queries, keys := a.shape(a.q)[2], a.shape(a.k)[2]
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
	if a.err != nil {
		return y, shown
	}
	if a.scale == 0 {
		a.scale = 1 / math.Sqrt(float64(a.shape(a.q)[3]))
	}
	if a.softcap == 0 && a.as == tensor.Invalid && a.shown < 0 && a.score == nil && a.prob == nil && a.kind(a.q) != tensor.F64 {
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
	scores = a.convert(a.op("Softmax", graph.Attrs{"axis": "-1"}, scores), t)
	if a.mask.Node != nil {
		scores = a.zeroNaN(scores)
	}
	if a.prob != nil {
		scores = a.prob(scores)
	}
	show(3, scores)
	return a.op("MatMul", graph.Attrs{"transpose_a": "false", "transpose_b": "false"}, scores, a.v), shown
}

// pastLength is the number of keys in input i, the last axis but one of a value of the given rank; 0 when it is not given.
func (c *call) pastLength(i, rank int) int {
	if !c.has(i) {
		return 0
	}
	if c.rank(c.in[i]) != rank {
		c.fail("past keys of shape %v, expected rank %d", c.shape(c.in[i]), rank)
		return 0
	}
	return c.shape(c.in[i])[rank-2]
}

// cached puts past keys or values before p.
func (c *call) cached(past int, p graph.Port) graph.Port {
	if !c.has(past) {
		return p
	}
	return c.op("Concat", graph.Attrs{"axis": "2"}, c.in[past], p)
}

// onnxAttention is Attention of opset 23 and newer.
func onnxAttention(c *call) ([]graph.Port, error) {
	flat := c.rank(c.input(0)) == 3
	a := &attention{call: c, scale: c.float("scale", 0), softcap: c.float("softcap", 0), shown: -1}
	a.q = c.heads(c.input(0), c.int("q_num_heads", 1))
	k, v := c.heads(c.input(1), c.int("kv_num_heads", 1)), c.heads(c.input(2), c.int("kv_num_heads", 1))
	a.k, a.v = c.cached(4, k), c.cached(5, v)
	presentK, presentV := a.k, a.v
	if c.err != nil || c.rank(a.q) != 4 || c.rank(a.k) != 4 {
		c.fail("a query of shape %v, expected rank 3 or 4", c.shape(c.input(0)))
		return nil, c.err
	}
	if p := c.attr("softmax_precision"); p != nil {
		t, err := dtypeOf(p.i)
		if err != nil {
			return nil, err
		}
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
	return []graph.Port{y, presentK, presentV, shown}, c.err
}

// onnxMask joins the mask (input 3), causality, the window and the number of keys that are no padding (input 6).
func (a *attention) onnxMask() {
	keys := a.shape(a.k)[2]
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
		offset = a.op("Subtract", numpyBroadcast(), a.convert(a.in[6], tensor.I64), a.i64(a.shape(a.q)[2]))
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
func flexAttention(c *call) ([]graph.Port, error) {
	a := &attention{call: c, q: c.input(0), k: c.input(1), v: c.input(2), scale: c.float("scale", 0), shown: 0, as: c.kind(c.input(0))}
	if p := c.attr("softmax_precision"); p != nil {
		t, err := dtypeOf(p.i)
		if err != nil {
			return nil, err
		}
		a.as = t
	} else if a.as != tensor.F64 {
		a.as = tensor.F32
	}
	a.score, a.prob = c.modifier("score_mod"), c.modifier("prob_mod")
	y, _ := a.compute()
	return []graph.Port{y}, c.err
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
		err := s.fillNodes(p.g)
		if err == nil {
			x, err = s.lookup(p.g.outputs[0].name)
		}
		if err != nil {
			c.fail("%s: %w", name, err)
		}
		return x
	}
}

// multiHeadAttention takes projected values [batch, length, heads*size], or keys and values with heads apart.
func multiHeadAttention(c *call) ([]graph.Port, error) {
	heads := c.int("num_heads", 1)
	if c.rank(c.input(0)) != 3 || !c.has(1) || !c.has(2) {
		c.fail("packed queries, keys and values are not supported: the query has shape %v", c.shape(c.input(0)))
		return nil, c.err
	}
	parts := []graph.Port{c.input(0), c.input(1), c.input(2)}
	if c.has(3) {
		c.biasParts(parts, c.in[3])
	}
	for i, p := range parts {
		parts[i] = c.heads(p, heads)
	}
	a := &attention{call: c, q: parts[0], k: c.cached(6, parts[1]), v: c.cached(7, parts[2]), scale: c.float("scale", 0), shown: -1}
	if c.has(8) {
		c.fail("past keys in a shared buffer are not supported")
	}
	if c.has(5) {
		a.mask = c.in[5]
	}
	if c.err == nil && c.has(4) {
		a.padding(c.in[4])
	}
	past := c.pastLength(6, 4)
	if c.err == nil && c.int("unidirectional", 0) != 0 {
		a.restrict(a.causal(c.i64(past), -1, 0))
	}
	presentK, presentV := a.k, a.v
	y, _ := a.compute()
	return []graph.Port{c.joined(y), presentK, presentV}, c.err
}

// biasParts adds the parts of one bias to query, key and value.
func (c *call) biasParts(parts []graph.Port, bias graph.Port) {
	at := 0
	for i, p := range parts {
		if c.rank(p) != 3 {
			c.fail("a bias with a key of shape %v", c.shape(p))
			return
		}
		size := c.shape(p)[2]
		parts[i] = c.op("Add", numpyBroadcast(), p, c.op("Slice", nil, bias, c.i64s(at), c.i64s(at+size), c.i64s(1), c.i64s(0)))
		at += size
	}
}

// padding is a mask of keys: how many of each batch count, [batch], or which, [batch, keys] or [batch, queries, keys].
func (a *attention) padding(mask graph.Port) {
	switch s := a.shape(mask); len(s) {
	case 1:
		if s[0] != a.shape(a.q)[0] {
			a.fail("a mask of shape %v for %d batches is not supported", s, a.shape(a.q)[0])
			return
		}
		a.restrict(a.below(mask, a.shape(a.k)[2]))
	case 2, 3:
		axes := []int{1, 2}
		seen := a.op("NotEqual", numpyBroadcast(), mask, a.convert(a.i64(0), a.kind(mask)))
		a.restrict(a.op("Unsqueeze", nil, seen, a.i64s(axes[:4-len(s)]...)))
	default:
		a.fail("a mask of shape %v is not supported", s)
	}
}

// packedAttention projects its input by weights [input, query+key+value] first.
func packedAttention(c *call) ([]graph.Port, error) {
	x := c.op("MatMul", graph.Attrs{"transpose_a": "false", "transpose_b": "false"}, c.input(0), c.input(1))
	if c.has(2) {
		x = c.op("Add", numpyBroadcast(), x, c.in[2])
	}
	sizes := c.ints("qkv_hidden_sizes")
	if c.err == nil && c.rank(c.in[1]) != 2 || sizes != nil && len(sizes) != 3 {
		c.fail("weights of shape %v, qkv_hidden_sizes %v", c.shape(c.input(1)), sizes)
	}
	if c.err == nil && sizes == nil {
		third := c.shape(c.in[1])[1] / 3
		sizes = []int{third, third, third}
	}
	parts := c.many("VariadicSplit", 3, nil, x, c.i64(-1), c.i64s(sizes...))
	for i, p := range parts {
		parts[i] = c.heads(p, c.int("num_heads", 1))
	}
	if c.int("do_rotary", 0) != 0 || c.has(6) {
		c.fail("rotation or a shared past is not supported")
	}
	a := &attention{call: c, q: parts[0], k: parts[1], v: parts[2], scale: c.float("scale", 0), shown: -1}
	past := c.pastLength(4, 5)
	if c.has(4) {
		two := c.many("Split", 2, graph.Attrs{"num_splits": "2"}, c.in[4], c.i64(0))
		a.k = c.op("Concat", graph.Attrs{"axis": "2"}, c.op("Squeeze", nil, two[0], c.i64s(0)), a.k)
		a.v = c.op("Concat", graph.Attrs{"axis": "2"}, c.op("Squeeze", nil, two[1], c.i64s(0)), a.v)
	}
	if c.err != nil {
		return nil, c.err
	}
	if c.has(5) {
		a.mask = c.in[5]
	}
	if c.has(3) {
		a.padding(c.in[3])
	}
	if c.int("unidirectional", 0) != 0 {
		a.restrict(a.causal(c.i64(past), -1, 0))
	}
	present := graph.Port{}
	if len(c.node.outputs) > 1 {
		present = c.op("Concat", graph.Attrs{"axis": "0"}, c.op("Unsqueeze", nil, a.k, c.i64s(0)), c.op("Unsqueeze", nil, a.v, c.i64s(0)))
	}
	y, _ := a.compute()
	return []graph.Port{c.joined(y), present}, c.err
}

// groupQueryAttention is causal over a cache, [batch, heads, past, size], whose first seqlens_k+1-queries keys count, and the new keys. What it
// gives as present is the cache with the new keys behind, so one that is larger than what it holds is refused when that is known.
func groupQueryAttention(c *call) ([]graph.Port, error) {
	heads, shared := c.int("num_heads", 1), c.int("kv_num_heads", 1)
	if c.rank(c.input(0)) != 3 {
		c.fail("a query of shape %v, expected rank 3", c.shape(c.input(0)))
		return nil, c.err
	}
	parts := c.unpacked(heads, shared)
	if c.err != nil {
		return nil, c.err
	}
	queries := c.shape(parts[0])[2]
	valid := c.op("Subtract", numpyBroadcast(), c.convert(c.input(5), tensor.I64), c.i64(queries-1))
	valid = c.op("Reshape", graph.Attrs{"special_zero": "false"}, c.op("Maximum", numpyBroadcast(), valid, c.i64(0)), c.i64s(-1))
	if c.int("do_rotary", 0) != 0 {
		steps := c.op("Range", graph.Attrs{"output_type": "i64"}, c.i64(0), c.i64(queries), c.i64(1))
		places := c.op("Add", numpyBroadcast(), c.op("Unsqueeze", nil, valid, c.i64s(1)), steps)
		if c.has(9) {
			places = c.in[9]
		}
		for i, p := range parts[:2] {
			parts[i] = c.rotated(p, c.input(7), c.input(8), places, 0, c.int("rotary_interleaved", 0) != 0)
		}
	}
	a := &attention{call: c, q: parts[0], k: c.cached(3, parts[1]), v: c.cached(4, parts[2]), scale: c.float("scale", 0), softcap: c.float("softcap", 0),
		shown: -1}
	if c.int("smooth_softmax", 0) != 0 || c.has(11) {
		c.fail("smooth_softmax is not supported")
	}
	if c.has(10) {
		a.mask = c.in[10]
	}
	past := c.pastLength(3, 4)
	if c.err != nil {
		return nil, c.err
	}
	a.restrict(a.causal(c.i64(past), c.int("local_window_size", 0)-1, 0))
	if past > 0 {
		held := a.op("LogicalOr", numpyBroadcast(), a.below(valid, past+queries), a.op("LogicalNot", nil, a.below(c.i64s(past), past+queries)))
		a.restrict(held)
	}
	presentK, presentV := a.k, a.v
	y, _ := a.compute()
	return []graph.Port{c.joined(y), presentK, presentV}, c.err
}

// unpacked are query, key and value with heads apart; without a key all three lie in input 0.
func (c *call) unpacked(heads, shared int) []graph.Port {
	parts := []graph.Port{c.input(0), {}, {}}
	if c.has(1) && c.has(2) {
		parts[1], parts[2] = c.in[1], c.in[2]
	} else {
		size := c.shape(c.in[0])[2] / max(heads+2*shared, 1)
		parts = c.many("VariadicSplit", 3, nil, c.in[0], c.i64(-1), c.i64s(heads*size, shared*size, shared*size))
	}
	return []graph.Port{c.heads(parts[0], heads), c.heads(parts[1], shared), c.heads(parts[2], shared)}
}
