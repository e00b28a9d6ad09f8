package onnx

import (
	"slices"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// The operators of com.microsoft that ONNX Runtime's optimizers and exporters of language models emit, apart from attention (attention.go) and
// quantization (contrib_quantize.go). https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md

func init() {
	register("com.microsoft.FastGelu", biasedGelu("TANH"))
	register("com.microsoft.BiasGelu", biasedGelu("ERF"))
	register("com.microsoft.QuickGelu", quickGelu)
	register("com.microsoft.FusedMatMul", fusedMatMul)
	register("com.microsoft.TransposeMatMul", fusedMatMul)
	register("com.microsoft.Inverse", unary("Inverse"))
	for _, name := range []string{"GatherND", "GridSample", "Pad", "Range", "Trilu"} { // as ONNX has them since
		register("com.microsoft."+name, func(c *call) []graph.Port {
			c.opset = 16
			return operators[name](c)
		})
	}
	register("com.microsoft.FusedGemm", fusedGemm)
	register("com.microsoft.FusedConv", fusedConv)
	register("com.microsoft.SkipLayerNormalization", skipLayerNormalization)
	register("com.microsoft.SkipSimplifiedLayerNormalization", skipSimplified)
	register("SimplifiedLayerNormalization", simplifiedLayerNormalization)
	register("com.microsoft.SimplifiedLayerNormalization", simplifiedLayerNormalization)
	register("com.microsoft.EmbedLayerNormalization", embedLayerNormalization)
}

// biasedGelu adds input 1, where it is given, before.
func biasedGelu(mode string) operator {
	return func(c *call) []graph.Port {
		x := c.input(0)
		if c.has(1) {
			x = c.op("Add", numpyBroadcast(), x, c.in[1])
		}
		return c.one("Gelu", graph.Attrs{"approximation_mode": mode}, x)
	}
}

// quickGelu is x * sigmoid(alpha * x).
func quickGelu(c *call) []graph.Port {
	x := c.input(0)
	scaled := c.op("Multiply", numpyBroadcast(), x, c.scalar(c.kind(x), c.float("alpha", float64(float32(1.702)))))
	return c.one("Multiply", numpyBroadcast(), x, c.op("Sigmoid", nil, scaled))
}

func fusedMatMul(c *call) []graph.Port {
	a, b := c.batchesFirst(0, "transBatchA"), c.batchesFirst(1, "transBatchB")
	y := c.op("MatMul", graph.Attrs{"transpose_a": boolean(c.int("transA", 0)), "transpose_b": boolean(c.int("transB", 0))}, a, b)
	return c.one("Multiply", numpyBroadcast(), y, c.scalar(c.kind(y), c.float("alpha", 1)))
}

// batchesFirst is input i, whose first dimension goes behind the batches where the attribute says so.
func (c *call) batchesFirst(i int, attribute string) graph.Port {
	p := c.input(i)
	if c.int(attribute, 0) == 0 || c.rank(p) < 2 {
		return p
	}
	last := c.rank(p) - 1
	return c.op("Transpose", nil, p, c.i64s(append(span(1, last), 0, last)...))
}

func fusedGemm(c *call) []graph.Port {
	y := gemm(c)
	return []graph.Port{c.activated(y[0], []float32{float32(c.float("activation_alpha", 0.01)), float32(c.float("activation_beta", 0))})}
}

// fusedConv adds input 3, a residual, before the activation.
func fusedConv(c *call) []graph.Port {
	y := conv(c)
	if c.has(3) {
		y[0] = c.op("Add", numpyBroadcast(), y[0], c.in[3])
	}
	var params []float32
	if a := c.attr("activation_params"); a != nil {
		params = a.floats
	}
	return []graph.Port{c.activated(y[0], params)}
}

// activated applies the activation that the node has built in.
func (c *call) activated(y graph.Port, params []float32) graph.Port {
	param := func(i int) float64 {
		if i >= len(params) {
			c.fail("the activation lacks parameter %d", i)
		}
		return float64(params[i])
	}
	t := c.kind(y)
	name := c.string("activation", "")
	switch name {
	case "":
		return y
	case "Relu", "Sigmoid", "Tanh":
		return c.op(name, nil, y)
	case "Softplus":
		return c.op("SoftPlus", nil, y)
	case "Elu":
		return c.op("Elu", graph.Attrs{"alpha": number(param(0))}, y)
	case "LeakyRelu":
		return c.op("PRelu", nil, y, c.scalar(t, param(0)))
	case "Clip":
		return c.op("Clamp", graph.Attrs{"min": number(finite(param(0))), "max": number(finite(param(1)))}, y)
	case "HardSigmoid":
		return c.op("HardSigmoid", nil, y, c.scalar(t, param(0)), c.scalar(t, param(1)))
	}
	c.fail("the activation %q is not supported", name)
	return y
}

// skipLayerNormalization normalizes the sum of its inputs 0, 1 and 4, which is also output 3.
func skipLayerNormalization(c *call) []graph.Port {
	sum := c.op("Add", numpyBroadcast(), c.input(0), c.input(1))
	if c.has(4) {
		sum = c.op("Add", numpyBroadcast(), sum, c.in[4])
	}
	return []graph.Port{c.layerNormalized(sum, c.input(2), 3), {}, {}, sum}
}

// layerNormalized normalizes the last axis, and scales and shifts it by gamma and, where it is given, input beta.
func (c *call) layerNormalized(x, gamma graph.Port, beta int) graph.Port {
	y := c.overAxes(x, c.float("epsilon", float64(float32(1e-12))), c.i64s(-1))
	y = c.op("Multiply", numpyBroadcast(), y, gamma)
	if c.has(beta) {
		y = c.op("Add", numpyBroadcast(), y, c.in[beta])
	}
	return y
}

// skipSimplified is skipLayerNormalization without the mean; input 3 is the bias.
func skipSimplified(c *call) []graph.Port {
	sum := c.op("Add", numpyBroadcast(), c.input(0), c.input(1))
	if c.has(3) {
		sum = c.op("Add", numpyBroadcast(), sum, c.in[3])
	}
	y, deviation := c.rmsNormalized(sum, c.input(2), []int{-1}, 1e-12)
	return []graph.Port{y, {}, deviation, sum}
}

func simplifiedLayerNormalization(c *call) []graph.Port {
	x := c.input(0)
	axis := c.axis(x, c.int("axis", -1))
	y, deviation := c.rmsNormalized(x, c.input(1), span(axis, c.rank(x)), 1e-5)
	return []graph.Port{y, deviation}
}

// rmsNormalized is x / sqrt(mean(x^2) + epsilon) * gamma, and the factor of x in it, in the operations that OpenVINO's frontend makes of it.
func (c *call) rmsNormalized(x, gamma graph.Port, axes []int, epsilon float32) (y, factor graph.Port) {
	t := c.kind(x)
	mean := c.op("ReduceMean", graph.Attrs{"keep_dims": "true"}, c.op("Multiply", numpyBroadcast(), x, x), c.i64s(axes...))
	root := c.op("Sqrt", nil, c.op("Add", numpyBroadcast(), mean, c.scalar(t, c.float("epsilon", float64(epsilon)))))
	factor = c.op("Divide", numpyBroadcast(), c.scalar(t, 1), root)
	return c.op("Multiply", numpyBroadcast(), c.op("Multiply", numpyBroadcast(), x, factor), gamma), factor
}

// embedLayerNormalization normalizes the sum of the embeddings of words, positions and segments; output 1 is how many words the mask has.
func embedLayerNormalization(c *call) []graph.Port {
	words := c.input(0)
	if c.rank(words) != 2 {
		c.fail("input_ids of shape %v, expected rank 2", c.shape(words))
	}
	shape := c.shape(words)
	look := func(table, index graph.Port) graph.Port {
		return c.op("Gather", graph.Attrs{"batch_dims": "0"}, table, index, c.i64(0))
	}
	places := c.op("Range", graph.Attrs{"output_type": "i64"}, c.i64(0), c.i64(shape[1]), c.i64(1))
	if c.has(8) {
		places = c.in[8]
	}
	sum := c.op("Add", numpyBroadcast(), look(c.input(2), words), look(c.input(3), places))
	if c.has(1) && c.has(4) {
		sum = c.op("Add", numpyBroadcast(), sum, look(c.in[4], c.in[1]))
	}
	y := c.layerNormalized(sum, c.input(5), 6)
	count := c.convert(c.i64s(slices.Repeat([]int{0}, shape[0])...), tensor.I32)
	if c.has(7) {
		count = c.op("ReduceSum", graph.Attrs{"keep_dims": "false"}, c.in[7], c.i64s(1))
	}
	return []graph.Port{y, count, sum}
}
