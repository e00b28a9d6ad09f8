package ops

import (
	"fmt"
	"math"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// Interpolate (opset1, opset4, opset11) resizes a tensor along some of its axes:
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/image/interpolate-11.html
// Every mode is separable, so it is computed axis by axis (resample.go).

func init() { register("Interpolate", newInterpolate) }

// interpolate: inputs are the data; sizes and scales (opset4, one of which counts), sizes or scales (opset11), sizes (opset1); optionally,
// before which axes. The data is padded with zeros first.
type interpolate struct {
	mode, coordinates, nearest string
	scales                     bool // an input gives scales rather than sizes
	sizeInput, axesInput       int
	axes                       []int // of opset1, nil otherwise
	antialias                  bool
	padsBegin, padsEnd         []int
	cubic                      float64
}

func newInterpolate(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	p := &interpolate{antialias: d.Bool("antialias", false), padsBegin: d.Ints("pads_begin"), padsEnd: d.Ints("pads_end"),
		cubic: d.Float("cube_coeff", -0.75), sizeInput: 1}
	if n.Opset == "opset1" {
		p.bindOpset1(n, d)
	} else {
		p.bind(n, d)
	}
	if err := d.Err(); err != nil {
		return nil, err
	}
	for _, v := range slices.Concat(p.padsBegin, p.padsEnd) {
		if v < 0 || v > 1<<30 {
			return nil, fmt.Errorf("attributes pads_begin and pads_end have %d, want 0 to %d", v, 1<<30)
		}
	}
	return p, nil
}

func (p *interpolate) bind(n *graph.Node, d *graph.Decoder) {
	d.Required("mode", "shape_calculation_mode")
	modes := []string{"nearest", "linear", "linear_onnx", "cubic", "bilinear_pillow", "bicubic_pillow"}
	p.axesInput = 2
	if n.Opset == "opset4" {
		modes, p.axesInput = modes[:4], 3
	}
	p.mode = d.Enum("mode", "nearest", modes...)
	p.coordinates = d.Enum("coordinate_transformation_mode", "half_pixel",
		"half_pixel", "pytorch_half_pixel", "asymmetric", "tf_half_pixel_for_nn", "align_corners")
	p.nearest = d.Enum("nearest_mode", "round_prefer_floor", "round_prefer_floor", "round_prefer_ceil", "floor", "ceil", "simple")
	p.scales = d.Enum("shape_calculation_mode", "sizes", "sizes", "scales") == "scales"
	if p.scales && n.Opset == "opset4" {
		p.sizeInput = 2
	}
}

// bindOpset1 states the older operation in the words of the newer ones, as OpenVINO's ConvertInterpolate1ToInterpolate4 does.
func (p *interpolate) bindOpset1(n *graph.Node, d *graph.Decoder) {
	d.Required("mode", "axes")
	p.mode = d.Enum("mode", "nearest", "nearest", "linear", "cubic", "linear_onnx")
	p.axes, p.nearest, p.coordinates = d.Ints("axes"), "simple", "asymmetric"
	slices.Sort(p.axes)
	if p.mode == "linear" {
		p.mode = "linear_onnx"
	}
	padded := slices.ContainsFunc(slices.Concat(p.padsBegin, p.padsEnd), func(v int) bool { return v != 0 })
	image := slices.Equal(p.axes, []int{2, 3}) && len(n.In) > 0 && len(n.In[0].Node.Out[n.In[0].Out].Shape) == 4
	if d.Bool("align_corners", true) {
		p.coordinates = "align_corners"
	} else if p.mode == "linear_onnx" && !padded && !image {
		p.coordinates = "half_pixel"
	}
}

// Infer needs the values of the sizes or scales, and of the axes.
func (p *interpolate) Infer(in []Arg) ([]Spec, error) {
	least, most := 2, 2
	if p.axes == nil {
		least, most = p.axesInput, p.axesInput+1
	}
	if err := wantInputs(in, least, most); err != nil {
		return nil, err
	}
	if err := p.checkTypes(in); err != nil {
		return nil, err
	}
	axes, size := p.axesOf(in), in[p.sizeInput].Value
	if in[0].Shape == nil || axes == nil || size == nil {
		return []Spec{{Type: in[0].Type}}, nil
	}
	r, err := p.resize(in[0].Shape, axes, size)
	if err != nil {
		return nil, err
	}
	return []Spec{{Type: in[0].Type, Shape: r.to}}, nil
}

func (p *interpolate) checkTypes(in []Arg) error {
	if t := in[0].Type; t == tensor.Bool {
		return fmt.Errorf("input 0 is %s, want a number type", t)
	}
	if p.scales {
		if err := wantFloats(in, p.sizeInput); err != nil {
			return err
		}
	} else if err := wantIntegers(in, p.sizeInput); err != nil {
		return err
	}
	if err := wantRank(in, p.sizeInput, 1); err != nil || len(in) <= p.axesInput || p.axes != nil {
		return err
	}
	if err := wantIntegers(in, p.axesInput); err != nil {
		return err
	}
	return wantRank(in, p.axesInput, 1)
}

// axesOf returns the axes, nil when they are not known yet.
func (p *interpolate) axesOf(in []Arg) []int {
	switch {
	case p.axes != nil:
		return p.axes
	case len(in) > p.axesInput && in[p.axesInput].Value != nil:
		return intValues(in[p.axesInput].Value)
	case len(in) > p.axesInput || in[0].Shape == nil:
		return nil
	}
	all := make([]int, len(in[0].Shape))
	for i := range all {
		all[i] = i
	}
	return all
}

// A resize is what an evaluation does to shapes: padded to from, then resized to to by scale.
type resize struct {
	begin, from, to []int
	axes            []int
	scale           []float32 // of every axis of the data
}

func (p *interpolate) resize(shape, axes []int, size *tensor.Tensor) (*resize, error) {
	rank := len(shape)
	r := &resize{begin: make([]int, rank), from: slices.Clone(shape), axes: axes, scale: make([]float32, rank)}
	if len(p.padsBegin) > rank || len(p.padsEnd) > rank {
		return nil, fmt.Errorf("%d pads_begin and %d pads_end for data of rank %d", len(p.padsBegin), len(p.padsEnd), rank)
	}
	copy(r.begin, p.padsBegin)
	for i := range r.from {
		r.scale[i] = 1
		r.from[i] += r.begin[i]
		if i < len(p.padsEnd) {
			r.from[i] += p.padsEnd[i]
		}
	}
	if _, err := tensor.Elements(r.from); err != nil {
		return nil, fmt.Errorf("padded data: %w", err)
	}
	if err := r.checkAxes(p, size.Len()); err != nil {
		return nil, err
	}
	r.to = slices.Clone(r.from)
	for i, a := range axes {
		if err := r.resizeAxis(a, i, p.scales, size); err != nil {
			return nil, err
		}
	}
	_, err := tensor.Elements(r.to)
	return r, err
}

func (r *resize) checkAxes(p *interpolate, sizes int) error {
	seen := make([]bool, len(r.from))
	for _, a := range r.axes {
		if a < 0 || a >= len(r.from) || seen[a] {
			return fmt.Errorf("axes %v of data of rank %d, want different ones from 0", r.axes, len(r.from))
		}
		seen[a] = true
	}
	if sizes < len(r.axes) {
		return fmt.Errorf("input %d has %d elements for the axes %v", p.sizeInput, sizes, r.axes)
	}
	if p.pillow() && len(r.axes) != 2 {
		return fmt.Errorf("mode %s works on 2 axes, found %v", p.mode, r.axes)
	}
	return nil
}

// resizeAxis sets the new size and the scale of axis a from the i-th element of size.
func (r *resize) resizeAxis(a, i int, scales bool, size *tensor.Tensor) error {
	if scales {
		s := float32(floatValues(size)[i])
		if !(s > 0) || math.IsInf(float64(s), 0) {
			return fmt.Errorf("scale %v of axis %d, want a positive number", s, a)
		}
		r.scale[a] = s
		if s != 1 {
			r.to[a] = truncate(float64(float32(r.from[a]) * (s + 1e-6))) // ov::util::dim::scale
		}
	} else {
		r.to[a] = intValues(size)[i]
		r.scale[a] = float32(r.to[a]) / float32(r.from[a])
	}
	if r.to[a] < 0 || r.from[a] == 0 && r.to[a] != 0 {
		return fmt.Errorf("axis %d of size %d can't be resized to %d", a, r.from[a], r.to[a])
	}
	return nil
}

func (p *interpolate) pillow() bool { return p.mode == "bilinear_pillow" || p.mode == "bicubic_pillow" }

// Eval pads and then resamples the axes. Integers go through f32, as in the plugin, and are rounded to nearest even.
func (p *interpolate) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	args := mapValues(in, func(o Operand) Arg { return Arg{Type: o.Type, Shape: o.Shape, Value: o.Tensor} })
	r, err := p.resize(in[0].Shape, p.axesOf(args), in[p.sizeInput].Tensor)
	if err != nil {
		return err
	}
	if out[0].Len() == 0 {
		return nil
	}
	passes := p.passes(r, in[0].Type)
	switch src := in[0].Any().(type) {
	case []float32:
		if p.pillow() {
			copy(out[0].F32s(), resample[float32, float64](w, padded(src, in[0].Shape, r.from, r.begin), r.from, passes))
			return nil
		}
		copy(out[0].F32s(), resample[float32, float32](w, padded(src, in[0].Shape, r.from, r.begin), r.from, passes))
	case []float64:
		copy(tensor.Data[float64](out[0]), resample[float64, float64](w, padded(src, in[0].Shape, r.from, r.begin), r.from, passes))
	default:
		return p.integers(w, r, in[0].Tensor, out[0], passes)
	}
	return nil
}

