package onnx

import (
	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// The operators of com.microsoft whose constants are quantized in blocks:
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#commicrosoftmatmulnbits

func init() {
	register("com.microsoft.MatMulNBits", matMulNBits)
	register("com.microsoft.GatherBlockQuantized", gatherBlockQuantized)
}

// matMulNBits multiplies with constant weights of 2, 4 or 8 bits, [columns, blocks, bytes], which have a scale and a zero point a block. With
// input 4 every row of the product has the block that this names, else the one that it lies in.
func matMulNBits(c *call) []graph.Port {
	k, n, bits, block := c.int("K", 0), c.int("N", 0), c.int("bits", 4), c.int("block_size", 32)
	if k < 1 || n < 1 || packedTypes[bits] == 0 || block < 16 || k > 1<<30 || n > 1<<30 {
		c.fail("K=%d, N=%d, bits=%d, block_size=%d is not supported", k, n, bits, block)
	}
	if c.has(4) && (bits == 2 || bits == 4 && c.has(3) && c.kind(c.in[3]) == tensor.U8) {
		c.fail("a g_idx with weights of %d bits is supported without packed zero points, and from 4 bits on: ONNX Runtime departs from its specification there", bits)
	}
	blocks := (k + block - 1) / block
	t := c.kind(c.input(2))
	weights := c.convert(c.packed(1, bits, n, blocks, block), t)
	zeros, scale := c.blockZeros(t, n, blocks, bits), c.op("Reshape", graph.Attrs{"special_zero": "false"}, c.input(2), c.i64s(n, blocks, 1))
	if c.has(4) {
		weights = c.op("Reshape", graph.Attrs{"special_zero": "false"}, weights, c.i64s(n, blocks*block))
		weights = c.op("Slice", nil, weights, c.i64s(0), c.i64s(k), c.i64s(1), c.i64s(1))
		zeros, scale = c.blockChosen(zeros), c.blockChosen(scale)
	}
	weights = c.op("Multiply", numpyBroadcast(), c.op("Subtract", numpyBroadcast(), weights, zeros), scale)
	if !c.has(4) {
		weights = c.op("Reshape", graph.Attrs{"special_zero": "false"}, weights, c.i64s(n, blocks*block))
		if blocks*block > k {
			weights = c.op("Slice", nil, weights, c.i64s(0), c.i64s(k), c.i64s(1), c.i64s(1))
		}
	}
	y := c.op("MatMul", graph.Attrs{"transpose_a": "false", "transpose_b": "true"}, c.input(0), c.convert(weights, c.kind(c.input(0))))
	if c.has(5) {
		y = c.op("Add", numpyBroadcast(), y, c.in[5])
	}
	return []graph.Port{y}
}

// blockChosen picks of parameters [columns, blocks, 1] those of the block that input 4 names for each row; a scalar is everybody's.
func (c *call) blockChosen(p graph.Port) graph.Port {
	if len(c.shape(p)) == 0 {
		return p
	}
	return c.op("Gather", graph.Attrs{"batch_dims": "0"}, c.op("Squeeze", nil, p, c.i64s(2)), c.in[4], c.i64(1))
}

// packedTypes are the types of constants that are stored as bytes of several numbers, by their bits.
var packedTypes = map[int]tensor.DType{2: tensor.U2, 4: tensor.U4, 8: tensor.U8}

// packed is input i, a constant of bytes, as numbers of so many bits with the given shape.
func (c *call) packed(i, bits int, shape ...int) graph.Port {
	p := c.input(i)
	if p.Node.Value == nil {
		c.fail("input %d must be constant", i)
	}
	raw := &tensor.Raw{Type: packedTypes[bits], Shape: shape, Bytes: p.Node.Value.Bytes}
	elements, err := tensor.Elements(shape)
	if err != nil || int64(len(raw.Bytes)) != tensor.StoredBytes(raw.Type, elements) {
		c.fail("input %d has %d bytes, expected %s%v", i, len(raw.Bytes), raw.Type, shape)
	}
	return c.raw(raw)
}

// blockZeros are the zero points [n, blocks, 1] of input 3: half of the range when they are not given; the bytes of a row are whole.
func (c *call) blockZeros(t tensor.DType, n, blocks, bits int) graph.Port {
	if !c.has(3) {
		return c.scalar(t, float64(int(1)<<(bits-1)))
	}
	zeros := c.in[3]
	if c.kind(zeros) == tensor.U8 && bits < 8 {
		each := 8 / bits
		stored := (blocks + each - 1) / each
		zeros = c.op("Slice", nil, c.packed(3, bits, n, stored*each), c.i64s(0), c.i64s(blocks), c.i64s(1), c.i64s(1))
	}
	return c.op("Reshape", graph.Attrs{"special_zero": "false"}, c.convert(zeros, t), c.i64s(n, blocks, 1))
}

// gatherBlockQuantized picks rows of a table that is quantized in blocks of its last axis, and their scales and zero points, before it computes
// their values: the table is larger by far.
func gatherBlockQuantized(c *call) []graph.Port {
	data, bits, block := c.input(0), c.int("bits", 4), c.int("block_size", 128)
	rank := c.rank(data)
	axis, along := c.axis(data, c.int("gather_axis", 0)), c.axis(data, c.int("quantize_axis", 1))
	if along != rank-1 || axis == along || block < 16 || c.kind(data) == tensor.U8 && packedTypes[bits] == 0 {
		c.fail("a table of %s%v with gather_axis %d, quantize_axis %d, bits %d, block_size %d is not supported", c.kind(data), c.shape(data), axis, along,
			bits, block)
	}
	zeros, middle := c.given(3), 0.0
	if c.kind(data) == tensor.U8 {
		middle = float64(int(1) << (bits - 1))
		if bits < 8 {
			data, zeros = c.unpackedBytes(0, bits), c.unpackedBytes(3, bits)
		}
	}
	pick := func(p graph.Port) graph.Port {
		return c.op("Gather", graph.Attrs{"batch_dims": "0"}, p, c.input(1), c.i64(axis))
	}
	scale := pick(c.input(2))
	t, size := c.kind(scale), c.dim(data, along)
	inner := *c
	node := *c.node
	node.attrs = map[string]*attrProto{"axis": {i: -1}, "block_size": {i: int64(block)}}
	inner.node = &node
	values := c.convert(pick(data), t)
	zero := c.scalar(t, middle)
	if zeros.Node != nil {
		zeros = c.op("Slice", nil, zeros, c.i64s(0), c.i64s((size+block-1)/block), c.i64s(1), c.i64s(along))
		zero = inner.alongAxis(c.convert(pick(zeros), t), values)
	}
	values = c.op("Subtract", numpyBroadcast(), values, zero)
	y := c.op("Multiply", numpyBroadcast(), values, inner.alongAxis(scale, values))
	return []graph.Port{y}
}

// unpackedBytes is input i, if it is given, as numbers of so many bits, of which its last axis has more.
func (c *call) unpackedBytes(i, bits int) graph.Port {
	if !c.has(i) {
		return graph.Port{}
	}
	shape := append([]int{}, c.shape(c.in[i])...)
	shape[len(shape)-1] *= 8 / bits
	return c.convert(c.packed(i, bits, shape...), tensor.U8)
}
