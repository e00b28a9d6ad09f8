package onnx

import (
	"math"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

func init() {
	register("Resize", resize)
	register("Upsample", upsample)
	register("GridSample", gridSample)
}

// resize is Interpolate, in sizes or in scales of all axes or of chosen ones; Resize, an operation of our own, where that lacks what is asked for.
func resize(c *call) []graph.Port {
	x := c.input(0)
	mode := c.string("mode", "nearest")
	attrs := graph.Attrs{
		"mode":                           map[string]string{"nearest": "nearest", "linear": "linear_onnx", "cubic": "cubic"}[mode],
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
	scales, sizes := graph.Port{}, graph.Port{}
	if c.has(3) {
		sizes = c.in[3]
	} else {
		scales = c.input(2)
	}
	if c.beyondInterpolate(mode, scales) {
		return c.resized(x, mode, attrs, scales, sizes)
	}
	return c.interpolate(x, attrs, scales, sizes)
}

// beyondInterpolate reports whether the node asks for what Interpolate does not have.
func (c *call) beyondInterpolate(mode string, scales graph.Port) bool {
	if c.string("keep_aspect_ratio_policy", "stretch") != "stretch" || c.int("exclude_outside", 0) != 0 ||
		c.int("antialias", 0) != 0 && mode != "nearest" {
		return true
	}
	switch c.string("coordinate_transformation_mode", "half_pixel") {
	case "half_pixel_symmetric", "tf_crop_and_resize":
		return true
	case "align_corners":
		return scales.Node != nil && !c.wholeSizes(scales)
	}
	return false
}

// wholeSizes reports that scales give sizes without a fraction, or that this is not known.
func (c *call) wholeSizes(scales graph.Port) bool {
	v, axes := c.known[scales].Value, c.ints("axes")
	shape := c.known[c.in[0]].Shape
	if v == nil || v.Type != tensor.F32 || shape == nil {
		return v != nil || scales.Node != nil && scales.Node.Op == "Constant"
	}
	for i, s := range v.F32s() {
		a := i
		if i < len(axes) {
			a = c.axis(c.in[0], axes[i])
		}
		if a < len(shape) {
			if size := float64(s) * float64(shape[a]); size != math.Trunc(size) {
				return false
			}
		}
	}
	return true
}

// resized adds a Resize.
func (c *call) resized(x graph.Port, mode string, attrs graph.Attrs, scales, sizes graph.Port) []graph.Port {
	delete(attrs, "pads_begin")
	delete(attrs, "pads_end")
	attrs["mode"], attrs["keep_aspect_ratio_policy"] = mode, c.string("keep_aspect_ratio_policy", "stretch")
	attrs["exclude_outside"], attrs["extrapolation_value"] = boolean(c.int("exclude_outside", 0)), number(c.float("extrapolation_value", 0))
	axes := c.ints("axes")
	if axes == nil {
		axes = span(0, c.rank(x))
	}
	attrs["axes"], attrs["shape_calculation_mode"] = list(axes), "sizes"
	in := []graph.Port{x, sizes}
	if scales.Node != nil {
		in[1], attrs["shape_calculation_mode"] = scales, "scales"
	}
	if c.has(1) {
		in = append(in, c.in[1])
	}
	return c.one("Resize", attrs, in...)
}

func upsample(c *call) []graph.Port {
	mode := map[string]string{"nearest": "nearest", "linear": "linear_onnx"}[c.string("mode", "nearest")]
	attrs := graph.Attrs{"mode": mode, "coordinate_transformation_mode": "asymmetric", "nearest_mode": "simple", "antialias": "false",
		"cube_coeff": "-0.75", "pads_begin": "0", "pads_end": "0"}
	if c.opset >= 9 {
		return c.interpolate(c.input(0), attrs, c.input(1), graph.Port{})
	}
	a := c.attr("scales")
	if a == nil {
		c.fail("scales are missing")
	}
	return c.interpolate(c.input(0), attrs, c.raw(floatsRaw(a.floats, []int{len(a.floats)})), graph.Port{})
}

// interpolate adds an Interpolate by scales or by sizes, the one that is given.
func (c *call) interpolate(x graph.Port, attrs graph.Attrs, scales, sizes graph.Port) []graph.Port {
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

func gridSample(c *call) []graph.Port {
	mode := map[string]string{"bilinear": "bilinear", "linear": "bilinear", "nearest": "nearest", "bicubic": "bicubic", "cubic": "bicubic"}[c.string("mode", "bilinear")]
	attrs := graph.Attrs{"mode": mode, "padding_mode": c.string("padding_mode", "zeros"), "align_corners": boolean(c.int("align_corners", 0))}
	return c.one("GridSample", attrs, c.input(0), c.convert(c.input(1), tensor.F32))
}
