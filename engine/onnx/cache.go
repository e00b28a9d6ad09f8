package onnx

import (
	"slices"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

func init() {
	register("TensorScatter", tensorScatter)
	register("CausalConvWithState", causalConv)
}

// tensorScatter writes an update into a cache along an axis, from the place on that each batch has; circular wraps around its end.
func tensorScatter(c *call) []graph.Port {
	cache, update := c.input(0), c.input(1)
	axis := c.axis(cache, c.int("axis", -2))
	if axis >= c.rank(cache) || axis == 0 || c.rank(update) != c.rank(cache) {
		c.fail("axis %d of a cache of shape %v and an update of shape %v", axis, c.shape(cache), c.shape(update))
	}
	shape := c.shape(update)
	place := slices.Repeat([]int{1}, len(shape))
	place[axis] = -1
	index := c.op("Range", graph.Attrs{"output_type": "i64"}, c.i64(0), c.i64(shape[axis]), c.i64(1))
	index = c.op("Reshape", graph.Attrs{"special_zero": "false"}, index, c.i64s(place...))
	if c.has(2) {
		batch := slices.Repeat([]int{1}, len(shape))
		batch[0] = -1
		start := c.op("Reshape", graph.Attrs{"special_zero": "false"}, c.convert(c.in[2], tensor.I64), c.i64s(batch...))
		index = c.op("Add", numpyBroadcast(), index, start)
	}
	if c.string("mode", "linear") == "circular" {
		index = c.op("FloorMod", numpyBroadcast(), index, c.i64(max(c.dim(cache, axis), 1)))
	}
	index = c.op("Broadcast", graph.Attrs{"mode": "bidirectional"}, index, c.i64s(shape...))
	return c.one("ScatterElementsUpdate", graph.Attrs{"reduction": "none"}, cache, index, update, c.i64(axis))
}

// causalConv is a convolution of each channel over the input and what came before it, whose last positions are the state.
func causalConv(c *call) []graph.Port {
	x, weights := c.input(0), c.input(1)
	if c.rank(x) != 3 || c.rank(weights) != 3 {
		c.fail("an input of shape %v with weights %v, expected rank 3", c.shape(x), c.shape(weights))
	}
	s, t, size := c.shape(x), c.kind(x), c.dim(weights, 2)
	before := graph.Port{}
	if c.has(3) {
		before = c.in[3]
	} else {
		before = c.op("Broadcast", graph.Attrs{"mode": "numpy"}, c.scalar(t, 0), c.i64s(s[0], s[1], size-1))
	}
	all := c.op("Concat", graph.Attrs{"axis": "2"}, before, x)
	grouped := c.op("Reshape", graph.Attrs{"special_zero": "false"}, weights, c.i64s(s[1], 1, 1, size))
	y := c.op("GroupConvolution", graph.Attrs{"strides": "1", "dilations": "1", "pads_begin": "0", "pads_end": "0", "auto_pad": "explicit"}, all, grouped)
	if c.has(2) {
		y = c.op("Add", numpyBroadcast(), y, c.perChannel(c.in[2], 3))
	}
	if name := c.string("activation", "none"); name == "silu" || name == "swish" {
		y = c.op("Swish", nil, y)
	}
	length := s[2] + size - 1
	return []graph.Port{y, c.op("Slice", nil, all, c.i64s(length-size+1), c.i64s(length), c.i64s(1), c.i64s(2))}
}