// Scratch is that of the padded data and of what is between the passes, in f64 at most.
func (p *interpolate) Scratch(in []Arg, _ []Spec, _ int) int64 {
	if in[p.sizeInput].Value == nil {
		return 0
	}
	r, err := p.resize(in[0].Shape, p.axesOf(in), in[p.sizeInput].Value)
	if err != nil {
		return 0
	}
	shape, n := slices.Clone(r.from), Together(MemoryOf(2*8, r.from...), MemoryOf(2*8, r.to...))
	if !p.pillow() { // shrinks before it grows
		return n
	}
	for i := len(r.axes) - 1; i >= 0; i-- {
		shape[r.axes[i]] = r.to[r.axes[i]]
		n = Together(n, MemoryOf(2*8, shape...))
	}
	return n
}

// integers resamples integers; the plugin's Pillow modes keep 8-bit data in 8 bits between the passes.
func (p *interpolate) integers(w *kernel.Workers, r *resize, in, out *tensor.Tensor, passes []pass) error {
	toF32 := func(v float64) float32 { return float32(v) }
	data, shape := padded(mapValues(floatValues(in), toF32), in.Shape, r.from, r.begin), slices.Clone(r.from)
	for i, s := range passes {
		before := slices.Clone(shape)
		shape[s.axis] = s.taps.len()
		if _, err := tensor.Elements(shape); err != nil {
			return fmt.Errorf("%v resized to %v in between: %w", r.from, r.to, err)
		}
		data = resample[float32, float32](w, data, before, passes[i:i+1])
		if p.pillow() && in.Type.Bits() == 8 && i+1 < len(passes) {
			between := tensor.New(in.Type, shape...)
			storeRounded(between, data)
			data = mapValues(floatValues(between), toF32)
		}
	}
	storeRounded(out, data)
	return nil
}

// padded returns src, of the given shape, with zeros around it.
func padded[T real](src []T, shape, size, begin []int) []T {
	if slices.Equal(shape, size) {
		return src
	}
	n, _ := tensor.Elements(size)
	dst, last := make([]T, n), len(shape)-1
	at := make([]int, len(shape))
	for i := 0; i < len(src); i += shape[last] {
		offset := 0
		for d, c := range at {
			offset = offset*size[d] + c + begin[d]
		}
		copy(dst[offset:], src[i:i+shape[last]])
		for d := last - 1; d >= 0; d-- {
			if at[d]++; at[d] < shape[d] {
				break
			}
			at[d] = 0
		}
	}
	return dst
}
