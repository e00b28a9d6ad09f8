package onnx

import (
	"halfway/engine/graph"
	"halfway/engine/tensor"
)

func init() {
	register("com.microsoft.MultiHeadAttention", multiHeadAttention)
	register("com.microsoft.Attention", packedAttention)
	register("com.microsoft.GroupQueryAttention", groupQueryAttention)
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
