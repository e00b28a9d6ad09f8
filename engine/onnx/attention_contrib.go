package onnx

import (
	"halfway/engine/graph"
)

func init() {
	register("com.microsoft.MultiHeadAttention", multiHeadAttention)
	register("com.microsoft.Attention", packedAttention)
	register("com.microsoft.QAttention", quantizedAttention)
}

// multiHeadAttention takes projected values [batch, length, heads*size], or keys and values with heads apart.
func multiHeadAttention(c *call) []graph.Port {
	heads := c.int("num_heads", 1)
	if c.rank(c.input(0)) != 3 || !c.has(1) || !c.has(2) {
		c.fail("packed queries, keys and values are not supported: the query has shape %v", c.shape(c.input(0)))
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
	if c.has(4) {
		a.padding(c.in[4])
	}
	past := c.pastLength(6, 4)
	if c.int("unidirectional", 0) != 0 {
		a.restrict(a.causal(c.i64(past), -1, 0))
	}
	presentK, presentV := a.k, a.v
	y, _ := a.compute()
	return []graph.Port{c.joined(y), presentK, presentV}
}

// biasParts adds the parts of one bias to query, key and value.
func (c *call) biasParts(parts []graph.Port, bias graph.Port) {
	at := 0
	for i, p := range parts {
		if c.rank(p) != 3 {
			c.fail("a bias with a key of shape %v", c.shape(p))
		}
		size := c.dim(p, 2)
		parts[i] = c.op("Add", numpyBroadcast(), p, c.op("Slice", nil, bias, c.i64s(at), c.i64s(at+size), c.i64s(1), c.i64s(0)))
		at += size
	}
}

// padding is a mask of keys: how many of each batch count, [batch], or their ends and then their starts, [2*batch], or which, [batch, keys] or [batch, queries, keys].
func (a *attention) padding(mask graph.Port) {
	switch s := a.shape(mask); len(s) {
	case 1:
		batches, keys := a.dim(a.q, 0), a.dim(a.k, 2)
		if s[0] != batches && s[0] != 2*batches {
			a.fail("a mask of shape %v for %d batches is not supported", s, batches)
		}
		a.restrict(a.below(a.op("Slice", nil, mask, a.i64s(0), a.i64s(batches), a.i64s(1), a.i64s(0)), keys))
		if s[0] != batches {
			start := a.op("Slice", nil, mask, a.i64s(batches), a.i64s(2*batches), a.i64s(1), a.i64s(0))
			a.restrict(a.op("LogicalNot", nil, a.below(start, keys)))
		}
	case 2, 3:
		axes := []int{1, 2}
		seen := a.op("NotEqual", numpyBroadcast(), mask, a.convert(a.i64(0), a.kind(mask)))
		a.restrict(a.op("Unsqueeze", nil, seen, a.i64s(axes[:4-len(s)]...)))
	default:
		a.fail("a mask of shape %v is not supported", s)
	}
}

// quantizedAttention is packedAttention of integers with their scales (inputs 3 and 4) and zero points (6 and 7); 5 is the mask, 8 the past.
func quantizedAttention(c *call) []graph.Port {
	x := c.op("MatMul", graph.Attrs{"transpose_a": "false", "transpose_b": "false"}, c.centred(c.input(0), c.given(6)), c.centred(c.input(1), c.given(7)))
	x = c.op("Multiply", numpyBroadcast(), x, c.op("Multiply", numpyBroadcast(), c.input(3), c.input(4)))
	c.in = []graph.Port{x, c.input(1), c.input(2), c.given(5), c.given(8)}
	return c.attend(x)
}

// packedAttention projects its input by weights [input, query+key+value] first.
func packedAttention(c *call) []graph.Port {
	return c.attend(c.op("MatMul", graph.Attrs{"transpose_a": "false", "transpose_b": "false"}, c.input(0), c.input(1)))
}

// attend goes on with the projected input.
func (c *call) attend(x graph.Port) []graph.Port {
	if c.has(2) {
		x = c.op("Add", numpyBroadcast(), x, c.in[2])
	}
	sizes := c.ints("qkv_hidden_sizes")
	if c.rank(c.in[1]) != 2 || sizes != nil && len(sizes) != 3 {
		c.fail("weights of shape %v, qkv_hidden_sizes %v", c.shape(c.input(1)), sizes)
	}
	if sizes == nil {
		third := c.dim(c.in[1], 1) / 3
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
	return []graph.Port{c.joined(y), present}
}

// unpacked are query, key and value with heads apart; without a key all three lie in input 0.
func (c *call) unpacked(heads, shared int) []graph.Port {
	parts := []graph.Port{c.input(0), {}, {}}
	if c.has(1) && c.has(2) {
		parts[1], parts[2] = c.in[1], c.in[2]
	} else {
		size := c.dim(c.in[0], 2) / max(heads+2*shared, 1)
		parts = c.many("VariadicSplit", 3, nil, c.in[0], c.i64(-1), c.i64s(heads*size, shared*size, shared*size))
	}
	return []graph.Port{c.heads(parts[0], heads), c.heads(parts[1], shared), c.heads(parts[2], shared)}
}
