package ops

import (
	"fmt"
	"math"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

func init() { register("RMS", newRMS) }

// rms is the plugin's internal RMS: x / sqrt(mean(x^2) + epsilon) along the last axis, times the elements of input 1 with elementwise_affine.
// The mean is summed in f64. output_type, when given, is the result's type.
type rms struct {
	epsilon float64
	affine  bool
	output  tensor.DType
}

func newRMS(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	d.Required("epsilon")
	r := &rms{epsilon: d.Float("epsilon", 0), affine: d.Bool("elementwise_affine", true)}
	if s := n.Attrs["output_type"]; s != "" && s != "dynamic" && s != "undefined" {
		r.output = d.DType("output_type", tensor.Invalid)
	}
	return r, d.Err()
}

func (r *rms) Infer(in []Arg) ([]Spec, error) {
	least := 1
	if r.affine {
		least = 2
	}
	if err := wantInputs(in, least, 2); err != nil {
		return nil, err
	}
	if err := wantFloats(in, 0); err != nil {
		return nil, err
	}
	if in[0].Type == tensor.F64 || r.output == tensor.F64 {
		return nil, fmt.Errorf("elements of f64 are not supported")
	}
	if err := wantAlike(in, 1); err != nil {
		return nil, err
	}
	spec := Spec{in[0].Type, in[0].Shape}
	if r.output != tensor.Invalid {
		spec.Type = r.output
	}
	if s := in[0].Shape; len(in) == 2 && s != nil && len(s) > 0 && in[1].Shape != nil {
		if n := product(in[1].Shape); n != 1 && n != s[len(s)-1] {
			return nil, wantShape(in, 1, s[len(s)-1])
		}
	}
	return []Spec{spec}, nil
}

func (r *rms) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	x, y := in[0].F32s(), out[0].F32s()
	if len(x) == 0 {
		return nil
	}
	n := 1
	if s := in[0].Shape; len(s) > 0 {
		n = s[len(s)-1]
	}
	var gamma []float32
	if r.affine {
		gamma = in[1].F32s()
	}
	w.For(len(x)/n, 1+1<<13/n, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			r.row(y[i*n:][:n], x[i*n:][:n], gamma)
			kernel.RoundTo(y[i*n:][:n], typeGrid(out[0].Type))
		}
	})
	return nil
}

func (r *rms) row(y, x, gamma []float32) {
	sum := 0.0
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	scale := float32(1 / math.Sqrt(sum/float64(len(x))+r.epsilon))
	for i, v := range x {
		y[i] = v * scale
	}
	for i := range gamma {
		if len(gamma) == len(y) {
			y[i] *= gamma[i]
		}
	}
	if len(gamma) == 1 && len(y) > 1 {
		for i := range y {
			y[i] *= gamma[0]
		}
	}
}
