package onnx

import (
	"halfway/engine/graph"
	"halfway/engine/tensor"
)

func init() {
	register("BatchNormalization", batchNormalization)
	register("InstanceNormalization", instanceNormalization)
	register("LayerNormalization", layerNormalization)
	register("GroupNormalization", groupNormalization)
	register("RMSNormalization", rmsNormalization)
	register("LRN", lrn)
	register("LpNormalization", lpNormalization)
	register("MeanVarianceNormalization", meanVariance)
}

func batchNormalization(c *call) []graph.Port {
	if c.int("training_mode", 0) != 0 {
		return c.trainingNormalization()
	}
	x, t := c.input(0), c.kind(c.input(1))
	y := c.op("BatchNormInference", graph.Attrs{"epsilon": number(c.float("epsilon", float64(float32(1e-5))))},
		c.convert(x, t), c.in[1], c.convert(c.input(2), t), c.convert(c.input(3), t), c.convert(c.input(4), t))
	return []graph.Port{c.convert(y, c.kind(x))}
}

// trainingNormalization uses the mean and variance of the batch, and gives the running ones with those mixed in.
func (c *call) trainingNormalization() []graph.Port {
	x := c.input(0)
	rank := c.rank(x)
	axes := c.i64s(append([]int{0}, span(2, rank)...)...)
	keep := graph.Attrs{"keep_dims": "false"}
	mean := c.op("ReduceMean", keep, x, axes)
	centred := c.op("Subtract", numpyBroadcast(), x, c.perChannel(mean, rank))
	variance := c.op("ReduceMean", keep, c.op("Multiply", numpyBroadcast(), centred, centred), axes)
	y := c.op("BatchNormInference", graph.Attrs{"epsilon": number(c.float("epsilon", float64(float32(1e-5))))}, x, c.input(1), c.input(2), mean, variance)
	momentum := c.float("momentum", float64(float32(0.9)))
	mixed := func(running, batch graph.Port) graph.Port {
		t := c.kind(batch)
		kept := c.op("Multiply", numpyBroadcast(), c.convert(running, t), c.scalar(t, momentum))
		return c.op("Add", numpyBroadcast(), kept, c.op("Multiply", numpyBroadcast(), batch, c.scalar(t, 1-momentum)))
	}
	return []graph.Port{y, mixed(c.input(3), mean), mixed(c.input(4), variance)}
}

// overAxes is MVN over axes.
func (c *call) overAxes(x graph.Port, epsilon float64, axes graph.Port) graph.Port {
	return c.op("MVN", graph.Attrs{"eps": number(epsilon), "eps_mode": "inside_sqrt", "normalize_variance": "true"}, x, axes)
}

// counted are the axes from one to another, spelt as OpenVINO's frontend does.
func (c *call) counted(from, to int) graph.Port {
	return c.op("Range", graph.Attrs{"output_type": "i64"}, c.i64(from), c.i64(to), c.i64(1))
}

func span(from, to int) []int {
	var r []int
	for i := from; i < to; i++ {
		r = append(r, i)
	}
	return r
}

// perChannel gives a vector the place of dimension 1.
func (c *call) perChannel(p graph.Port, rank int) graph.Port {
	return c.op("Unsqueeze", nil, p, c.i64s(append([]int{0}, span(2, rank)...)...))
}

func instanceNormalization(c *call) []graph.Port {
	x := c.input(0)
	rank := c.rank(x)
	y := c.overAxes(x, c.float("epsilon", float64(float32(1e-5))), c.counted(2, rank))
	y = c.op("Multiply", numpyBroadcast(), y, c.perChannel(c.input(1), rank))
	return c.one("Add", numpyBroadcast(), y, c.perChannel(c.input(2), rank))
}

func layerNormalization(c *call) []graph.Port {
	x := c.input(0)
	rank := c.rank(x)
	axis := c.axis(x, c.int("axis", -1))
	epsilon := c.float("epsilon", float64(float32(1e-5)))
	y := c.overAxes(x, epsilon, c.counted(axis, rank))
	y = c.op("Multiply", numpyBroadcast(), y, c.input(1))
	if c.has(2) {
		y = c.op("Add", numpyBroadcast(), y, c.in[2])
	}
	if len(c.node.outputs) == 1 {
		return []graph.Port{y}
	}
	axes := c.i64s(span(axis, rank)...)
	mean := c.op("ReduceMean", graph.Attrs{"keep_dims": "true"}, x, axes)
	centred := c.op("Subtract", numpyBroadcast(), x, mean)
	variance := c.op("ReduceMean", graph.Attrs{"keep_dims": "true"}, c.op("Multiply", numpyBroadcast(), centred, centred), axes)
	t := c.kind(x)
	deviation := c.op("Sqrt", nil, c.op("Add", numpyBroadcast(), variance, c.scalar(t, epsilon)))
	inverse := c.op("Divide", numpyBroadcast(), c.scalar(t, 1), deviation)
	return []graph.Port{y, c.convert(mean, tensor.F32), c.convert(inverse, tensor.F32)} // stash_type has no other value
}

