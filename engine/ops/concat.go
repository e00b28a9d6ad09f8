package ops

import (
	"fmt"
	"math"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// Concat (opset1).
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/movement/concat-1.html
func init() {
	register("Concat", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		d.Required("axis")
		return concat{d.Int("axis", 0)}, d.Err()
	})
}

type concat struct{ axis int }

func (c concat) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 1, math.MaxInt); err != nil {
		return nil, err
	}
	for i := range in {
		if err := wantOneType(in, 0, i); err != nil {
			return nil, err
		}
	}
	if !shapesKnown(in) {
		return []Spec{{Type: in[0].Type}}, nil
	}
	axis, err := normalizeAxis(c.axis, len(in[0].Shape))
	if err != nil {
		return nil, err
	}
	shape := slices.Clone(in[0].Shape)
	for i, a := range in[1:] {
		if !sameBeside(a.Shape, shape, axis) {
			return nil, fmt.Errorf("input %d has shape %v, which must be %v but for axis %d", i+1, a.Shape, in[0].Shape, axis)
		}
		shape[axis] += a.Shape[axis]
		if _, err := tensor.Elements(shape); err != nil {
			return nil, err
		}
	}
	return []Spec{{in[0].Type, shape}}, nil
}

// sameBeside reports whether two shapes differ at most at axis.
func sameBeside(a, b []int, axis int) bool {
	return len(a) == len(b) && slices.Equal(a[:axis], b[:axis]) && slices.Equal(a[axis+1:], b[axis+1:])
}

func (c concat) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	axis, err := normalizeAxis(c.axis, len(out[0].Shape))
	if err != nil {
		return err
	}
	to := dense(out[0].Shape)
	for _, t := range in {
		move(w, t.Shape, out[0], to, t.Tensor, dense(t.Shape))
		to.offset += t.Shape[axis] * to.strides[axis]
	}
	return nil
}
