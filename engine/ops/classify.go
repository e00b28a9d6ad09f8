package ops

import (
	"math"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// classify tells of each float whether it is of a kind: NaN, infinite (of the signs of detect_negative and detect_positive) or finite.
type classify struct{ is func(v float64) bool }

func init() {
	register("IsNaN", func(*graph.Node) (Op, error) { return &classify{math.IsNaN}, nil })
	register("IsFinite", func(*graph.Node) (Op, error) {
		return &classify{func(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }}, nil
	})
	register("IsInf", newIsInf)
}

func newIsInf(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	negative, positive := d.Bool("detect_negative", true), d.Bool("detect_positive", true)
	return &classify{func(v float64) bool { return negative && math.IsInf(v, -1) || positive && math.IsInf(v, 1) }}, d.Err()
}

func (c *classify) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 1, 1); err != nil {
		return nil, err
	}
	if err := wantFloats(in, 0); err != nil {
		return nil, err
	}
	return []Spec{{tensor.Bool, in[0].Shape}}, nil
}

func (c *classify) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	if src, ok := in[0].Any().([]float64); ok {
		mapEach(w, out[0], src, c.is)
		return nil
	}
	mapEach(w, out[0], in[0].F32s(), func(v float32) bool { return c.is(float64(v)) })
	return nil
}
