package onnx

import (
	"halfway/engine/graph"
	"halfway/engine/tensor"
)

func init() { register("com.microsoft.GroupQueryAttention", groupQueryAttention) }

// A groupAttention is causal attention over a cache, [batch, heads, past, size], and the new keys. Of the cache the first seqlens_k+1-queries keys
// of each batch count; it may have room for more (a shared buffer).
type groupAttention struct {
	attention
	past  int        // keys that the cache has room for
	valid graph.Port // how many of them count, [batch]
}

func groupQueryAttention(c *call) []graph.Port {
	heads, shared := c.int("num_heads", 1), c.int("kv_num_heads", 1)
	if c.rank(c.input(0)) != 3 {
		c.fail("a query of shape %v, expected rank 3", c.shape(c.input(0)))
	}
	parts := c.unpacked(heads, shared)
	g := &groupAttention{past: c.pastLength(3, 4)}
	queries := c.dim(parts[0], 2)
	valid := c.op("Subtract", numpyBroadcast(), c.convert(c.input(5), tensor.I64), c.i64(queries-1))
	g.valid = c.op("Reshape", graph.Attrs{"special_zero": "false"}, c.op("Maximum", numpyBroadcast(), valid, c.i64(0)), c.i64s(-1))
	if c.int("do_rotary", 0) != 0 {
		c.rotateGroup(parts[:2], g.valid, queries)
	}
	g.attention = attention{call: c, q: parts[0], k: c.cached(3, parts[1]), v: c.cached(4, parts[2]), scale: c.float("scale", 0),
		softcap: c.float("softcap", 0), shown: -1}
	g.sinks(heads)
	if c.has(10) {
		g.mask = c.in[10]
	}
	g.restrictGroup(c.int("local_window_size", 0))
	presentK, presentV := g.present(g.k), g.present(g.v)
	y, _ := g.compute()
	return []graph.Port{c.joined(y), presentK, presentV}
}

// rotateGroup turns the queries and keys by their positions, which follow the keys that count unless input 9 gives them.
func (c *call) rotateGroup(parts []graph.Port, valid graph.Port, queries int) {
	steps := c.op("Range", graph.Attrs{"output_type": "i64"}, c.i64(0), c.i64(queries), c.i64(1))
	places := c.op("Add", numpyBroadcast(), c.op("Unsqueeze", nil, valid, c.i64s(1)), steps)
	if c.has(9) {
		places = c.in[9]
	}
	for i, p := range parts {
		parts[i] = c.rotated(p, c.input(7), c.input(8), places, 0, c.int("rotary_interleaved", 0) != 0)
	}
}

// sinks are scores that every query has besides those of the keys: input 11 has one a head, smooth_softmax one of 0.
func (g *groupAttention) sinks(heads int) {
	switch t := g.kind(g.q); {
	case g.has(11):
		g.sink = g.op("Reshape", graph.Attrs{"special_zero": "false"}, g.convert(g.in[11], t), g.i64s(1, heads, 1, 1))
	case g.int("smooth_softmax", 0) != 0:
		g.sink = g.op("Reshape", graph.Attrs{"special_zero": "false"}, g.scalar(t, 0), g.i64s(1, 1, 1, 1))
	}
}

// restrictGroup leaves out what lies in the cache behind the keys that count, what comes after each query, and what lies before its window.
func (g *groupAttention) restrictGroup(window int) {
	if g.past == 0 {
		g.restrict(g.causal(g.i64(0), window-1, 0))
		return
	}
	keys := g.dim(g.k, 2)
	held := g.op("LogicalOr", numpyBroadcast(), g.below(g.valid, keys), g.op("LogicalNot", nil, g.below(g.i64s(g.past), keys)))
	if window <= 0 {
		g.restrict(g.causal(g.i64(g.past), -1, 0))
		g.restrict(held)
		return
	}
	// A new key's position is its place less the room of the cache that is not used.
	unused := g.op("Reshape", graph.Attrs{"special_zero": "false"}, g.op("Subtract", numpyBroadcast(), g.i64(g.past), g.valid), g.i64s(-1, 1, 1, 1))
	line := g.op("Range", graph.Attrs{"output_type": "i64"}, g.i64(0), g.i64(keys), g.i64(1))
	position := g.op("Select", numpyBroadcast(), g.below(g.i64s(g.past), keys), line, g.op("Subtract", numpyBroadcast(), line, unused))
	place := g.op("Range", graph.Attrs{"output_type": "i64"}, g.i64(0), g.i64(g.dim(g.q, 2)), g.i64(1))
	place = g.op("Add", numpyBroadcast(), g.op("Unsqueeze", nil, place, g.i64s(1)),
		g.op("Reshape", graph.Attrs{"special_zero": "false"}, g.valid, g.i64s(-1, 1, 1, 1)))
	g.restrict(g.op("LessEqual", numpyBroadcast(), position, place))
	g.restrict(g.op("Greater", numpyBroadcast(), position, g.op("Subtract", numpyBroadcast(), place, g.i64(window))))
	g.restrict(held)
}

// present is the cache after this step: what counts of it, then the new keys, in as many places as it had or the whole sequence (input 6) has;
// what is left is 0. It is p, the cache before the new keys, where it is known that all of the cache counts.
func (g *groupAttention) present(p graph.Port) graph.Port {
	total, known := g.scalarValue(g.input(6))
	queries := g.dim(g.q, 2)
	if g.past == 0 && known && int(total) == queries || known && int(total) == g.past+queries && g.dim(g.q, 0) == 1 {
		return p
	}
	length := g.op("Reshape", graph.Attrs{"special_zero": "false"}, g.convert(g.input(6), tensor.I64), g.raw(intsRaw(nil, []int{0})))
	length = g.op("Maximum", numpyBroadcast(), length, g.i64(g.past))
	line := g.op("Range", graph.Attrs{"output_type": "i64"}, g.i64(0), length, g.i64(1))
	valid := g.op("Unsqueeze", nil, g.valid, g.i64s(1))
	added := g.op("Add", numpyBroadcast(), line, g.op("Subtract", numpyBroadcast(), g.i64(g.past), valid))
	index := g.op("Select", numpyBroadcast(), g.op("Less", numpyBroadcast(), line, valid), line, added)
	last := g.past + queries - 1
	inside := g.op("LessEqual", numpyBroadcast(), index, g.i64(last))
	p = g.op("Gather", graph.Attrs{"batch_dims": "1"}, p, g.op("Minimum", numpyBroadcast(), index, g.i64(last)), g.i64(2))
	return g.op("Select", numpyBroadcast(), g.op("Unsqueeze", nil, inside, g.i64s(1, 3)), p, g.scalar(g.kind(p), 0))
}
