package ops

import (
	"fmt"
	"math"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// Resize is ONNX's operator of this name (opset 19), for the forms that Interpolate does not have: https://onnx.ai/onnx/operators/onnx__Resize.html
// Inputs are the data, the scales or sizes of some axes, and optionally a region of interest: the starts of these axes, then their ends, as
// shares of the axis. The plugin has no such node, so it runs as Reference and is computed in f64.
func init() { register("Resize", newONNXResize) }

type onnxResize struct {
	mode, coordinates, nearest, policy string
	scales, exclude, antialias         bool
	axes                               []int
	cubic, outside                     float64
}

func newONNXResize(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	d.Required("axes")
	o := &onnxResize{
		mode: d.Enum("mode", "nearest", "nearest", "linear", "cubic"),
		coordinates: d.Enum("coordinate_transformation_mode", "half_pixel", "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel",
			"align_corners", "asymmetric", "tf_crop_and_resize"),
		nearest: d.Enum("nearest_mode", "round_prefer_floor", "round_prefer_floor", "round_prefer_ceil", "floor", "ceil"),
		policy:  d.Enum("keep_aspect_ratio_policy", "stretch", "stretch", "not_larger", "not_smaller"),
		scales:  d.Enum("shape_calculation_mode", "sizes", "sizes", "scales") == "scales",
		exclude: d.Bool("exclude_outside", false), antialias: d.Bool("antialias", false), axes: d.Ints("axes"),
		cubic: d.Float("cube_coeff", -0.75), outside: d.Float("extrapolation_value", 0),
	}
	return o, d.Err()
}

func (o *onnxResize) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 2, 3); err != nil {
		return nil, err
	}
	if err := wantFloats(in, 0); err != nil {
		return nil, err
	}
	if in[0].Shape == nil || in[1].Value == nil {
		return []Spec{{Type: in[0].Type}}, nil
	}
	to, _, err := o.sizes(in[0].Shape, in[1].Value)
	return []Spec{{in[0].Type, to}}, err
}

// sizes returns the output's shape and the scale of each of o.axes.
func (o *onnxResize) sizes(shape []int, by *tensor.Tensor) (to []int, scales []float64, err error) {
	values := floatValues(by)
	if len(values) != len(o.axes) {
		return nil, nil, fmt.Errorf("input 1 has %d elements for the axes %v", len(values), o.axes)
	}
	if _, err := distinctAxes(o.axes, len(shape)); err != nil {
		return nil, nil, err
	}
	to, scales = slices.Clone(shape), make([]float64, len(values))
	for i, a := range o.axes {
		a, _ = normalizeAxis(a, len(shape))
		if scales[i] = values[i]; !o.scales {
			scales[i] /= float64(shape[a])
		}
	}
	if !o.scales && o.policy != "stretch" && len(scales) > 0 {
		one := slices.Min(scales)
		if o.policy == "not_smaller" {
			one = slices.Max(scales)
		}
		scales = slices.Repeat([]float64{one}, len(scales))
	}
	for i, a := range o.axes {
		a, _ = normalizeAxis(a, len(shape))
		if !(scales[i] > 0) || math.IsInf(scales[i], 0) {
			return nil, nil, fmt.Errorf("axis %d of size %d can't be resized by %v", a, shape[a], scales[i])
		}
		to[a] = truncate(o.size(shape[a], scales[i], values[i]))
	}
	_, err = tensor.Elements(to)
	return to, scales, err
}

// size is the new size of an axis.
func (o *onnxResize) size(from int, scale, value float64) float64 {
	switch {
	case o.scales:
		return math.Floor(float64(from) * scale)
	case o.policy == "stretch":
		return value
	}
	return math.Floor(float64(from)*scale + 0.5)
}

// Scratch is that of what is between the axes, in f64.
func (o *onnxResize) Scratch(in []Arg, out []Spec, _ int) int64 {
	if out[0].Shape == nil {
		return 0
	}
	shape := slices.Clone(in[0].Shape)
	n := MemoryOf(8, shape...)
	for _, a := range o.axes {
		a, _ = normalizeAxis(a, len(shape))
		shape[a] = out[0].Shape[a]
		n = Together(n, MemoryOf(8, shape...))
	}
	return n
}

