package onnx

import (
	"encoding/binary"
	"math"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

func init() {
	register("Cast", cast)
	register("CastLike", castLike)
	register("Identity", func(c *call) []graph.Port { return []graph.Port{c.input(0)} })
	register("Dropout", dropout)
	register("Constant", constant)
	register("ConstantOfShape", constantOfShape)
	register("BitCast", bitCast)
}

func cast(c *call) []graph.Port {
	t := c.dtype(int64(c.int("to", 0)))
	return []graph.Port{c.castTo(c.input(0), t)}
}

// castTo is a Convert; to a float of 8 bits, unless the node has saturate=0, what is too large becomes the largest value, infinities too.
func (c *call) castTo(x graph.Port, t tensor.DType) graph.Port {
	limit, from := map[tensor.DType]float64{tensor.F8E4M3: 448, tensor.F8E5M2: 57344}[t], c.kind(x)
	if limit != 0 && c.int("saturate", 1) != 0 && from.IsFloat() { // NaN stays, as these have it where it is the second operand
		x = c.op("Minimum", numpyBroadcast(), c.scalar(from, limit), c.op("Maximum", numpyBroadcast(), c.scalar(from, -limit), x))
	}
	return c.op("Convert", graph.Attrs{"destination_type": t.String()}, x)
}

func castLike(c *call) []graph.Port {
	if t := c.kind(c.input(1)); t == tensor.F8E4M3 || t == tensor.F8E5M2 {
		return []graph.Port{c.castTo(c.input(0), t)}
	}
	return c.one("ConvertLike", nil, c.input(0), c.input(1))
}

func bitCast(c *call) []graph.Port {
	t := c.dtype(int64(c.int("to", 0)))
	return c.one("BitCast", graph.Attrs{"output_type": t.String()}, c.input(0))
}

// dropout passes its input on; at inference it drops nothing.
func dropout(c *call) []graph.Port {
	x := c.input(0)
	if c.has(2) {
		if on, ok := c.scalarValue(c.in[2]); !ok || on != 0 {
			c.fail("dropout in training mode is not supported")
		}
	}
	if len(c.node.outputs) < 2 {
		return []graph.Port{x}
	}
	mask := c.op("Broadcast", graph.Attrs{"mode": "numpy"}, c.convert(c.scalar(tensor.F32, 1), tensor.Bool),
		c.op("ShapeOf", graph.Attrs{"output_type": "i64"}, x))
	return []graph.Port{x, mask}
}

func constant(c *call) []graph.Port {
	return []graph.Port{c.raw(c.constantValue())}
}

func (c *call) constantValue() *tensor.Raw {
	if a := c.attr("value"); a != nil && a.t != nil {
		return c.stored(c.model.raw(a.t))
	}
	if a := c.attr("sparse_value"); a != nil && a.sparse != nil {
		return c.stored(c.model.dense(a.sparse))
	}
	switch {
	case c.attr("value_float") != nil:
		return floatsRaw([]float32{c.attr("value_float").f}, []int{})
	case c.attr("value_floats") != nil:
		floats := c.attr("value_floats").floats
		return floatsRaw(floats, []int{len(floats)})
	case c.attr("value_int") != nil:
		return intsRaw([]int{int(c.attr("value_int").i)}, []int{})
	case c.attr("value_ints") != nil:
		ints := c.ints("value_ints")
		return intsRaw(ints, []int{len(ints)})
	}
	c.fail("the constant has no value of a supported kind")
	return nil
}

// stored is a tensor of the file.
func (c *call) stored(raw *tensor.Raw, err error) *tensor.Raw {
	c.check(err)
	return raw
}

// floatsRaw is a constant of f32.
func floatsRaw(values []float32, shape []int) *tensor.Raw {
	r := &tensor.Raw{Type: tensor.F32, Shape: shape}
	for _, v := range values {
		r.Bytes = binary.LittleEndian.AppendUint32(r.Bytes, math.Float32bits(v))
	}
	return r
}

// intsRaw is a constant of i64.
func intsRaw(values, shape []int) *tensor.Raw {
	r := &tensor.Raw{Type: tensor.I64, Shape: shape}
	for _, v := range values {
		r.Bytes = binary.LittleEndian.AppendUint64(r.Bytes, uint64(v))
	}
	return r
}

func constantOfShape(c *call) []graph.Port {
	value := c.scalar(tensor.F32, 0)
	if a := c.attr("value"); a != nil && a.t != nil {
		raw := c.stored(c.model.raw(a.t))
		raw.Shape = []int{}
		value = c.raw(raw)
	}
	return c.one("Broadcast", graph.Attrs{"mode": "numpy"}, value, c.input(0))
}
