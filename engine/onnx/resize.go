package onnx

import (
	"halfway/engine/graph"
	"halfway/engine/tensor"
)

func init() {
	register("Resize", resize)
	register("Upsample", upsample)
	register("GridSample", gridSample)
}

// resize is Interpolate, in sizes or in scales of all axes or of chosen ones.
func resize(c *call) ([]graph.Port, error) {
	x := c.input(0)
	mode := map[string]string{"nearest": "nearest", "linear": "linear_onnx", "cubic": "cubic"}[c.string("mode", "nearest")]
	attrs := graph.Attrs{
		"mode":                           mode,
		"coordinate_transformation_mode": c.string("coordinate_transformation_mode", "half_pixel"),
		"nearest_mode":                   c.string("nearest_mode", "round_prefer_floor"),
		"cube_coeff":                     number(c.float("cubic_coeff_a", -0.75)),
		"antialias":                      boolean(c.int("antialias", 0)),
		"pads_begin":                     "0",
		"pads_end":                       "0",
	}
	if c.opset < 11 {
		attrs["coordinate_transformation_mode"], attrs["nearest_mode"] = "asymmetric", "simple"
		return c.interpolate(x, attrs, c.input(1), graph.Port{})
	}
	switch attrs["coordinate_transformation_mode"] {
	case "half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_half_pixel_for_nn":
	default:
		c.fail("coordinate_transformation_mode %q is not supported", attrs["coordinate_transformation_mode"])
	}
	if c.string("keep_aspect_ratio_policy", "stretch") != "stretch" {
		c.fail("keep_aspect_ratio_policy %q is not supported", c.string("keep_aspect_ratio_policy", ""))
	}
	if c.int("exclude_outside", 0) != 0 {
		c.fail("exclude_outside is not supported")
	}
	if c.has(3) {
		return c.interpolate(x, attrs, graph.Port{}, c.in[3])
	}
	return c.interpolate(x, attrs, c.input(2), graph.Port{})
}

func upsample(c *call) ([]graph.Port, error) {
	mode := map[string]string{"nearest": "nearest", "linear": "linear_onnx"}[c.string("mode", "nearest")]
	attrs := graph.Attrs{"mode": mode, "coordinate_transformation_mode": "asymmetric", "nearest_mode": "simple", "antialias": "false",
		"cube_coeff": "-0.75", "pads_begin": "0", "pads_end": "0"}
	if c.opset >= 9 {
		return c.interpolate(c.input(0), attrs, c.input(1), graph.Port{})
	}
	a := c.attr("scales")
	if a == nil {
		c.fail("scales are missing")
		return nil, c.err
	}
	raw, err := c.model.raw(&tensorProto{dtype: 1, floats: a.floats, dims: []int{len(a.floats)}})
	if err != nil {
		return nil, err
	}
	return c.interpolate(c.input(0), attrs, c.raw(raw), graph.Port{})
}

// interpolate adds an Interpolate by scales or by sizes, the one that is given.
func (c *call) interpolate(x graph.Port, attrs graph.Attrs, scales, sizes graph.Port) ([]graph.Port, error) {
	by := scales
	attrs["shape_calculation_mode"] = "scales"
	if sizes.Node != nil {
		by, attrs["shape_calculation_mode"] = sizes, "sizes"
	}
	in := []graph.Port{x, by}
	if axes := c.ints("axes"); axes != nil {
		in = append(in, c.i64s(axes...))
	} else if c.rank(x) != 4 || attrs["mode"] != "linear_onnx" {
		in = append(in, c.i64s(span(0, c.rank(x))...))
	}
	return c.one("Interpolate", attrs, in...)
}

func gridSample(c *call) ([]graph.Port, error) {
	mode := map[string]string{"bilinear": "bilinear", "linear": "bilinear", "nearest": "nearest", "bicubic": "bicubic", "cubic": "bicubic"}[c.string("mode", "bilinear")]
	attrs := graph.Attrs{"mode": mode, "padding_mode": c.string("padding_mode", "zeros"), "align_corners": boolean(c.int("align_corners", 0))}
	return c.one("GridSample", attrs, c.input(0), c.convert(c.input(1), tensor.F32))
}