func (o *onnxResize) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	shape := slices.Clone(in[0].Shape)
	to, scales, err := o.sizes(shape, in[1].Tensor)
	if err != nil || out[0].Len() == 0 {
		return err
	}
	var roi []float64
	if len(in) == 3 {
		roi = floatValues(in[2].Tensor)
	}
	if o.coordinates == "tf_crop_and_resize" && len(roi) != 2*len(o.axes) {
		return fmt.Errorf("a region of %d numbers for the axes %v, want both ends of each", len(roi), o.axes)
	}
	data := floatValues(in[0].Tensor)
	for i, a := range o.axes {
		a, _ = normalizeAxis(a, len(shape))
		axis := onnxAxis{onnxResize: o, from: shape[a], to: to[a], scale: scales[i], end: 1}
		if o.coordinates == "tf_crop_and_resize" {
			axis.start, axis.end = roi[i], roi[len(o.axes)+i]
		}
		data = axis.resample(w, data, shape, a)
		shape[a] = to[a]
	}
	storeFloats(out[0], data)
	if d, ok := out[0].Any().([]float32); ok {
		roundTo(out[0].Type, d)
	}
	return nil
}

// An onnxAxis is the resizing of one axis, of which the part from start to end (shares of it) is shown.
type onnxAxis struct {
	*onnxResize
	from, to          int
	scale, start, end float64
}

// resample resizes axis a of data of the given shape.
func (x onnxAxis) resample(w *kernel.Workers, data []float64, shape []int, a int) []float64 {
	t, outside := newTaps(), make([]bool, x.to)
	for i := range x.to {
		at := x.coordinate(float64(i))
		outside[i] = x.coordinates == "tf_crop_and_resize" && (at < 0 || at > float64(x.from-1))
		x.add(t, at)
		t.end()
	}
	data = resample[float64, float64](w, data, shape, []pass{{a, t}})
	inner := product(shape[a+1:])
	for r := range len(data) / max(inner, 1) {
		if outside[r%x.to] {
			for j := range inner {
				data[r*inner+j] = x.outside
			}
		}
	}
	return data
}

// coordinate is where position i lies in the data. The width that scale asks for need not be whole.
func (x onnxAxis) coordinate(i float64) float64 {
	width, last := x.scale*float64(x.from), float64(x.from-1)
	switch x.coordinates {
	case "asymmetric":
		return i / x.scale
	case "align_corners":
		if width == 1 {
			return 0
		}
		return i * last / (width - 1)
	case "tf_crop_and_resize":
		if width == 1 {
			return (x.end-x.start)*last/2 + x.start*last
		}
		return i*(x.end-x.start)*last/(width-1) + x.start*last
	case "pytorch_half_pixel":
		if x.to == 1 {
			return 0
		}
	case "half_pixel_symmetric":
		return float64(x.from)/2*(1-float64(x.to)/width) + (i+0.5)/x.scale - 0.5
	}
	return (i+0.5)/x.scale - 0.5
}

// add adds the taps of the place at.
func (x onnxAxis) add(t *taps, at float64) {
	floor := math.Floor(at)
	ratio := at - floor
	if x.mode == "nearest" {
		t.add(x.inside(truncate(x.round(floor, ratio))), 1)
		return
	}
	reach, kernel := 1, triangle
	if x.mode == "cubic" {
		reach, kernel = 2, func(d float64) float64 { return cubic(d, x.cubic) }
	}
	wide := 1.0 // how much narrower the data's steps are than those of the kernel
	if x.antialias {
		wide = min(x.scale, 1)
	}
	low := max(int(math.Floor(float64(-reach)/wide))+1, -2*x.from-2)
	first, sum := len(t.weight), 0.0
	for k := low; k < 2-low; k++ {
		i := truncate(floor) + k
		if x.exclude && (i < 0 || i >= x.from) {
			continue
		}
		weight := kernel(wide * (float64(k) - ratio))
		sum += weight
		t.add(x.inside(i), weight)
	}
	if x.exclude || wide < 1 {
		for k := first; k < len(t.weight); k++ {
			t.weight[k] /= sum
		}
	}
}

func (x onnxAxis) inside(i int) int { return min(max(i, 0), x.from-1) }

// round chooses a neighbour of a place whose whole part and rest are given.
func (x onnxAxis) round(floor, rest float64) float64 {
	up := rest > 0.5 || rest == 0.5 && x.nearest == "round_prefer_ceil"
	switch x.nearest {
	case "floor":
		up = false
	case "ceil":
		up = rest > 0
	}
	if up {
		return floor + 1
	}
	return floor
}
