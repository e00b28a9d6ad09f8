package onnx

import (
	"slices"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

func init() {
	register("NegativeLogLikelihoodLoss", func(c *call) []graph.Port {
		return []graph.Port{c.negativeLogLikelihood(c.input(0))}
	})
	register("SoftmaxCrossEntropyLoss", func(c *call) []graph.Port {
		logarithms := c.op("LogSoftmax", graph.Attrs{"axis": "1"}, c.input(0))
		return []graph.Port{c.negativeLogLikelihood(logarithms), logarithms}
	})
}

// negativeLogLikelihood is -x[n, target[n, d...], d...] * weight[target], 0 where the target is ignore_index; its mean is over the weights.
func (c *call) negativeLogLikelihood(x graph.Port) graph.Port {
	if c.rank(x) < 2 {
		c.fail("an input of rank %d, expected classes", c.rank(x))
	}
	t, classes := c.kind(x), c.dim(x, 1)
	target := c.convert(c.input(1), tensor.I64)
	weight := c.scalar(t, 1)
	if c.has(2) {
		weight = c.in[2]
	} else {
		weight = c.op("Broadcast", graph.Attrs{"mode": "numpy"}, weight, c.i64s(classes))
	}
	var ignored graph.Port
	if a := c.attr("ignore_index"); a != nil {
		ignored = c.op("Equal", numpyBroadcast(), target, c.i64(int(a.i)))
		target = c.op("Select", numpyBroadcast(), ignored, c.i64(0), target)
	}
	picked := c.op("GatherElements", graph.Attrs{"axis": "1"}, x, c.op("Unsqueeze", nil, target, c.i64s(1)))
	loss := c.op("Negative", nil, c.op("Squeeze", nil, picked, c.i64s(1)))
	weights := c.op("Gather", graph.Attrs{"batch_dims": "0"}, weight, target, c.i64(0))
	if ignored.Node != nil {
		weights = c.op("Select", numpyBroadcast(), ignored, c.scalar(t, 0), weights)
	}
	loss = c.op("Multiply", numpyBroadcast(), loss, weights)
	reduction := c.string("reduction", "mean")
	if !slices.Contains([]string{"mean", "sum", "none"}, reduction) {
		c.fail("reduction %q is not known", reduction)
	}
	if reduction == "none" {
		return loss
	}
	axes := c.i64s(span(0, c.rank(loss))...)
	sum := c.op("ReduceSum", graph.Attrs{"keep_dims": "false"}, loss, axes)
	if reduction == "sum" {
		return sum
	}
	return c.op("Divide", numpyBroadcast(), sum, c.op("ReduceSum", graph.Attrs{"keep_dims": "false"}, weights, axes))
}
