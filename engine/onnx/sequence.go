package onnx

import (
	"slices"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// No operation of OpenVINO has sequences. Those whose length and positions are known before running are resolved here: a sequence is a mark, a
// node outside of the graph, for the values that it holds.

func init() {
	register("SequenceConstruct", func(c *call) []graph.Port { return c.sequence(c.in) })
	register("SequenceEmpty", func(c *call) []graph.Port { return c.sequence(nil) })
	register("SequenceInsert", sequenceInsert)
	register("SequenceErase", sequenceErase)
	register("SequenceAt", sequenceAt)
	register("SequenceLength", func(c *call) []graph.Port { return []graph.Port{c.i64(len(c.items(0)))} })
	register("ConcatFromSequence", concatFromSequence)
	register("SplitToSequence", splitToSequence)
	register("OptionalHasElement", func(c *call) []graph.Port {
		return []graph.Port{c.convert(c.i64(len(slices.DeleteFunc(slices.Clone(c.in), isMissing))), tensor.Bool)}
	})
	register("OptionalGetElement", func(c *call) []graph.Port { return []graph.Port{c.input(0)} })
}

func isMissing(p graph.Port) bool { return p.Node == nil }

// sequence makes a sequence.
func (c *call) sequence(items []graph.Port) []graph.Port {
	mark := graph.Port{Node: &graph.Node{Op: "sequence", Name: c.label(), Out: make([]graph.Output, 1)}}
	c.sequences[mark.Node] = items
	return []graph.Port{mark}
}

// items are the values of input i, which must be a sequence that is known here.
func (c *call) items(i int) []graph.Port {
	items, ok := c.sequences[c.input(i).Node]
	if !ok {
		c.fail("input %d is no sequence that is known before running", i)
	}
	return items
}

// position is the value of input i as a place in a sequence of n values; at its end too where beyond is 1.
func (c *call) position(i, n, beyond int) int {
	at, ok := c.knownInts(c.input(i))
	if !ok || len(at) != 1 {
		c.fail("a position that is known only while running is not supported")
	}
	if at[0] < 0 {
		at[0] += n
	}
	if at[0] < 0 || at[0] >= n+beyond {
		c.fail("position %d is outside of a sequence of %d", at[0], n)
	}
	return at[0]
}

func sequenceInsert(c *call) []graph.Port {
	items := c.items(0)
	at := len(items)
	if c.has(2) {
		at = c.position(2, len(items), 1)
	}
	return c.sequence(slices.Insert(slices.Clone(items), at, c.input(1)))
}

func sequenceErase(c *call) []graph.Port {
	items := c.items(0)
	at := len(items) - 1
	if c.has(1) {
		at = c.position(1, len(items), 0)
	}
	if at < 0 {
		c.fail("nothing to erase")
	}
	return c.sequence(slices.Delete(slices.Clone(items), at, at+1))
}

func sequenceAt(c *call) []graph.Port {
	items := c.items(0)
	at := c.position(1, len(items), 0)
	return items[at : at+1]
}

func concatFromSequence(c *call) []graph.Port {
	items, axis := slices.Clone(c.items(0)), c.int("axis", 0)
	if c.int("new_axis", 0) != 0 {
		for i, p := range items {
			items[i] = c.op("Unsqueeze", nil, p, c.i64s(axis))
		}
	}
	return c.one("Concat", graph.Attrs{"axis": list([]int{axis})}, items...)
}

// splitToSequence cuts an axis into parts of one size, the last of which may be smaller, or of given sizes.
func splitToSequence(c *call) []graph.Port {
	x := c.input(0)
	axis := c.axis(x, c.int("axis", 0))
	if axis >= c.rank(x) {
		c.fail("axis %d does not fit rank %d", axis, c.rank(x))
	}
	lengths, keep := []int{1}, c.int("keepdims", 1) != 0
	if c.has(1) {
		known, ok := c.knownInts(c.in[1])
		if !ok || len(known) == 0 {
			c.fail("lengths that are known only while running are not supported")
		}
		lengths, keep = known, true
	}
	if len(c.shape(c.in[min(1, len(c.in)-1)])) == 0 || !c.has(1) {
		lengths = pieces(c.dim(x, axis), lengths[0])
	}
	if len(lengths) > maxPieces {
		c.fail("a sequence of %d values, the most is %d", len(lengths), maxPieces)
	}
	parts := c.many("VariadicSplit", len(lengths), nil, x, c.i64(axis), c.i64s(lengths...))
	for i := range parts {
		if !keep {
			parts[i] = c.op("Squeeze", nil, parts[i], c.i64s(axis))
		}
	}
	return c.sequence(parts)
}

const maxPieces = 1 << 12

// pieces are the lengths of the parts of n, of size each but for the last.
func pieces(n, size int) []int {
	var r []int
	for size = max(size, 1); n > 0 && len(r) <= maxPieces; n -= size {
		r = append(r, min(n, size))
	}
	return r
}

func (b *builder) isSequence(p graph.Port) bool {
	_, is := b.sequences[p.Node]
	return is
}