// groupNormalization scales by channel from opset 21 on, by group before.
func groupNormalization(c *call) []graph.Port {
	x := c.input(0)
	rank := c.rank(x)
	if rank < 2 {
		c.fail("an input of rank %d, expected channels", rank)
	}
	shape := c.shape(x)
	groups := c.int("num_groups", 1)
	if groups < 1 || shape[1]%groups != 0 {
		c.fail("%d channels in %d groups", shape[1], groups)
	}
	scale, bias := c.input(1), c.input(2)
	if c.opset < 21 {
		scale, bias = c.spread(scale, groups, shape[1]), c.spread(bias, groups, shape[1])
	}
	grouped := c.op("Reshape", graph.Attrs{"special_zero": "false"}, x, c.i64s(shape[0], groups, -1))
	y := c.overAxes(grouped, c.float("epsilon", float64(float32(1e-5))), c.i64s(2))
	y = c.op("Reshape", graph.Attrs{"special_zero": "false"}, y, c.i64s(shape...))
	y = c.op("Multiply", numpyBroadcast(), y, c.perChannel(scale, rank))
	return c.one("Add", numpyBroadcast(), y, c.perChannel(bias, rank))
}

// spread repeats one value a group for each of its channels.
func (c *call) spread(p graph.Port, groups, channels int) graph.Port {
	column := c.op("Broadcast", graph.Attrs{"mode": "bidirectional"}, c.op("Unsqueeze", nil, p, c.i64s(1)), c.i64s(groups, channels/groups))
	return c.op("Reshape", graph.Attrs{"special_zero": "false"}, column, c.i64s(channels))
}

// rmsNormalization is x / sqrt(mean(x^2) + epsilon) * scale.
func rmsNormalization(c *call) []graph.Port {
	x := c.input(0)
	axis := c.axis(x, c.int("axis", -1))
	t := c.kind(x)
	square := c.op("Power", numpyBroadcast(), x, c.scalar(t, 2))
	mean := c.op("ReduceMean", graph.Attrs{"keep_dims": "true"}, square, c.i64s(span(axis, c.rank(x))...))
	root := c.op("Sqrt", nil, c.op("Add", numpyBroadcast(), mean, c.scalar(t, c.float("epsilon", float64(float32(1e-5))))))
	y := c.op("Multiply", numpyBroadcast(), x, c.op("Power", numpyBroadcast(), root, c.scalar(t, -1)))
	return c.one("Multiply", numpyBroadcast(), y, c.input(1))
}

func lrn(c *call) []graph.Port {
	attrs := graph.Attrs{"alpha": number(c.float("alpha", float64(float32(1e-4)))), "beta": number(c.float("beta", 0.75)),
		"bias": number(c.float("bias", 1)), "size": list([]int{c.int("size", 1)})}
	return c.one("LRN", attrs, c.input(0), c.i64s(1))
}

// lpNormalization adds the least normal float to the sum before it divides, as OpenVINO's frontend does, so that zeros stay zeros.
func lpNormalization(c *call) []graph.Port {
	x := c.input(0)
	t, axis := c.kind(x), c.i64s(c.axis(x, c.int("axis", -1)))
	least := c.scalar(t, 0x1p-126)
	if c.int("p", 2) == 1 {
		norm := c.op("ReduceL1", graph.Attrs{"keep_dims": "true"}, x, axis)
		return c.one("Divide", numpyBroadcast(), x, c.op("Add", numpyBroadcast(), norm, least))
	}
	square := c.op("Power", numpyBroadcast(), x, c.scalar(t, 2))
	sum := c.op("Add", numpyBroadcast(), c.op("ReduceSum", graph.Attrs{"keep_dims": "true"}, square, axis), least)
	return c.one("Divide", numpyBroadcast(), x, c.op("Sqrt", nil, sum))
}

func meanVariance(c *call) []graph.Port {
	axes := c.ints("axes")
	if axes == nil {
		axes = []int{0, 2, 3}
	}
	x := c.input(0)
	if c.kind(x) != tensor.F32 && !c.kind(x).IsFloat() {
		c.fail("only floating-point inputs are supported")
	}
	return c.one("MVN", graph.Attrs{"eps": number(1e-9), "eps_mode": "outside_sqrt", "normalize_variance": "true"}, x, c.i64s(axes...))
}
