package onnx

import (
	"slices"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

func init() {
	for name, since := range map[string]int{"ReduceMean": 18, "ReduceMax": 18, "ReduceMin": 18, "ReduceProd": 18, "ReduceL1": 18, "ReduceL2": 18,
		"ReduceSum": 13} {
		reduce := operator(func(c *call) []graph.Port { return []graph.Port{c.reduce(name, since, c.input(0))} })
		if name == "ReduceL2" {
			reduce = inFloats(reduce)
		}
		register(name, reduce)
	}
	register("ReduceSumSquare", func(c *call) []graph.Port {
		x := c.input(0)
		return []graph.Port{c.reduce("ReduceSum", 18, c.op("Multiply", numpyBroadcast(), x, x))}
	})
	register("ReduceLogSum", inFloats(func(c *call) []graph.Port {
		return c.one("Log", nil, c.reduce("ReduceSum", 18, c.input(0)))
	}))
	register("ReduceLogSumExp", inFloats(logSumExp))
	register("ArgMax", argument("max"))
	register("ArgMin", argument("min"))
	register("CumSum", func(c *call) []graph.Port {
		return c.one("CumSum", graph.Attrs{"exclusive": boolean(c.int("exclusive", 0)), "reverse": boolean(c.int("reverse", 0))}, c.input(0), c.scalarShaped(1))
	})
	register("CumProd", func(c *call) []graph.Port {
		return c.one("CumProd", graph.Attrs{"exclusive": boolean(c.int("exclusive", 0)), "reverse": boolean(c.int("reverse", 0))}, c.input(0), c.scalarShaped(1))
	})
	register("TopK", topK)
}

// inFloats computes what integers give in f64 and drops its fraction.
func inFloats(o operator) operator {
	return func(c *call) []graph.Port {
		t := c.kind(c.input(0))
		if !t.IsInteger() {
			return o(c)
		}
		c.in[0] = c.convert(c.in[0], tensor.F64)
		out := o(c)
		return []graph.Port{c.convert(out[0], t)}
	}
}

// reduce adds a reduction over the node's axes, which became an input in opset since; without axes over all, or nothing where the node says so.
func (c *call) reduce(name string, since int, x graph.Port) graph.Port {
	attrs := graph.Attrs{"keep_dims": boolean(c.int("keepdims", 1)), "infinite": "true"}
	axes := c.ints("axes")
	if c.opset >= since && c.has(1) && !slices.Equal(c.dims(c.in[1]), []int{0}) {
		return c.reduceTyped(name, attrs, x, c.in[1])
	}
	if len(axes) == 0 {
		if c.int("noop_with_empty_axes", 0) != 0 {
			return c.eachAlone(name, x)
		}
		for i := range c.rank(x) {
			axes = append(axes, i)
		}
	}
	return c.reduceTyped(name, attrs, x, c.i64s(axes...))
}

// eachAlone reduces every element by itself, as ONNX Runtime does where no axes are given: only the norms change anything.
func (c *call) eachAlone(name string, x graph.Port) graph.Port {
	if name != "ReduceL1" && name != "ReduceL2" {
		return x
	}
	return c.op("Abs", nil, x)
}

// reduceTyped reduces booleans, which only Max and Min have, as bytes.
func (c *call) reduceTyped(name string, attrs graph.Attrs, x, axes graph.Port) graph.Port {
	if t := c.kind(x); t == tensor.Bool {
		return c.convert(c.op(name, attrs, c.convert(x, tensor.U8), axes), t)
	}
	return c.op(name, attrs, x, axes)
}

// logSumExp subtracts the maximum first, so that no exponential overflows.
func logSumExp(c *call) []graph.Port {
	x := c.input(0)
	keep := c.int("keepdims", 1)
	top := c.reduceKept("ReduceMax", x)
	sum := c.reduceKept("ReduceSum", c.op("Exp", nil, c.op("Subtract", numpyBroadcast(), x, top)))
	y := c.op("Add", numpyBroadcast(), c.op("Log", nil, sum), top)
	if keep != 0 {
		return []graph.Port{y}
	}
	return []graph.Port{c.reduce("ReduceMax", 18, y)} // over dimensions of size 1: it only drops them
}

func (c *call) reduceKept(name string, x graph.Port) graph.Port {
	kept := *c
	node := *c.node
	node.attrs = map[string]*attrProto{}
	for k, v := range c.node.attrs {
		if k != "keepdims" {
			node.attrs[k] = v
		}
	}
	kept.node = &node
	return kept.reduce(name, 18, x)
}

func argument(mode string) operator {
	return func(c *call) []graph.Port {
		x := c.input(0)
		axis := c.axis(x, c.int("axis", 0))
		last := c.int("select_last_index", 0) != 0
		if last {
			return c.lastArgument(x, axis, mode)
		}
		top := c.many("TopK", 2, graph.Attrs{"axis": list([]int{axis}), "mode": mode, "sort": "value", "index_element_type": "i64", "stable": "true"},
			x, c.i64(1))
		return []graph.Port{c.squeezed(top[1], axis)}
	}
}

func (c *call) squeezed(p graph.Port, axis int) graph.Port {
	if c.int("keepdims", 1) != 0 {
		return p
	}
	return c.op("Squeeze", nil, p, c.i64s(axis))
}

// lastArgument finds the last of several equal elements as the first of the reversed axis.
func (c *call) lastArgument(x graph.Port, axis int, mode string) []graph.Port {
	size := 0
	if axis < c.rank(x) {
		size = c.dim(x, axis)
	}
	reversed := c.op("Slice", nil, x, c.i64s(-1), c.i64s(-size-1), c.i64s(-1), c.i64s(axis))
	top := c.many("TopK", 2, graph.Attrs{"axis": list([]int{axis}), "mode": mode, "sort": "value", "index_element_type": "i64", "stable": "true"},
		reversed, c.i64(1))
	return []graph.Port{c.squeezed(c.op("Subtract", numpyBroadcast(), c.i64(size-1), top[1]), axis)}
}

func topK(c *call) []graph.Port {
	x := c.input(0)
	mode, sort := "max", "value"
	if c.opset >= 11 && c.int("largest", 1) == 0 {
		mode = "min"
	}
	if c.opset >= 11 && c.int("sorted", 1) == 0 {
		sort = "none"
	}
	var k graph.Port
	if c.opset < 10 {
		k = c.i64(c.int("k", 0))
	} else {
		k = c.scalarShaped(1)
	}
	return c.many("TopK", 2, graph.Attrs{"axis": list([]int{c.int("axis", -1)}), "mode": mode, "sort": sort, "index_element_type": "i64",
		"stable": "true"}, x, k)
}
