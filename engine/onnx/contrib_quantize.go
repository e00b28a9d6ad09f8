package onnx

import (
	"halfway/engine/graph"
	"halfway/engine/tensor"
)

func init() {
	register("com.microsoft.MatMulNBits", matMulNBits)
	register("com.microsoft.DynamicQuantizeMatMul", dynamicQuantizeMatMul)
	register("com.microsoft.MatMulIntegerToFloat", matMulIntegerToFloat)
	register("com.microsoft.QLinearAdd", quantizedPair("Add"))
	register("com.microsoft.QLinearMul", quantizedPair("Multiply"))
	register("com.microsoft.QLinearConcat", quantizedConcat)
	register("com.microsoft.QLinearSigmoid", quantizedUnary(func(c *call, x graph.Port) graph.Port { return c.op("Sigmoid", nil, x) }))
	register("com.microsoft.QLinearLeakyRelu", quantizedUnary(func(c *call, x graph.Port) graph.Port {
		return c.op("PRelu", nil, x, c.scalar(tensor.F32, c.float("alpha", float64(float32(0.01)))))
	}))
	register("com.microsoft.QLinearGlobalAveragePool", quantizedUnary(quantizedGlobalPool))
}

// matMulNBits multiplies with constant weights of 4 or 8 bits, [columns, blocks, bytes], which have a scale and a zero point a block.
func matMulNBits(c *call) ([]graph.Port, error) {
	k, n, bits, block := c.int("K", 0), c.int("N", 0), c.int("bits", 4), c.int("block_size", 32)
	if k < 1 || n < 1 || bits != 4 && bits != 8 || block < 16 || k > 1<<30 || n > 1<<30 || c.has(4) {
		c.fail("K=%d, N=%d, bits=%d, block_size=%d (and a g_idx: %v) is not supported", k, n, bits, block, c.has(4))
		return nil, c.err
	}
	packed := c.input(1)
	if c.err != nil || packed.Node.Value == nil {
		c.fail("the weights must be constant")
		return nil, c.err
	}
	blocks := (k + block - 1) / block
	raw := tensor.Raw{Type: tensor.U4, Shape: []int{n, blocks, block}, Bytes: packed.Node.Value.Bytes}
	if bits == 8 {
		raw.Type = tensor.U8
	}
	elements, err := tensor.Elements(raw.Shape)
	if err != nil || int64(len(raw.Bytes)) != tensor.StoredBytes(raw.Type, elements) {
		c.fail("the weights have %d bytes, expected %s%v", len(raw.Bytes), raw.Type, raw.Shape)
		return nil, c.err
	}
	t := c.kind(c.input(2))
	weights := c.op("Subtract", numpyBroadcast(), c.convert(c.raw(&raw), t), c.blockZeros(t, n, blocks, bits))
	scale := c.op("Reshape", graph.Attrs{"special_zero": "false"}, c.in[2], c.i64s(n, blocks, 1))
	weights = c.op("Multiply", numpyBroadcast(), weights, scale)
	weights = c.op("Reshape", graph.Attrs{"special_zero": "false"}, weights, c.i64s(n, blocks*block))
	if blocks*block > k {
		weights = c.op("Slice", nil, weights, c.i64s(0), c.i64s(k), c.i64s(1), c.i64s(1))
	}
	y := c.op("MatMul", graph.Attrs{"transpose_a": "false", "transpose_b": "true"}, c.input(0), c.convert(weights, c.kind(c.input(0))))
	if c.has(5) {
		y = c.op("Add", numpyBroadcast(), y, c.in[5])
	}
	return []graph.Port{y}, c.err
}

