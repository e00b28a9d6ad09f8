package onnx

import (
	"halfway/engine/graph"
	"halfway/engine/tensor"
)

func init() {
	register("Gather", func(c *call) []graph.Port {
		return c.one("Gather", graph.Attrs{"batch_dims": "0"}, c.input(0), c.input(1), c.i64(c.int("axis", 0)))
	})
	register("GatherElements", func(c *call) []graph.Port {
		return c.one("GatherElements", graph.Attrs{"axis": list([]int{c.int("axis", 0)})}, c.input(0), c.input(1))
	})
	register("GatherND", func(c *call) []graph.Port {
		return c.one("GatherND", graph.Attrs{"batch_dims": list([]int{c.int("batch_dims", 0)})}, c.input(0), c.input(1))
	})
	register("ScatterND", scatter("ScatterNDUpdate"))
	register("ScatterElements", scatter("ScatterElementsUpdate"))
	register("Scatter", scatter("ScatterElementsUpdate"))
	register("OneHot", oneHot)
	register("NonZero", func(c *call) []graph.Port {
		return c.one("NonZero", graph.Attrs{"output_type": "i64"}, c.input(0))
	})
	register("Compress", compress)
	register("ReverseSequence", func(c *call) []graph.Port {
		return c.one("ReverseSequence", graph.Attrs{"batch_axis": list([]int{c.int("batch_axis", 1)}), "seq_axis": list([]int{c.int("time_axis", 0)})},
			c.input(0), c.input(1))
	})
	register("Trilu", trilu)
	register("EyeLike", eyeLike)
	register("Unique", unique)
}

func scatter(name string) operator {
	return func(c *call) []graph.Port {
		reduction := map[string]string{"none": "none", "add": "sum", "mul": "prod", "min": "min", "max": "max"}[c.string("reduction", "none")]
		attrs := graph.Attrs{"reduction": reduction}
		in := []graph.Port{c.input(0), c.input(1), c.input(2)}
		if name == "ScatterElementsUpdate" {
			in = append(in, c.i64(c.int("axis", 0)))
			attrs["use_init_val"] = "true"
		}
		return c.one(name, attrs, in...)
	}
}

// oneHot takes negative indices from the end, as OneHot of OpenVINO does not.
func oneHot(c *call) []graph.Port {
	depth := c.convert(c.scalarShaped(1), tensor.I64)
	raw := c.convert(c.input(0), tensor.I64)
	index := c.op("FloorMod", numpyBroadcast(), raw, depth)
	inside := c.op("LogicalAnd", numpyBroadcast(), c.op("Less", numpyBroadcast(), raw, depth),
		c.op("GreaterEqual", numpyBroadcast(), raw, c.op("Negative", nil, depth)))
	index = c.op("Select", numpyBroadcast(), inside, index, c.i64(-1))
	pair := c.many("Split", 2, graph.Attrs{"num_splits": "2"}, c.input(2), c.i64(0))
	off, on := c.op("Squeeze", nil, pair[0], c.i64s(0)), c.op("Squeeze", nil, pair[1], c.i64s(0))
	return c.one("OneHot", graph.Attrs{"axis": list([]int{c.int("axis", -1)})}, index, depth, on, off)
}

// compress keeps the elements where the condition holds.
func compress(c *call) []graph.Port {
	x, axis := c.input(0), 0
	if a := c.attr("axis"); a == nil {
		x = c.op("Reshape", graph.Attrs{"special_zero": "false"}, x, c.i64s(-1))
	} else {
		axis = c.axis(x, int(a.i))
	}
	index := c.op("Squeeze", nil, c.op("NonZero", graph.Attrs{"output_type": "i64"}, c.input(1)), c.i64s(0))
	return c.one("Gather", graph.Attrs{"batch_dims": "0"}, x, index, c.i64(axis))
}

// trilu keeps what is on one side of the k-th diagonal.
func trilu(c *call) []graph.Port {
	x := c.input(0)
	rank := c.rank(x)
	if rank < 2 {
		c.fail("an input of rank %d, expected a matrix", rank)
	}
	shape := c.shape(x)
	rows, columns := shape[rank-2], shape[rank-1]
	k := c.i64(0)
	if c.has(1) {
		k = c.scalarShaped(1)
	}
	span := func(n int) graph.Port {
		return c.op("Range", graph.Attrs{"output_type": "i64"}, c.i64(0), c.i64(n), c.i64(1))
	}
	row := c.op("Add", numpyBroadcast(), c.op("Unsqueeze", nil, span(rows), c.i64s(1)), k)
	column := c.op("Unsqueeze", nil, span(columns), c.i64s(0))
	name := "LessEqual"
	if c.int("upper", 1) == 0 {
		name = "GreaterEqual"
	}
	return c.one("Select", numpyBroadcast(), c.op(name, numpyBroadcast(), row, column), x, c.convert(c.scalar(tensor.F32, 0), c.kind(x)))
}

func eyeLike(c *call) []graph.Port {
	x := c.input(0)
	t := c.kind(x)
	if a := c.attr("dtype"); a != nil {
		t = c.dtype(a.i)
	}
	shape := c.shape(x)
	if c.rank(x) != 2 {
		c.fail("an input of rank %d, expected a matrix", len(shape))
	}
	return c.one("Eye", graph.Attrs{"output_type": t.String()}, c.i64(shape[0]), c.i64(shape[1]), c.i64(c.int("k", 0)))
}

// unique is of all elements in one row, or of the slices of an axis.
func unique(c *call) []graph.Port {
	in := []graph.Port{c.input(0)}
	if a := c.attr("axis"); a != nil {
		in = append(in, c.i64(int(a.i)))
	}
	return c.many("Unique", 4, graph.Attrs{"sorted": boolean(c.int("sorted", 1)), "index_element_type": "i64", "count_element_type": "i64"}, in...)
}
