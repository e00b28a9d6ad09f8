package onnx

import (
	"math"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

func init() {
	register("NonMaxSuppression", nonMaxSuppression)
	register("RoiAlign", roiAlign)
	register("MaxRoiPool", maxRoiPool)
	register("AffineGrid", affineGrid)
	register("Col2Im", columnsToImage)
	register("DeformConv", deformConv)
	register("MaxUnpool", maxUnpool)
}

// nonMaxSuppression gives the chosen [batch, class, box]; without the largest number of boxes none are chosen.
func nonMaxSuppression(c *call) []graph.Port {
	boxes, scores := c.input(0), c.input(1)
	in := []graph.Port{boxes, scores, c.i64(0), c.scalar(tensor.F32, math.SmallestNonzeroFloat32), c.scalar(tensor.F32, -math.MaxFloat32)}
	for i := 2; i < 5; i++ {
		if c.has(i) {
			in[i] = c.scalarShaped(i)
		}
	}
	if c.has(3) {
		in[3] = c.above(in[3])
	}
	encoding := "corner"
	if c.int("center_point_box", 0) != 0 {
		encoding = "center"
	}
	attrs := graph.Attrs{"box_encoding": encoding, "sort_result_descending": "false", "output_type": "i64"}
	return c.many("NonMaxSuppression", 3, attrs, in...)[:1]
}

// above is the next larger float where the threshold is known: ONNX suppresses what overlaps by more than it, OpenVINO what overlaps as much.
func (c *call) above(threshold graph.Port) graph.Port {
	v, ok := c.scalarValue(threshold)
	if !ok {
		return c.op("Maximum", numpyBroadcast(), threshold, c.scalar(tensor.F32, math.SmallestNonzeroFloat32))
	}
	return c.raw(floatsRaw([]float32{math.Nextafter32(float32(v), math.MaxFloat32)}, []int{}))
}

// roiAlign shifts by half a pixel from opset 16 on, unless it is told not to. The maximum is that of the weighted corners.
func roiAlign(c *call) []graph.Port {
	mode := "half_pixel_for_nn"
	if c.opset < 16 || c.string("coordinate_transformation_mode", "half_pixel") == "output_half_pixel" {
		mode = "asymmetric"
	}
	attrs := graph.Attrs{"pooled_h": list([]int{c.int("output_height", 1)}), "pooled_w": list([]int{c.int("output_width", 1)}),
		"sampling_ratio": list([]int{c.int("sampling_ratio", 0)}), "spatial_scale": number(c.float("spatial_scale", 1)),
		"mode": c.string("mode", "avg"), "aligned_mode": mode, "corners": "true"}
	return c.one("ROIAlign", attrs, c.input(0), c.input(1), c.input(2))
}

func maxRoiPool(c *call) []graph.Port {
	size := c.ints("pooled_shape")
	if len(size) != 2 {
		c.fail("pooled_shape %v, expected height and width", size)
	}
	return c.one("ROIPooling", graph.Attrs{"method": "max", "pooled_h": list(size[:1]), "pooled_w": list(size[1:]),
		"spatial_scale": number(c.float("spatial_scale", 1))}, c.input(0), c.input(1))
}

// affineGrid is theta [N, d, d+1] times the homogeneous coordinates of the places of an image of the given size, x first; from -1 to 1.
func affineGrid(c *call) []graph.Port {
	theta := c.input(0)
	if c.rank(theta) != 3 || c.dim(theta, 1) != 2 && c.dim(theta, 1) != 3 {
		c.fail("theta of shape %v, expected [N, 2, 3] or [N, 3, 4]", c.shape(theta))
	}
	t, dims := c.kind(theta), c.dim(theta, 1)
	size := c.convert(c.input(1), tensor.I64)
	spatial := c.op("Slice", nil, size, c.i64s(2), c.i64s(2+dims), c.i64s(1), c.i64s(0))
	coordinates := make([]graph.Port, dims+1)
	for i := range dims {
		length := c.op("Gather", graph.Attrs{"batch_dims": "0"}, size, c.i64(1+dims-i), c.i64(0))
		place := slices.Repeat([]int{1}, dims+1)
		place[dims-1-i] = -1
		line := c.op("Reshape", graph.Attrs{"special_zero": "false"}, c.places(length, t), c.i64s(place...))
		ones := c.op("Concat", graph.Attrs{"axis": "0"}, spatial, c.i64s(1))
		coordinates[i] = c.op("Broadcast", graph.Attrs{"mode": "numpy"}, line, ones)
	}
	coordinates[dims] = c.op("Add", numpyBroadcast(), c.op("Multiply", numpyBroadcast(), coordinates[0], c.scalar(t, 0)), c.scalar(t, 1))
	grid := c.op("Concat", graph.Attrs{"axis": list([]int{dims})}, coordinates...)
	rows := c.op("Reshape", graph.Attrs{"special_zero": "false"}, grid, c.i64s(1, -1, dims+1))
	y := c.op("MatMul", graph.Attrs{"transpose_a": "false", "transpose_b": "true"}, rows, theta)
	shape := c.op("Concat", graph.Attrs{"axis": "0"}, c.i64s(c.dim(theta, 0)), spatial, c.i64s(dims))
	return c.one("Reshape", graph.Attrs{"special_zero": "false"}, y, shape)
}

// places are the coordinates of the pixels of an axis, their centres between -1 and 1, or the outermost ones at -1 and 1.
func (c *call) places(length graph.Port, t tensor.DType) graph.Port {
	i := c.convert(c.op("Range", graph.Attrs{"output_type": "i64"}, c.i64(0), length, c.i64(1)), t)
	n := c.convert(length, t)
	twice := c.op("Multiply", numpyBroadcast(), i, c.scalar(t, 2))
	if c.int("align_corners", 0) != 0 {
		n = c.op("Subtract", numpyBroadcast(), n, c.scalar(t, 1))
	} else {
		twice = c.op("Add", numpyBroadcast(), twice, c.scalar(t, 1))
	}
	return c.op("Subtract", numpyBroadcast(), c.op("Divide", numpyBroadcast(), twice, n), c.scalar(t, 1))
}

// columnsToImage is Col2Im, which OpenVINO has for two spatial dimensions.
func columnsToImage(c *call) []graph.Port {
	if s := c.shape(c.input(1)); len(s) != 1 || s[0] != 2 {
		c.fail("images of spatial dimensions %v: only two are supported", s)
	}
	w := c.window(2)
	return c.one("Col2Im", graph.Attrs{"strides": list(w.strides), "dilations": list(w.dilations), "pads_begin": list(w.begin), "pads_end": list(w.end)},
		c.input(0), c.convert(c.input(1), tensor.I64), c.convert(c.input(2), tensor.I64))
}

func deformConv(c *call) []graph.Port {
	x, weights, offsets := c.input(0), c.input(1), c.input(2)
	if c.rank(x) != 4 {
		c.fail("an input of rank %d, expected 4", c.rank(x))
	}
	attrs := c.window(2).attrs()
	attrs["group"], attrs["deformable_group"] = list([]int{c.int("group", 1)}), list([]int{c.int("offset_group", 1)})
	attrs["bilinear_interpolation_pad"] = "true"
	in := []graph.Port{x, offsets, weights}
	if c.has(4) {
		in = append(in, c.in[4])
	}
	y := c.op("DeformableConvolution", attrs, in...)
	if c.has(3) {
		y = c.op("Add", numpyBroadcast(), y, c.perChannel(c.in[3], 4))
	}
	return []graph.Port{y}
}

// maxUnpool puts values back where MaxPool's indices, which count through the whole pooled input, say they were; zeros elsewhere.
func maxUnpool(c *call) []graph.Port {
	x, index := c.input(0), c.input(1)
	w := c.windowOver(x)
	if spatial := c.rank(x) - 2; len(w.kernel) != spatial {
		c.fail("kernel_shape %v for %d spatial dimensions", w.kernel, spatial)
	}
	small := slices.Clone(c.shape(x))
	for i := range w.kernel {
		small[i+2] = (small[i+2]-1)*w.strides[i] - w.begin[i] - w.end[i] + w.kernel[i]
	}
	shape := c.i64s(small...)
	whole := shape
	if c.has(2) {
		whole = c.in[2]
	}
	flat := func(p graph.Port) graph.Port {
		return c.op("Reshape", graph.Attrs{"special_zero": "false"}, p, c.i64s(-1))
	}
	zeros := c.op("Broadcast", graph.Attrs{"mode": "numpy"}, c.scalar(c.kind(x), 0), shape)
	y := c.op("ScatterElementsUpdate", graph.Attrs{"reduction": "none"}, flat(zeros), flat(index), flat(x), c.i64(0))
	y = c.op("Reshape", graph.Attrs{"special_zero": "false"}, y, shape)
	if !c.has(2) {
		return []graph.Port{y}
	}
	extra := c.op("Subtract", numpyBroadcast(), whole, shape)
	return c.one("Pad", graph.Attrs{"pad_mode": "constant"}, y, c.i64s(make([]int, c.rank(x))...), extra, c.scalar(c.kind(x), 0))
}
