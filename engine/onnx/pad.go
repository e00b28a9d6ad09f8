package onnx

import (
	"slices"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

func init() {
	register("Pad", pad)
	register("CenterCropPad", centerCropPad)
}

// pad gives the pads of both ends, and from opset 18 on of chosen axes only.
func pad(c *call) []graph.Port {
	x := c.input(0)
	rank := c.rank(x)
	mode := c.string("mode", "constant")
	if !slices.Contains([]string{"constant", "reflect", "edge", "wrap"}, mode) {
		c.fail("mode %q is not known", mode)
	}
	value := c.scalar(c.kind(x), 0)
	var begin, end graph.Port
	if c.opset < 11 {
		pads := c.ints("pads")
		if len(pads) != 2*rank {
			c.fail("%d pads for rank %d", len(pads), rank)
		}
		begin, end = c.i64s(pads[:rank]...), c.i64s(pads[rank:]...)
		value = c.scalar(c.kind(x), c.float("value", 0))
	} else {
		begin, end = c.pads(rank)
		if c.has(2) {
			value = c.scalarShaped(2)
		}
	}
	if mode == "wrap" {
		return []graph.Port{c.wrapped(x, begin, end)}
	}
	return c.one("Pad", graph.Attrs{"pad_mode": mode}, x, begin, end, value)
}

// pads are the pads of all axes at both ends: constants where they are known.
func (c *call) pads(rank int) (begin, end graph.Port) {
	pads, known := c.knownInts(c.input(1))
	axes, axesKnown := span(0, rank), true
	if c.has(3) {
		axes, axesKnown = c.knownInts(c.in[3])
	}
	if !known || !axesKnown {
		return c.padsLater(rank)
	}
	if len(pads) != 2*len(axes) {
		c.fail("%d pads for %d axes", len(pads), len(axes))
	}
	low, high := make([]int, rank), make([]int, rank)
	for i, a := range axes {
		if a < 0 {
			a += rank
		}
		if a < 0 || a >= rank {
			c.fail("axis %d does not fit rank %d", a, rank)
		}
		low[a], high[a] = pads[i], pads[len(axes)+i]
	}
	return c.i64s(low...), c.i64s(high...)
}

// padsLater are pads that are computed while running.
func (c *call) padsLater(rank int) (begin, end graph.Port) {
	two := c.many("Split", 2, graph.Attrs{"num_splits": "2"}, c.convert(c.input(1), tensor.I64), c.i64(0))
	if !c.has(3) {
		return two[0], two[1]
	}
	axes := c.op("FloorMod", numpyBroadcast(), c.convert(c.in[3], tensor.I64), c.i64(rank)) // from the end where negative
	for i, half := range two {
		two[i] = c.op("ScatterElementsUpdate", graph.Attrs{"reduction": "none"}, c.i64s(make([]int, rank)...), axes, half, c.i64(0))
	}
	return two[0], two[1]
}

// wrapped repeats x around itself, which Pad does not: an index of each axis that is padded gathers it.
func (c *call) wrapped(x, begin, end graph.Port) graph.Port {
	low, known := c.knownInts(begin)
	high, too := c.knownInts(end)
	for axis, size := range c.shape(x) {
		if known && too && low[axis] == 0 && high[axis] == 0 {
			continue
		}
		pick := func(p graph.Port) graph.Port {
			return c.op("Gather", graph.Attrs{"batch_dims": "0"}, p, c.i64(axis), c.i64(0))
		}
		index := c.wrappedIndex(pick(begin), pick(end), size)
		x = c.op("Gather", graph.Attrs{"batch_dims": "0"}, x, index, c.i64(axis))
	}
	return x
}

// wrappedIndex are the positions of an axis of the given size after padding: what is left of it where a pad is negative, repeated.
func (c *call) wrappedIndex(begin, end graph.Port, size int) graph.Port {
	cut := func(pad graph.Port) graph.Port {
		return c.op("Maximum", numpyBroadcast(), c.op("Negative", nil, pad), c.i64(0))
	}
	first := cut(begin)
	left := c.op("Subtract", numpyBroadcast(), c.op("Subtract", numpyBroadcast(), c.i64(size), first), cut(end))
	from := c.op("Minimum", numpyBroadcast(), c.op("Negative", nil, begin), c.i64(0))
	to := c.op("Add", numpyBroadcast(), left, c.op("Maximum", numpyBroadcast(), end, c.i64(0)))
	index := c.op("Range", graph.Attrs{"output_type": "i64"}, from, to, c.i64(1))
	index = c.op("FloorMod", numpyBroadcast(), index, c.op("Maximum", numpyBroadcast(), left, c.i64(1)))
	return c.op("Add", numpyBroadcast(), index, first)
}

// centerCropPad cuts axes, or pads them with zeros, to a size; where the difference is odd there is one more at the end.
func centerCropPad(c *call) []graph.Port {
	x := c.input(0)
	axes := c.ints("axes")
	if axes == nil {
		axes = span(0, c.rank(x))
	}
	rank := c.rank(x)
	from := make([]int, len(axes))
	for i := range axes {
		if axes[i] = c.axis(x, axes[i]); axes[i] >= rank {
			c.fail("axis %d does not fit rank %d", axes[i], rank)
		}
		from[i] = c.shape(x)[axes[i]]
	}
	to := c.convert(c.input(1), tensor.I64)
	positive := func(a, b graph.Port) graph.Port {
		return c.op("Maximum", numpyBroadcast(), c.op("Subtract", numpyBroadcast(), a, b), c.i64(0))
	}
	half := func(p graph.Port) graph.Port { return c.op("Divide", numpyBroadcast(), p, c.i64(2)) }
	more := positive(to, c.i64s(from...))
	before := half(more)
	whole := func(p graph.Port) graph.Port {
		return c.op("ScatterElementsUpdate", graph.Attrs{"reduction": "none"}, c.i64s(make([]int, rank)...), c.i64s(axes...), p, c.i64(0))
	}
	y := c.op("Pad", graph.Attrs{"pad_mode": "constant"}, x, whole(before), whole(c.op("Subtract", numpyBroadcast(), more, before)),
		c.scalar(c.kind(x), 0))
	start := half(positive(c.i64s(from...), to))
	steps := c.i64s(slices.Repeat([]int{1}, len(axes))...)
	return c.one("Slice", nil, y, start, c.op("Add", numpyBroadcast(), start, to), steps, c.i64s(axes...))
}
