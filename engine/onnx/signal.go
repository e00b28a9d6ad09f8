package onnx

import (
	"math"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

func init() {
	register("HannWindow", cosineWindow(0.5, 0.5, 0))
	register("HammingWindow", cosineWindow(25.0/46, 21.0/46, 0))
	register("BlackmanWindow", cosineWindow(0.42, 0.5, 0.08))
}

// cosineWindow is a - b cos(2 pi n / N) + c cos(4 pi n / N), where N is the size, or one less when the window is symmetric.
func cosineWindow(a, b, d float64) operator {
	return func(c *call) ([]graph.Port, error) {
		to, err := dtypeOf(int64(c.int("output_datatype", 1)))
		if err != nil {
			return nil, err
		}
		size := c.convert(c.scalarShaped(0), tensor.I64)
		n := c.convert(c.op("Range", graph.Attrs{"output_type": "i64"}, c.i64(0), size, c.i64(1)), tensor.F64)
		period := c.convert(size, tensor.F64)
		if c.int("periodic", 1) == 0 {
			period = c.op("Subtract", numpyBroadcast(), period, c.scalar(tensor.F64, 1))
		}
		angle := c.op("Divide", numpyBroadcast(), c.op("Multiply", numpyBroadcast(), n, c.scalar(tensor.F64, 2*math.Pi)), period)
		term := func(factor, times float64) graph.Port {
			wave := c.op("Cos", nil, c.op("Multiply", numpyBroadcast(), angle, c.scalar(tensor.F64, times)))
			return c.op("Multiply", numpyBroadcast(), wave, c.scalar(tensor.F64, factor))
		}
		y := c.op("Subtract", numpyBroadcast(), c.scalar(tensor.F64, a), term(b, 1))
		if d != 0 {
			y = c.op("Add", numpyBroadcast(), y, term(d, 2))
		}
		return []graph.Port{c.convert(y, to)}, c.err
	}
}
