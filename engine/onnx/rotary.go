package onnx

import (
	"halfway/engine/graph"
	"halfway/engine/tensor"
)

func init() {
	register("RotaryEmbedding", func(c *call) []graph.Port {
		positions := graph.Port{}
		if c.has(3) {
			positions = c.in[3]
		}
		return c.rotaryEmbedding(c.input(1), c.input(2), positions)
	})
	register("com.microsoft.RotaryEmbedding", func(c *call) []graph.Port {
		x, positions := c.input(0), c.input(1)
		if len(c.shape(positions)) == 1 && c.rank(x) >= 3 { // where the first row lies
			length := c.dim(x, c.rank(x)-2)
			steps := c.op("Range", graph.Attrs{"output_type": "i64"}, c.i64(0), c.i64(length), c.i64(1))
			positions = c.op("Add", numpyBroadcast(), c.op("Unsqueeze", nil, c.convert(positions, tensor.I64), c.i64s(0)), steps)
		}
		return c.rotaryEmbedding(c.input(2), c.input(3), positions)
	})
}

// rotaryEmbedding turns input 0, [batch, heads, length, size] or [batch, length, heads*size].
func (c *call) rotaryEmbedding(cos, sin, positions graph.Port) []graph.Port {
	x := c.input(0)
	flat := c.rank(x) == 3
	dim := c.int("rotary_embedding_dim", 0)
	if heads := c.int("num_heads", 0); heads > 0 {
		x = c.heads(x, heads)
	} else if flat { // the tables tell the size of a head
		size := dim
		if size == 0 && c.rank(cos) > 0 {
			size = 2 * c.dim(cos, c.rank(cos)-1)
		}
		x = c.heads(x, c.dim(x, 2)/max(size, 1))
	}
	y := c.rotated(x, cos, sin, positions, dim, c.int("interleaved", 0) != 0)
	if flat {
		y = c.joined(y)
	}
	return []graph.Port{y}
}

// rotated turns the first dim elements (0: all) of each head of x by the angles of its positions: pairs are the two halves, or neighbours when
// interleaved. The tables have a row a position, or one a batch and position when positions are not given.
func (c *call) rotated(x, cos, sin, positions graph.Port, dim int, interleaved bool) graph.Port {
	if c.rank(x) != 4 {
		c.fail("an input of shape %v, expected rank 4", c.shape(x))
	}
	size := c.dim(x, 3)
	if dim == 0 {
		dim = size
	}
	if dim%2 != 0 || dim > size {
		c.fail("a rotation of %d of %d elements", dim, size)
	}
	angle := func(table graph.Port) graph.Port {
		if positions.Node != nil {
			table = c.op("Gather", graph.Attrs{"batch_dims": "0"}, table, positions, c.i64(0))
		}
		return c.op("Unsqueeze", nil, table, c.i64s(1))
	}
	lengths := []int{dim / 2, dim / 2}
	if interleaved {
		lengths = []int{dim}
	}
	if dim < size {
		lengths = append(lengths, size-dim)
	}
	parts := []graph.Port{x}
	if len(lengths) > 1 {
		parts = c.many("VariadicSplit", len(lengths), nil, x, c.i64(-1), c.i64s(lengths...))
	}
	pair := parts[:len(parts):len(parts)]
	if interleaved {
		apart := c.op("Reshape", graph.Attrs{"special_zero": "true"}, parts[0], c.i64s(0, 0, 0, dim/2, 2))
		pair = c.many("Split", 2, graph.Attrs{"num_splits": "2"}, apart, c.i64(-1))
		for i, p := range pair {
			pair[i] = c.op("Squeeze", nil, p, c.i64s(-1))
		}
	}
	turned := c.turned(pair[0], pair[1], angle(cos), angle(sin))
	if interleaved {
		for i, p := range turned {
			turned[i] = c.op("Unsqueeze", nil, p, c.i64s(-1))
		}
		together := c.op("Concat", graph.Attrs{"axis": "-1"}, turned...)
		turned = []graph.Port{c.op("Reshape", graph.Attrs{"special_zero": "true"}, together, c.i64s(0, 0, 0, dim))}
	}
	if dim < size {
		turned = append(turned, parts[len(parts)-1])
	}
	if len(turned) == 1 {
		return turned[0]
	}
	return c.op("Concat", graph.Attrs{"axis": "-1"}, turned...)
}

// turned are x cos - y sin and x sin + y cos, in the operations that OpenVINO's frontend makes of them.
func (c *call) turned(x, y, cos, sin graph.Port) []graph.Port {
	minus := c.op("Multiply", numpyBroadcast(), c.op("Multiply", numpyBroadcast(), y, sin), c.scalar(c.kind(y), -1))
	first := c.op("Add", numpyBroadcast(), c.op("Multiply", numpyBroadcast(), x, cos), minus)
	second := c.op("Add", numpyBroadcast(), c.op("Multiply", numpyBroadcast(), x, sin), c.op("Multiply", numpyBroadcast(), y, cos))
	return []graph.Port{first, second}
}
