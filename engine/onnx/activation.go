package onnx

import (
	"math"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

func init() {
	register("Clip", clip)
	register("LeakyRelu", leakyRelu)
	register("PRelu", prelu)
	register("Elu", func(c *call) []graph.Port {
		return c.one("Elu", graph.Attrs{"alpha": number(c.float("alpha", 1))}, c.input(0))
	})
	register("Selu", selu)
	register("HardSigmoid", hardSigmoid)
	register("Gelu", gelu)
	register("com.microsoft.Gelu", gelu)
	register("ThresholdedRelu", thresholdedRelu)
	register("Celu", celu)
	register("Shrink", shrink)
	register("Swish", swish)
	register("SwiGLU", func(c *call) []graph.Port {
		y := swish(c)
		return c.one("Multiply", numpyBroadcast(), y[0], c.input(1))
	})
	register("Softmax", softmax("Softmax"))
	register("LogSoftmax", softmax("LogSoftmax"))
	register("Hardmax", hardmax)
}

// clip is Clamp up to opset 10, and Maximum and Minimum since the bounds are inputs, which the plugin makes a Clamp where they are known.
func clip(c *call) []graph.Port {
	x := c.input(0)
	if c.opset < 11 {
		low, high := c.float("min", -math.MaxFloat32), c.float("max", math.MaxFloat32)
		if c.kind(x).IsFloat() && low <= high {
			return c.one("Clamp", graph.Attrs{"min": number(finite(low)), "max": number(finite(high))}, x)
		}
		return []graph.Port{c.bounded(x, low, high)}
	}
	for i, op := range []string{"Maximum", "Minimum"} {
		switch limit, ok := limits[c.kind(x)]; {
		case c.has(i + 1):
			x = c.op(op, numpyBroadcast(), c.in[i+1], x)
		case ok: // OpenVINO spells both bounds
			x = c.op(op, numpyBroadcast(), c.scalar(c.kind(x), float64(2*i-1)*limit), x)
		}
	}
	return []graph.Port{x}
}

// limits are the largest finite floats of each type.
var limits = map[tensor.DType]float64{tensor.F16: 65504, tensor.BF16: 0x1.FEp127, tensor.F32: math.MaxFloat32, tensor.F64: math.MaxFloat64}

func (c *call) bounded(x graph.Port, low, high float64) graph.Port {
	t := c.kind(x)
	x = c.op("Maximum", numpyBroadcast(), c.scalar(t, low), x)
	return c.op("Minimum", numpyBroadcast(), c.scalar(t, high), x)
}

func leakyRelu(c *call) []graph.Port {
	x := c.input(0)
	return c.one("PRelu", nil, x, c.scalar(c.kind(x), c.float("alpha", 0.01)))
}

// prelu gives a slope of one element a channel the place of the channels, as numpy's broadcasting does not.
func prelu(c *call) []graph.Port {
	x, slope := c.input(0), c.input(1)
	if s := c.shape(slope); len(s) > 1 && c.rank(x) > 1 {
		channels, all := c.dim(x, 1), 1
		for _, d := range s {
			all *= d
		}
		if all == channels || all == 1 {
			slope = c.op("Reshape", graph.Attrs{"special_zero": "true"}, slope, c.i64s(all))
		}
	}
	return c.one("PRelu", nil, x, slope)
}

func selu(c *call) []graph.Port {
	t := c.kind(c.input(0))
	return c.one("Selu", nil, c.input(0), c.scalar(t, c.float("alpha", 1.67326319217681884765625)), c.scalar(t, c.float("gamma", 1.05070102214813232421875)))
}

func hardSigmoid(c *call) []graph.Port {
	t := c.kind(c.input(0))
	return c.one("HardSigmoid", nil, c.input(0), c.scalar(t, c.float("alpha", float64(float32(0.2)))), c.scalar(t, c.float("beta", 0.5)))
}

func gelu(c *call) []graph.Port {
	mode := "ERF"
	if c.string("approximate", "none") == "tanh" {
		mode = "TANH"
	}
	return c.one("Gelu", graph.Attrs{"approximation_mode": mode}, c.input(0))
}

func thresholdedRelu(c *call) []graph.Port {
	x := c.input(0)
	t := c.kind(x)
	above := c.op("Greater", numpyBroadcast(), x, c.scalar(t, c.float("alpha", 1)))
	return c.one("Multiply", numpyBroadcast(), x, c.convert(above, t))
}

// celu is max(0, x) + min(0, alpha * (exp(x / alpha) - 1)).
func celu(c *call) []graph.Port {
	x := c.input(0)
	t := c.kind(x)
	alpha, zero := c.scalar(t, c.float("alpha", 1)), c.scalar(t, 0)
	above := c.op("Maximum", numpyBroadcast(), zero, x)
	power := c.op("Exp", nil, c.op("Divide", numpyBroadcast(), x, alpha))
	below := c.op("Multiply", numpyBroadcast(), alpha, c.op("Subtract", numpyBroadcast(), power, c.scalar(t, 1)))
	return c.one("Add", numpyBroadcast(), above, c.op("Minimum", numpyBroadcast(), zero, below))
}

// shrink is x-bias above lambd, x+bias below -lambd, else 0.
func shrink(c *call) []graph.Port {
	x := c.input(0)
	t := c.kind(x)
	wide := x
	if !t.IsFloat() {
		wide = c.convert(x, tensor.F32)
	}
	w := c.kind(wide)
	bias, lambda := c.scalar(w, c.float("bias", 0)), c.float("lambd", 0.5)
	above := c.convert(c.op("Greater", numpyBroadcast(), wide, c.scalar(w, lambda)), w)
	below := c.convert(c.op("Less", numpyBroadcast(), wide, c.scalar(w, -lambda)), w)
	up := c.op("Multiply", numpyBroadcast(), below, c.op("Add", numpyBroadcast(), wide, bias))
	down := c.op("Multiply", numpyBroadcast(), above, c.op("Subtract", numpyBroadcast(), wide, bias))
	return []graph.Port{c.convert(c.op("Add", numpyBroadcast(), up, down), t)}
}

func swish(c *call) []graph.Port {
	x := c.input(0)
	return c.one("Swish", nil, x, c.scalar(c.kind(x), c.float("alpha", 1)))
}

// softmax is over one axis from opset 13 on; before, over all axes from that one on, as a matrix. OpenVINO leaves the Softmax of opset 11 and 12
// in the shape that it has; where the axis is the last one that means the same.
func softmax(name string) operator {
	return func(c *call) []graph.Port {
		x := c.input(0)
		if c.opset >= 13 {
			return c.one(name, graph.Attrs{"axis": list([]int{c.int("axis", -1)})}, x)
		}
		if c.rank(x) == 1 {
			return c.one(name, graph.Attrs{"axis": "0"}, x)
		}
		axis := c.axis(x, c.int("axis", 1))
		if axis == c.rank(x)-1 && name == "Softmax" && c.opset >= 11 {
			return c.one(name, graph.Attrs{"axis": list([]int{axis})}, x)
		}
		flat := c.op(name, graph.Attrs{"axis": "1"}, c.flatten(x, axis))
		return c.one("Reshape", graph.Attrs{"special_zero": "false"}, flat, c.op("ShapeOf", graph.Attrs{"output_type": "i64"}, x))
	}
}

// flattenLater is flatten where only the rank is known.
func (c *call) flattenLater(x graph.Port, axis int) graph.Port {
	if axis < 2 {
		return c.op("Reshape", graph.Attrs{"special_zero": "true"}, x, c.i64s(1-axis, -1))
	}
	shape := c.op("ShapeOf", graph.Attrs{"output_type": "i64"}, x)
	before := c.op("Slice", nil, shape, c.i64s(0), c.i64s(axis), c.i64s(1), c.i64s(0))
	rows := c.op("ReduceProd", graph.Attrs{"keep_dims": "true"}, before, c.i64s(0))
	return c.op("Reshape", graph.Attrs{"special_zero": "false"}, x, c.op("Concat", graph.Attrs{"axis": "0"}, rows, c.i64s(-1)))
}

// flatten makes a matrix of x: the dimensions before axis, and the others.
func (c *call) flatten(x graph.Port, axis int) graph.Port {
	rows, columns := 1, 1
	if c.rank(x); c.known[x].Shape == nil {
		return c.flattenLater(x, axis)
	}
	for i, d := range c.shape(x) {
		if i < axis {
			rows *= d
		} else {
			columns *= d
		}
	}
	return c.op("Reshape", graph.Attrs{"special_zero": "false"}, x, c.i64s(rows, columns))
}

// hardmax is one at the first largest element of each row, else zero.
func hardmax(c *call) []graph.Port {
	x := c.input(0)
	otherwise := 1
	if c.opset >= 13 {
		otherwise = -1
	}
	axis := c.axis(x, c.int("axis", otherwise))
	y := x
	depth := 0
	if c.opset < 13 {
		y = c.flatten(x, axis)
		axis = 1
	}
	if s := c.shape(y); axis < len(s) {
		depth = s[axis]
	}
	top := c.many("TopK", 2, graph.Attrs{"axis": list([]int{axis}), "mode": "max", "sort": "value", "index_element_type": "i64"}, y, c.i64(1))
	index := c.op("Squeeze", nil, top[1], c.i64s(axis))
	t := c.kind(x)
	hot := c.op("OneHot", graph.Attrs{"axis": list([]int{axis})}, index, c.i64(depth), c.scalar(t, 1), c.scalar(t, 0))
	if c.opset < 13 {
		hot = c.op("Reshape", graph.Attrs{"special_zero": "false"}, hot, c.op("ShapeOf", graph.Attrs{"output_type": "i64"}, x))
	}
	return []graph.Port{hot}
}
