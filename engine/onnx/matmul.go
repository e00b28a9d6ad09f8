package onnx

import (
	"fmt"

	"halfway/engine/graph"
)

func init() {
	register("MatMul", func(c *call) []graph.Port {
		return c.one("MatMul", graph.Attrs{"transpose_a": "false", "transpose_b": "false"}, c.input(0), c.input(1))
	})
	register("Det", func(c *call) []graph.Port { return c.one("Det", nil, c.input(0)) })
	register("Gemm", gemm)
	register("Einsum", func(c *call) []graph.Port {
		return c.one("Einsum", graph.Attrs{"equation": c.string("equation", "")}, c.in...)
	})
}

// gemm is alpha * A * B + beta * C.
func gemm(c *call) []graph.Port {
	a, b := c.input(0), c.input(1)
	y := c.op("MatMul", graph.Attrs{"transpose_a": boolean(c.int("transA", 0)), "transpose_b": boolean(c.int("transB", 0))}, a, b)
	product := y.Node
	alpha := c.float("alpha", 1)
	if alpha != 1 {
		y = c.op("Multiply", numpyBroadcast(), y, c.scalar(c.kind(b), alpha))
	}
	bias := c.scalar(c.kind(b), 0) // OpenVINO adds it all the same
	if c.has(2) {
		bias = c.in[2]
	}
	if beta := c.float("beta", 1); beta != 1 {
		bias = c.op("Multiply", numpyBroadcast(), c.scalar(c.kind(bias), beta), bias)
	}
	product.Name = c.label() + "/WithoutBiases"
	if alpha == 1 { // OpenVINO multiplies by it all the same; the product is made of that node when it has dropped it
		product.Fused = []string{product.Name, fmt.Sprintf("Multiply_%d", product.ID)}
	}
	return c.one("Add", numpyBroadcast(), y, bias)
}
