package onnx

import (
	"halfway/engine/graph"
	"halfway/engine/tensor"
)

func init() {
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
	register("com.microsoft.QLinearAveragePool", quantizedUnary(quantizedPool))
	register("com.microsoft.QLinearSoftmax", quantizedUnary(quantizedSoftmax))
	register("com.microsoft.QLinearWhere", quantizedWhere)
	register("com.microsoft.QGemm", quantizedGemm)
	register("com.microsoft.NhwcMaxPool", func(c *call) []graph.Port {
		return []graph.Port{c.channelsLast(c.within(maxPool, c.channelsFirst(c.input(0))))}
	})
}

// given is input i, or a zero Port.
func (c *call) given(i int) graph.Port {
	if c.has(i) {
		return c.in[i]
	}
	return graph.Port{}
}

// dynamicQuantizeMatMul quantizes its floating-point operand to 8 bits as DynamicQuantizeLinear does.
func dynamicQuantizeMatMul(c *call) []graph.Port {
	a := dynamicQuantizeLinear(c)
	y := c.op("MatMul", nil, c.centred(a[0], a[2]), c.centred(c.input(1), c.given(3)))
	scale := c.op("Multiply", numpyBroadcast(), a[1], c.input(2))
	return c.plus(c.op("Multiply", numpyBroadcast(), y, scale), 4)
}

// plus adds input i where it is given.
func (c *call) plus(y graph.Port, i int) []graph.Port {
	if c.has(i) {
		y = c.op("Add", numpyBroadcast(), y, c.in[i])
	}
	return []graph.Port{y}
}

func matMulIntegerToFloat(c *call) []graph.Port {
	a := c.op("Multiply", numpyBroadcast(), c.centred(c.input(0), c.column(c.given(4))), c.column(c.input(2)))
	b := c.op("Multiply", numpyBroadcast(), c.centred(c.input(1), c.given(5)), c.input(3))
	return c.plus(c.op("MatMul", graph.Attrs{"transpose_a": "false", "transpose_b": "false"}, a, b), 6)
}

// real is the value of input i with the scale and zero point that follow it.
func (c *call) real(i int) graph.Port {
	return c.op("Multiply", numpyBroadcast(), c.centred(c.input(i), c.given(i+2)), c.input(i+1))
}

// requantized is y with the scale of input i and the zero point that follows it, in the type of input like.
func (c *call) requantized(y graph.Port, i, like int) []graph.Port {
	return []graph.Port{c.spelled(y, c.input(i), c.given(i+1), c.kind(c.input(like)))}
}

func quantizedPair(name string) operator {
	return func(c *call) []graph.Port {
		return c.requantized(c.op(name, numpyBroadcast(), c.real(0), c.real(3)), 6, 0)
	}
}

func quantizedUnary(f func(c *call, x graph.Port) graph.Port) operator {
	return func(c *call) []graph.Port { return c.requantized(f(c, c.real(0)), 3, 0) }
}

func quantizedGlobalPool(c *call, x graph.Port) graph.Port {
	axes := span(2, c.rank(x))
	if c.int("channels_last", 0) != 0 {
		axes = span(1, c.rank(x)-1)
	}
	return c.op("ReduceMean", graph.Attrs{"keep_dims": "true"}, x, c.i64s(axes...))
}

// quantizedConcat: inputs are the scale and zero point of the result, then value, scale and zero point of each part.
func quantizedConcat(c *call) []graph.Port {
	var parts []graph.Port
	for i := 2; i+2 < len(c.in); i += 3 {
		parts = append(parts, c.real(i))
	}
	return c.requantized(c.op("Concat", graph.Attrs{"axis": list([]int{c.int("axis", 0)})}, parts...), 0, 2)
}

// channelsFirst moves the last dimension behind the first, channelsLast moves it back.
func (c *call) channelsFirst(x graph.Port) graph.Port {
	rank := c.rank(x)
	return c.op("Transpose", nil, x, c.i64s(append([]int{0, rank - 1}, span(1, rank-1)...)...))
}

func (c *call) channelsLast(x graph.Port) graph.Port {
	return c.op("Transpose", nil, x, c.i64s(append(append([]int{0}, span(2, c.rank(x))...), 1)...))
}

func quantizedPool(c *call, x graph.Port) graph.Port {
	last := c.int("channels_last", 0) != 0
	if last {
		x = c.channelsFirst(x)
	}
	y := c.within(averagePool, x)
	if last {
		return c.channelsLast(y)
	}
	return y
}

// within is what o makes of x with the node's attributes.
func (c *call) within(o operator, x graph.Port) graph.Port {
	inner := *c
	inner.in = []graph.Port{x}
	return o(&inner)[0]
}

// quantizedSoftmax follows the version of Softmax that its attribute opset says.
func quantizedSoftmax(c *call, x graph.Port) graph.Port {
	inner := *c
	inner.opset = c.int("opset", 13)
	return inner.within(softmax("Softmax"), x)
}

func quantizedWhere(c *call) []graph.Port {
	return c.requantized(c.op("Select", graph.Attrs{"auto_broadcast": "numpy"}, c.input(0), c.real(1), c.real(4)), 7, 1)
}

// quantizedGemm is alpha * scales * (A * B + C), where C counts in steps of both scales; in f32 where the result has no scale.
func quantizedGemm(c *call) []graph.Port {
	zeros := c.given(5)
	if c.int("transB", 0) != 0 {
		zeros = c.column(zeros)
	}
	y := c.op("MatMul", graph.Attrs{"transpose_a": boolean(c.int("transA", 0)), "transpose_b": boolean(c.int("transB", 0))},
		c.centred(c.input(0), c.given(2)), c.centred(c.input(3), zeros))
	if c.has(6) {
		y = c.op("Add", numpyBroadcast(), y, c.convert(c.in[6], tensor.F32))
	}
	scale := c.op("Multiply", numpyBroadcast(), c.op("Multiply", numpyBroadcast(), c.input(1), c.input(4)), c.scalar(tensor.F32, c.float("alpha", 1)))
	y = c.op("Multiply", numpyBroadcast(), y, scale)
	if !c.has(7) {
		return []graph.Port{y}
	}
	return c.requantized(y, 7, 0)
}