// blockZeros are the zero points [n, blocks, 1]: half of the range when they are not given; those of 4 bits are packed row by row.
func (c *call) blockZeros(t tensor.DType, n, blocks, bits int) graph.Port {
	if !c.has(3) {
		return c.scalar(t, float64(int(1)<<(bits-1)))
	}
	zeros := c.in[3]
	if c.kind(zeros) == tensor.U8 && bits == 4 {
		stored := (blocks + 1) / 2
		if zeros.Node.Value == nil || len(zeros.Node.Value.Bytes) != n*stored {
			c.fail("zero points must be constant and have %d bytes", n*stored)
			return zeros
		}
		raw := &tensor.Raw{Type: tensor.U8, Shape: []int{n * blocks}}
		for i := range n * blocks {
			b := zeros.Node.Value.Bytes[i/blocks*stored+i%blocks/2]
			raw.Bytes = append(raw.Bytes, b>>(i%blocks%2*4)&15)
		}
		zeros = c.raw(raw)
	}
	return c.op("Reshape", graph.Attrs{"special_zero": "false"}, c.convert(zeros, t), c.i64s(n, blocks, 1))
}

// given is input i, or a zero Port.
func (c *call) given(i int) graph.Port {
	if c.has(i) {
		return c.in[i]
	}
	return graph.Port{}
}

// dynamicQuantizeMatMul leaves its floating-point operand as it is, like OpenVINO's frontend; ONNX Runtime quantizes it to 8 bits first.
func dynamicQuantizeMatMul(c *call) ([]graph.Port, error) {
	b := c.op("Multiply", numpyBroadcast(), c.centred(c.input(1), c.given(3)), c.input(2))
	y := c.op("MatMul", graph.Attrs{"transpose_a": "false", "transpose_b": "false"}, c.input(0), b)
	return c.plus(y, 4)
}

// plus adds input i where it is given.
func (c *call) plus(y graph.Port, i int) ([]graph.Port, error) {
	if c.has(i) {
		y = c.op("Add", numpyBroadcast(), y, c.in[i])
	}
	return []graph.Port{y}, c.err
}

func matMulIntegerToFloat(c *call) ([]graph.Port, error) {
	a := c.op("Multiply", numpyBroadcast(), c.centred(c.input(0), c.column(c.given(4))), c.column(c.input(2)))
	b := c.op("Multiply", numpyBroadcast(), c.centred(c.input(1), c.given(5)), c.input(3))
	return c.plus(c.op("MatMul", graph.Attrs{"transpose_a": "false", "transpose_b": "false"}, a, b), 6)
}

// real is the value of input i with the scale and zero point that follow it.
func (c *call) real(i int) graph.Port {
	return c.op("Multiply", numpyBroadcast(), c.centred(c.input(i), c.given(i+2)), c.input(i+1))
}

// requantized is y with the scale of input i and the zero point that follows it, in the type of input like.
func (c *call) requantized(y graph.Port, i, like int) ([]graph.Port, error) {
	return []graph.Port{c.quantize(y, c.input(i), c.given(i+1), c.kind(c.input(like)))}, c.err
}

func quantizedPair(name string) operator {
	return func(c *call) ([]graph.Port, error) {
		return c.requantized(c.op(name, numpyBroadcast(), c.real(0), c.real(3)), 6, 0)
	}
}

func quantizedUnary(f func(c *call, x graph.Port) graph.Port) operator {
	return func(c *call) ([]graph.Port, error) { return c.requantized(f(c, c.real(0)), 3, 0) }
}

func quantizedGlobalPool(c *call, x graph.Port) graph.Port {
	axes := span(2, c.rank(x))
	if c.int("channels_last", 0) != 0 {
		axes = span(1, c.rank(x)-1)
	}
	return c.op("ReduceMean", graph.Attrs{"keep_dims": "true"}, x, c.i64s(axes...))
}

// quantizedConcat: inputs are the scale and zero point of the result, then value, scale and zero point of each part.
func quantizedConcat(c *call) ([]graph.Port, error) {
	var parts []graph.Port
	for i := 2; i+2 < len(c.in); i += 3 {
		parts = append(parts, c.real(i))
	}
	return c.requantized(c.op("Concat", graph.Attrs{"axis": list([]int{c.int("axis", 0)})}, parts...), 0, 2)
}
