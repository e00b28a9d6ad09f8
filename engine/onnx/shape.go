package onnx

import (
	"slices"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

func init() {
	register("Shape", shape)
	register("Size", size)
	register("Reshape", func(c *call) []graph.Port {
		return c.one("Reshape", graph.Attrs{"special_zero": boolean(1 - c.int("allowzero", 0))}, c.input(0), c.input(1))
	})
	register("Flatten", flatten)
	register("Squeeze", withAxes("Squeeze", 13))
	register("Unsqueeze", withAxes("Unsqueeze", 13))
	register("Transpose", transpose)
	register("Concat", func(c *call) []graph.Port {
		return c.one("Concat", graph.Attrs{"axis": list([]int{c.int("axis", 0)})}, c.in...)
	})
	register("Split", split)
	register("Slice", slice)
	register("Expand", func(c *call) []graph.Port {
		return c.one("Broadcast", graph.Attrs{"mode": "bidirectional"}, c.input(0), c.input(1))
	})
	register("Tile", func(c *call) []graph.Port {
		return c.one("Tile", nil, c.input(0), c.convert(c.input(1), tensor.I64))
	})
	register("Range", func(c *call) []graph.Port {
		t := c.kind(c.input(0))
		return c.one("Range", graph.Attrs{"output_type": t.String()}, c.scalarShaped(0), c.scalarShaped(1), c.scalarShaped(2))
	})
	register("DepthToSpace", depthToSpace)
	register("SpaceToDepth", func(c *call) []graph.Port {
		return c.one("SpaceToDepth", graph.Attrs{"mode": "blocks_first", "block_size": list([]int{c.int("blocksize", 1)})}, c.input(0))
	})
}

// shape is ShapeOf, from opset 15 on of a range of dimensions.
func shape(c *call) []graph.Port {
	x := c.input(0)
	all := c.op("ShapeOf", graph.Attrs{"output_type": "i64"}, x)
	if c.attr("start") == nil && c.attr("end") == nil {
		return []graph.Port{all}
	}
	rank := c.rank(x)
	clamp := func(i int) int {
		if i < 0 {
			i += rank
		}
		return min(max(i, 0), rank)
	}
	from, to := clamp(c.int("start", 0)), clamp(c.int("end", rank))
	return c.one("Slice", nil, all, c.i64s(from), c.i64s(max(to, from)), c.i64s(1), c.i64s(0))
}

func size(c *call) []graph.Port {
	all := c.op("ShapeOf", graph.Attrs{"output_type": "i64"}, c.input(0))
	return c.one("ReduceProd", graph.Attrs{"keep_dims": "false"}, all, c.i64s(0))
}

// scalarShaped is input i, which has one element, as a scalar.
func (c *call) scalarShaped(i int) graph.Port {
	p := c.input(i)
	if len(c.dims(p)) == 0 {
		return p
	}
	return c.op("Squeeze", nil, p)
}

func flatten(c *call) []graph.Port {
	x := c.input(0)
	return []graph.Port{c.flatten(x, c.axis(x, c.int("axis", 1)))}
}

// withAxes translates an operator whose axes became an input in an opset.
func withAxes(name string, since int) operator {
	return func(c *call) []graph.Port {
		switch {
		case c.opset >= since && c.has(1):
			return c.one(name, nil, c.input(0), c.in[1])
		case c.attr("axes") != nil && c.opset < since:
			return c.one(name, nil, c.input(0), c.i64s(c.ints("axes")...))
		}
		return c.one(name, nil, c.input(0))
	}
}

func transpose(c *call) []graph.Port {
	x := c.input(0)
	perm := c.ints("perm")
	if perm == nil && c.dims(x) != nil {
		for i := c.rank(x) - 1; i >= 0; i-- {
			perm = append(perm, i)
		}
	}
	return c.one("Transpose", nil, x, c.i64s(perm...))
}

// split is Split where all parts are equal, else VariadicSplit.
func split(c *call) []graph.Port {
	x := c.input(0)
	axis := c.int("axis", 0)
	if lengths := c.ints("split"); lengths != nil && c.opset < 13 {
		return c.many("VariadicSplit", len(lengths), nil, x, c.i64(axis), c.i64s(lengths...))
	}
	if c.opset >= 13 && c.has(1) {
		return c.many("VariadicSplit", len(c.node.outputs), nil, x, c.i64(axis), c.in[1])
	}
	parts := max(len(c.node.outputs), 1)
	if n := c.int("num_outputs", parts); n != parts {
		c.fail("num_outputs=%d for %d outputs", n, parts)
	}
	size := 0 // also where it is not known: an equal split then
	if dims := c.dims(x); dims != nil {
		if a := c.axis(x, axis); a < len(dims) {
			size = max(dims[a], 0)
		}
	}
	if size%parts == 0 {
		return c.many("Split", parts, graph.Attrs{"num_splits": list([]int{parts})}, x, c.i64(axis))
	}
	chunk := (size + parts - 1) / parts // the last part is smaller
	lengths := slices.Repeat([]int{chunk}, parts)
	lengths[parts-1] = size - chunk*(parts-1)
	return c.many("VariadicSplit", len(lengths), nil, x, c.i64(axis), c.i64s(lengths...))
}

func slice(c *call) []graph.Port {
	x := c.input(0)
	if c.opset < 10 {
		starts, ends, axes := c.ints("starts"), c.ints("ends"), c.ints("axes")
		if axes == nil {
			for i := range starts {
				axes = append(axes, i)
			}
		}
		steps := slices.Repeat([]int{1}, len(starts))
		return c.one("Slice", nil, x, c.i64s(starts...), c.i64s(ends...), c.i64s(steps...), c.i64s(axes...))
	}
	starts, steps := c.input(1), graph.Port{}
	switch {
	case c.has(4):
		steps = c.in[4]
	case len(c.dims(starts)) == 1 && c.dims(starts)[0] >= 0:
		steps = c.convert(c.i64s(slices.Repeat([]int{1}, c.dims(starts)[0])...), c.kind(starts))
	default:
		one := c.convert(c.i64(1), c.kind(starts))
		steps = c.op("Broadcast", graph.Attrs{"mode": "numpy"}, one, c.op("ShapeOf", graph.Attrs{"output_type": "i64"}, starts))
	}
	in := []graph.Port{x, starts, c.input(2), steps}
	if c.has(3) {
		in = append(in, c.in[3])
	}
	return c.one("Slice", nil, in...)
}

func depthToSpace(c *call) []graph.Port {
	mode := "blocks_first"
	if c.string("mode", "DCR") == "CRD" {
		mode = "depth_first"
	}
	return c.one("DepthToSpace", graph.Attrs{"mode": mode, "block_size": list([]int{c.int("blocksize", 1)})}, c.input(0))
}
