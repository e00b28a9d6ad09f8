package ops

import (
	"fmt"
	"math"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// Range (opset1, opset4): start, start+step, ... below (step < 0: above) stop.
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/generation/range-4.html
func init() {
	register("Range", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		return sequence{d.DType("output_type", tensor.Invalid), onlyConstants(n)}, d.Err()
	})
}

type sequence struct {
	output tensor.DType // Invalid: that of the inputs
	folds  bool         // by OpenVINO's reference kernels, not by the CPU plugin
}

func (s sequence) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 3, 3); err != nil {
		return nil, err
	}
	t := s.output
	if t == tensor.Invalid {
		t = in[0].Type
	}
	unknown := false
	for i, name := range []string{"start", "stop", "step"} {
		if !in[i].Type.IsFloat() && !in[i].Type.IsInteger() {
			return nil, fmt.Errorf("input %d (%s) is %s, want numbers", i, name, in[i].Type)
		}
		if err := wantOneElement(in, i, name); err != nil {
			return nil, err
		}
		unknown = unknown || in[i].Value == nil
	}
	if unknown {
		return []Spec{{Type: t}}, nil
	}
	n, err := s.count(in, t)
	return []Spec{{t, []int{n}}}, err
}

// count is the number of elements. What goes into integers is truncated before. The CPU plugin steps away from a stop that lies behind start, as
// often as it would towards it.
func (s sequence) count(in []Arg, t tensor.DType) (int, error) {
	start, stop, step := floatValues(in[0].Value)[0], floatValues(in[1].Value)[0], floatValues(in[2].Value)[0]
	if t.IsInteger() {
		start, stop, step = math.Trunc(start), math.Trunc(stop), math.Trunc(step)
	}
	n := math.Ceil((stop - start) / step)
	if !s.folds {
		n = math.Ceil(math.Abs(stop-start) / math.Abs(step))
	}
	if step == 0 || math.IsNaN(n) || math.IsInf(n, 0) || n > tensor.MaxElements {
		return 0, fmt.Errorf("%v to %v in steps of %v is no range of at most %d elements", start, stop, step, int64(tensor.MaxElements))
	}
	return int(max(n, 0)), nil
}

func (s sequence) Eval(_ *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	switch d := out[0].Any().(type) {
	case []float32:
		v, step := float32(floatValues(in[0].Tensor)[0]), float32(floatValues(in[2].Tensor)[0])
		for i := range d {
			d[i] = v
			v += step
		}
		if t := out[0].Type; t == tensor.F16 || t == tensor.BF16 {
			for i, v := range d {
				d[i] = tensor.Round(t, v)
			}
		}
	case []float64:
		v, step := floatValues(in[0].Tensor)[0], floatValues(in[2].Tensor)[0]
		for i := range d {
			d[i] = v
			v += step
		}
	default:
		start, step := intValues(in[0].Tensor)[0], intValues(in[2].Tensor)[0]
		putInts(out[0], func(i int) int { return start + i*step })
	}
	return nil
}
