package onnx

import (
	"math"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

func init() {
	register("DFT", fourier)
	register("STFT", shortTimeFourier)
	register("HannWindow", cosineWindow(0.5, 0.5, 0))
	register("HammingWindow", cosineWindow(25.0/46, 21.0/46, 0))
	register("BlackmanWindow", cosineWindow(0.42, 0.5, 0.08))
}

// cosineWindow is a - b cos(2 pi n / N) + c cos(4 pi n / N), where N is the size, or one less when the window is symmetric.
func cosineWindow(a, b, d float64) operator {
	return func(c *call) []graph.Port {
		to := c.dtype(int64(c.int("output_datatype", 1)))
		size := c.convert(c.scalarShaped(0), tensor.I64)
		n := c.convert(c.op("Range", graph.Attrs{"output_type": "i64"}, c.i64(0), size, c.i64(1)), tensor.F64)
		period := c.convert(size, tensor.F64)
		if c.int("periodic", 1) == 0 {
			period = c.op("Subtract", numpyBroadcast(), period, c.scalar(tensor.F64, 1))
		}
		angle := c.op("Divide", numpyBroadcast(), c.op("Multiply", numpyBroadcast(), n, c.scalar(tensor.F64, 2*math.Pi)), period)
		term := func(factor, times float64) graph.Port {
			wave := c.op("Cos", nil, c.op("Multiply", numpyBroadcast(), angle, c.scalar(tensor.F64, times)))
			return c.op("Multiply", numpyBroadcast(), wave, c.scalar(tensor.F64, factor))
		}
		y := c.op("Subtract", numpyBroadcast(), c.scalar(tensor.F64, a), term(b, 1))
		if d != 0 {
			y = c.op("Add", numpyBroadcast(), y, term(d, 2))
		}
		return []graph.Port{c.convert(y, to)}
	}
}

// fourier transforms one axis of real ([..., 1]) or complex ([..., 2]) numbers; the axis became an input in opset 20.
func fourier(c *call) []graph.Port {
	x := c.input(0)
	rank := c.rank(x)
	axis := c.i64s(-2)
	switch {
	case c.opset < 20:
		axis = c.i64s(c.int("axis", 1))
	case c.has(2):
		axis = c.op("Reshape", graph.Attrs{"special_zero": "false"}, c.convert(c.in[2], tensor.I64), c.i64s(1))
	}
	if rank < 2 {
		c.fail("an input of shape %v, whose last axis should hold the parts of numbers", c.shape(x))
	}
	in := []graph.Port{x, c.op("FloorMod", numpyBroadcast(), axis, c.i64(rank))} // DFT counts back from the axis before the last
	if c.has(1) {
		in = append(in, c.op("Reshape", graph.Attrs{"special_zero": "false"}, c.convert(c.in[1], tensor.I64), c.i64s(1)))
	}
	t := transform{inverse: c.int("inverse", 0) != 0, half: c.int("onesided", 0) != 0, real: c.dim(x, rank-1) == 1, last: rank - 1}
	return []graph.Port{t.of(c, in)}
}

// A transform is one of real or complex numbers, whose parts lie in axis last; of half of the spectrum when the signal is real.
type transform struct {
	inverse, half, real bool
	last                int
}

// of adds the operation. in are the data, the axes and optionally the sizes.
func (t transform) of(c *call, in []graph.Port) graph.Port {
	switch {
	case t.half && t.inverse:
		return c.op("Unsqueeze", nil, c.op("IRDFT", nil, in...), c.i64s(t.last))
	case t.half && t.real:
		in[0] = c.op("Squeeze", nil, in[0], c.i64s(t.last))
		return c.op("RDFT", nil, in...)
	case t.real:
		none := c.op("Subtract", numpyBroadcast(), in[0], in[0])
		in[0] = c.op("Concat", graph.Attrs{"axis": list([]int{t.last})}, in[0], none)
	}
	if t.inverse {
		return c.op("IDFT", nil, in...)
	}
	return c.op("DFT", nil, in...)
}

// shortTimeFourier transforms frames [batch, frames, bins, 2] of a signal [batch, length, 1 or 2], multiplied with a window.
func shortTimeFourier(c *call) []graph.Port {
	x := c.input(0)
	if c.rank(x) != 3 || !c.has(2) && !c.has(3) {
		c.fail("a signal of shape %v, expected rank 3 and a window or a frame_length", c.shape(x))
	}
	step := c.convert(c.scalarShaped(1), tensor.I64)
	var size graph.Port
	if c.has(3) {
		size = c.convert(c.scalarShaped(3), tensor.I64)
	} else {
		size = c.op("Squeeze", nil, c.op("ShapeOf", graph.Attrs{"output_type": "i64"}, c.in[2]), c.i64s(0))
	}
	room := c.op("Subtract", numpyBroadcast(), c.i64(c.dim(x, 1)), size)
	starts := c.op("Range", graph.Attrs{"output_type": "i64"}, c.i64(0), c.op("Add", numpyBroadcast(), room, c.i64(1)), step)
	inside := c.op("Range", graph.Attrs{"output_type": "i64"}, c.i64(0), size, c.i64(1))
	index := c.op("Add", numpyBroadcast(), c.op("Unsqueeze", nil, starts, c.i64s(1)), c.op("Unsqueeze", nil, inside, c.i64s(0)))
	y := c.op("Gather", graph.Attrs{"batch_dims": "0"}, x, index, c.i64(1))
	if c.has(2) {
		y = c.op("Multiply", numpyBroadcast(), y, c.op("Unsqueeze", nil, c.in[2], c.i64s(0, 1, 3)))
	}
	isReal := c.dim(x, 2) == 1
	t := transform{half: c.int("onesided", 1) != 0 && isReal, real: isReal, last: 3}
	return []graph.Port{t.of(c, []graph.Port{y, c.i64s(2)})}
}
