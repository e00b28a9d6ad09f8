package onnx

import (
	"math"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

func init() {
	register("QuantizeLinear", quantizeLinear)
	register("DequantizeLinear", dequantizeLinear)
	register("DynamicQuantizeLinear", dynamicQuantizeLinear)
	register("QLinearMatMul", qLinearMatMul)
	register("QLinearConv", qLinearConv)
	register("MatMulInteger", matMulInteger)
	register("ConvInteger", convInteger)
	register("com.microsoft.QuantizeLinear", quantizeLinear)
	register("com.microsoft.DequantizeLinear", dequantizeLinear)
}

// integerRange is the range of a type that floats are quantized to.
func (c *call) integerRange(t tensor.DType) (low, high float64) {
	bits := t.Bits()
	if !t.IsInteger() || bits > 16 {
		c.fail("quantization to %s is not supported", t)
	}
	if t.IsSigned() {
		return -float64(int64(1) << (bits - 1)), float64(int64(1)<<(bits-1) - 1)
	}
	return 0, float64(int64(1)<<bits - 1)
}

// quantize is saturate(round(x / scale) + zero) as OpenVINO's frontend has it: a FakeQuantize, whose input range is what the least and the
// largest integer stand for, and a Convert. Where these are not known before running, the plugin would take the FakeQuantize apart: then it is
// spelled out, which rounds halves right.
func (c *call) quantize(x, scale, zero graph.Port, to tensor.DType) graph.Port {
	low, high := c.integerRange(to)
	scale = c.convert(scale, tensor.F32)
	if c.known[scale].Value == nil || zero.Node != nil && c.known[zero].Value == nil {
		return c.spelled(x, scale, zero, to)
	}
	number := func(integer float64) graph.Port {
		p := c.scalar(tensor.F32, integer)
		if zero.Node != nil {
			p = c.op("Subtract", numpyBroadcast(), p, c.convert(zero, tensor.F32))
		}
		return c.settled(c.op("Multiply", numpyBroadcast(), scale, p))
	}
	least, most := number(low), number(high)
	if !c.finite(least) || !c.finite(most) { // the scale of a mask with the lowest f32
		return c.spelled(x, scale, zero, to)
	}
	levels := graph.Attrs{"levels": list([]int{1 << to.Bits()})}
	y := c.op("FakeQuantize", levels, c.convert(x, tensor.F32), least, most, c.scalar(tensor.F32, low), c.scalar(tensor.F32, high))
	return c.convert(y, to)
}

// spelled is quantize in single operations; halves go to the even side.
func (c *call) spelled(x, scale, zero graph.Port, to tensor.DType) graph.Port {
	return c.saturated(c.op("Divide", numpyBroadcast(), c.convert(x, tensor.F32), c.convert(scale, tensor.F32)), zero, to)
}

// finite reports whether no element of a known f32 value is infinite or NaN.
func (c *call) finite(p graph.Port) bool {
	v := c.known[p].Value
	return v == nil || !slices.ContainsFunc(v.F32s(), func(x float32) bool { return !(math.Abs(float64(x)) <= math.MaxFloat32) })
}

// dequantized is (x - zero) scale, in the type of the scale.
func (c *call) dequantized(x, scale, zero graph.Port) graph.Port {
	y := c.convert(x, c.kind(scale))
	if zero.Node != nil {
		y = c.op("Subtract", numpyBroadcast(), y, c.convert(zero, c.kind(scale)))
	}
	return c.op("Multiply", numpyBroadcast(), y, scale)
}

// saturated is saturate(round(x) + zero).
func (c *call) saturated(x, zero graph.Port, to tensor.DType) graph.Port {
	low, high := c.integerRange(to)
	y := c.op("Round", graph.Attrs{"mode": "half_to_even"}, x)
	if zero.Node != nil {
		y = c.op("Add", numpyBroadcast(), y, c.convert(zero, tensor.F32))
	}
	return c.convert(c.op("Clamp", graph.Attrs{"min": number(low), "max": number(high)}, y), to)
}

// alongAxis gives the parameters of a quantization by axis the place of that axis in x, and repeats those of blocks.
func (c *call) alongAxis(p, x graph.Port) graph.Port {
	if p.Node == nil {
		return p
	}
	shape := c.shape(p)
	rank := c.rank(x)
	switch {
	case len(shape) == 0:
		return p
	case len(shape) == 1 && shape[0] == 1 && rank == 0:
		return c.op("Reshape", graph.Attrs{"special_zero": "false"}, p, c.raw(&tensor.Raw{Type: tensor.I64, Shape: []int{0}}))
	case len(shape) == 1 && shape[0] == 1:
		return p
	}
	axis := c.axis(x, c.int("axis", 1))
	if axis >= rank {
		c.fail("axis %d does not fit rank %d", axis, rank)
	}
	if len(shape) == 1 {
		place := slices.Repeat([]int{1}, rank)
		place[axis] = shape[0]
		return c.op("Reshape", graph.Attrs{"special_zero": "false"}, p, c.i64s(place...))
	}
	block := c.int("block_size", 0)
	if block < 1 || len(shape) != rank {
		c.fail("parameters of shape %v for an input of rank %d with blocks of %d", shape, rank, block)
	}
	apart := c.op("Unsqueeze", nil, p, c.i64s(axis+1))
	repeats := slices.Repeat([]int{1}, rank+1)
	repeats[axis+1] = block
	joined := slices.Clone(shape)
	joined[axis] *= block
	p = c.op("Reshape", graph.Attrs{"special_zero": "false"}, c.op("Tile", nil, apart, c.i64s(repeats...)), c.i64s(joined...))
	if size := c.dim(x, axis); size < joined[axis] {
		p = c.op("Slice", nil, p, c.i64s(0), c.i64s(size), c.i64s(1), c.i64s(axis))
	}
	return p
}

func quantizeLinear(c *call) []graph.Port {
	x := c.input(0)
	scale, zero, to := c.alongAxis(c.input(1), x), graph.Port{}, tensor.U8
	if c.has(2) {
		to = c.kind(c.in[2])
		zero = c.alongAxis(c.in[2], x)
	} else if a := c.attr("output_dtype"); a != nil && a.i != 0 {
		to = c.dtype(a.i)
	}
	if to.IsFloat() {
		return []graph.Port{c.castTo(c.op("Divide", numpyBroadcast(), x, scale), to)}
	}
	return []graph.Port{c.quantize(x, scale, zero, to)}
}

func dequantizeLinear(c *call) []graph.Port {
	x := c.input(0)
	scale, zero := c.alongAxis(c.input(1), x), graph.Port{}
	if c.has(2) {
		zero = c.alongAxis(c.convert(c.in[2], c.kind(scale)), x)
	}
	y := c.dequantized(x, scale, zero)
	if a := c.attr("output_dtype"); a != nil && a.i != 0 {
		t := c.dtype(a.i)
		y = c.convert(y, t)
	}
	return []graph.Port{y}
}

// dynamicQuantizeLinear takes the range of x, widened to hold 0, as that of u8.
func dynamicQuantizeLinear(c *call) []graph.Port {
	x := c.input(0)
	axes := c.i64s(span(0, c.rank(x))...)
	zero := c.scalar(tensor.F32, 0)
	high := c.op("Maximum", numpyBroadcast(), c.op("ReduceMax", graph.Attrs{"keep_dims": "false"}, x, axes), zero)
	low := c.op("Minimum", numpyBroadcast(), c.op("ReduceMin", graph.Attrs{"keep_dims": "false"}, x, axes), zero)
	scale := c.op("Divide", numpyBroadcast(), c.op("Subtract", numpyBroadcast(), high, low), c.scalar(tensor.F32, 255))
	point := c.op("Round", graph.Attrs{"mode": "half_to_even"}, c.op("Negative", nil, c.op("Divide", numpyBroadcast(), low, scale)))
	point = c.convert(c.op("Clamp", graph.Attrs{"min": "0", "max": "255"}, point), tensor.U8)
	return []graph.Port{c.spelled(x, scale, point, tensor.U8), scale, point}
}

// centred is an integer operand less its zero point, in f32: products and sums of 8-bit numbers are exact there up to 2^24.
func (c *call) centred(p, zero graph.Port) graph.Port {
	y := c.convert(p, tensor.F32)
	if zero.Node != nil {
		y = c.op("Subtract", numpyBroadcast(), y, c.convert(zero, tensor.F32))
	}
	return y
}

// column gives a vector of one element a row of a matrix the place of the rows.
func (c *call) column(p graph.Port) graph.Port {
	if p.Node == nil || len(c.shape(p)) != 1 || c.shape(p)[0] == 1 {
		return p
	}
	return c.op("Unsqueeze", nil, p, c.i64s(1))
}

func qLinearMatMul(c *call) []graph.Port {
	y := c.op("MatMul", nil, c.dequantized(c.input(0), c.column(c.input(1)), c.column(c.input(2))), c.dequantized(c.input(3), c.input(4), c.input(5)))
	return []graph.Port{c.quantize(y, c.input(6), c.input(7), c.kind(c.input(7)))}
}

func matMulInteger(c *call) []graph.Port {
	zero := func(i int) graph.Port {
		if c.has(i) {
			return c.in[i]
		}
		return graph.Port{}
	}
	y := c.op("MatMul", nil, c.centred(c.input(0), c.column(zero(2))), c.centred(c.input(1), zero(3)))
	return []graph.Port{c.convert(y, tensor.I32)}
}

// perOutput gives a vector of one element an output channel the place of dimension 0 of weights.
func (c *call) perOutput(p, weights graph.Port) graph.Port {
	if p.Node == nil || len(c.shape(p)) != 1 || c.shape(p)[0] == 1 {
		return p
	}
	shape := slices.Repeat([]int{1}, c.rank(weights))
	shape[0] = -1
	return c.op("Reshape", graph.Attrs{"special_zero": "false"}, p, c.i64s(shape...))
}

func convInteger(c *call) []graph.Port {
	x, w := c.input(0), c.input(1)
	var xZero, wZero graph.Port
	if c.has(2) {
		xZero = c.in[2]
	}
	if c.has(3) {
		wZero = c.perOutput(c.in[3], w)
	}
	window := c.windowOver(x)
	y := c.convolved("Convolution", c.centred(x, xZero), c.centred(w, wZero), window.attrs())
	return []graph.Port{c.convert(y, tensor.I32)}
}

func qLinearConv(c *call) []graph.Port {
	x, w := c.input(0), c.input(3)
	window := c.windowOver(x)
	y := c.convolved("Convolution", c.dequantized(x, c.input(1), c.input(2)),
		c.dequantized(w, c.perOutput(c.input(4), w), c.perOutput(c.input(5), w)), window.attrs())
	channels := func(p graph.Port) graph.Port {
		if len(c.shape(p)) != 1 || c.shape(p)[0] == 1 {
			return p
		}
		return c.perChannel(p, c.rank(x))
	}
	if c.has(8) {
		bias := c.op("Multiply", numpyBroadcast(), c.convert(c.in[8], tensor.F32), c.op("Multiply", numpyBroadcast(), c.input(1), c.input(4)))
		y.Node.Name = c.label() + "/WithoutBiases"
		y = c.op("Add", numpyBroadcast(), y, channels(bias))
	}
	return []graph.Port{c.quantize(y, channels(c.input(6)), channels(c.input(7)), c.kind(c.input(7)))}
}
