package ops

import (
	"fmt"
	"math"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// float8 is a float format of the OCP 8-bit Floating Point Specification.
type float8 struct {
	mantissa, least int     // bits; exponent of the smallest normal number
	max             float64 // the largest finite number
	beyond          float64 // what larger ones become
}

var float8s = map[tensor.DType]float8{
	tensor.F8E4M3: {3, -6, 448, math.NaN()},
	tensor.F8E5M2: {2, -14, 57344, math.Inf(1)},
}

// round returns the nearest number of the format, ties to even, of what v is in f16, as OpenVINO does it. What is beyond the format's range
// becomes the largest number when it saturates.
func (f float8) round(v float32, saturate bool) float32 {
	x := float64(tensor.Round(tensor.F16, v))
	if x == 0 || x != x {
		return v
	}
	if !math.IsInf(x, 0) {
		step := math.Ldexp(1, max(math.Ilogb(x), f.least)-f.mantissa)
		x = math.RoundToEven(x/step) * step
	}
	if math.Abs(x) > f.max {
		beyond := f.beyond
		if saturate {
			beyond = f.max
		}
		x = math.Copysign(beyond, x)
	}
	return float32(x)
}

// fakeConvert rounds input 0, times the scale (input 1) less the shift (input 2, if any), to a float of 8 bits that saturates, and undoes the
// scale and shift, which are broadcast to input 0. Source: OpenVINO's documentation, FakeConvert-13.
type fakeConvert struct{ to float8 }

func init() { register("FakeConvert", newFakeConvert) }

func newFakeConvert(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	to := d.DType("destination_type", tensor.F8E4M3)
	format, ok := float8s[to]
	if d.Err() == nil && !ok {
		return nil, fmt.Errorf("destination_type %s: want f8e4m3 or f8e5m2", to)
	}
	return &fakeConvert{format}, d.Err()
}

func (f *fakeConvert) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 2, 3); err != nil {
		return nil, err
	}
	for i := range in {
		if err := wantFloats(in, 0, i); err != nil {
			return nil, err
		}
		if in[0].Type == tensor.F64 {
			return nil, fmt.Errorf("inputs are f64, want f32, f16 or bf16")
		}
		if x, s := in[0].Shape, in[i].Shape; x != nil && s != nil && numpy.dims(x, s) == nil {
			return nil, fmt.Errorf("input %d has shape %v, which does not broadcast to that of input 0, %v", i, s, x)
		}
	}
	return []Spec{{in[0].Type, in[0].Shape}}, nil
}

func (f *fakeConvert) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	shift := tensor.New(tensor.F32)
	if len(in) > 2 {
		shift = in[2].Tensor
	}
	scales, err := newSpread(in[1].F32s(), in[1].Shape, out[0].Shape, numpy)
	if err != nil {
		return err
	}
	shifts, err := newSpread(shift.F32s(), shift.Shape, out[0].Shape, numpy)
	if err != nil {
		return err
	}
	src, dst := in[0].F32s(), out[0].F32s()
	w.For(len(dst), expensiveGrain, func(lo, hi int) {
		scale, shift := scales.fork(), shifts.fork()
		for at := lo; at < hi; at += block {
			end := min(at+block, hi)
			a, b := scale.span(at, end), shift.span(at, end)
			for i, v := range src[at:end] {
				dst[at+i] = (f.to.round(float32(v*a[i])-b[i], true) + b[i]) / a[i]
			}
			roundTo(out[0].Type, dst[at:end])
		}
	})
	return nil
}
