package ops

import (
	"fmt"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// convertPromoteTypes converts both inputs to the narrowest type that has the values of both types.
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/type/convert-promote-types-14.html
type convertPromoteTypes struct {
	scalars bool         // as in PyTorch, a scalar changes the other input's type only if its kind (boolean, integer, float) is a higher one
	withU64 tensor.DType // of u64 and a signed type
}

func init() {
	register("ConvertPromoteTypes", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		return &convertPromoteTypes{d.Bool("pytorch_scalar_promotion", false), d.DType("u64_integer_promotion_target", tensor.F32)}, d.Err()
	})
}

func (c *convertPromoteTypes) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 2, 2); err != nil {
		return nil, err
	}
	for i, a := range in {
		if a.Type.Bits() < 8 || a.Type == tensor.F8E8M0 {
			return nil, fmt.Errorf("input %d is %s: nothing says what its type is promoted to", i, a.Type)
		}
	}
	if c.scalars && !shapesKnown(in) {
		return []Spec{{Type: tensor.Invalid}, {Type: tensor.Invalid}}, nil
	}
	t := c.promoted(in[0], in[1])
	return []Spec{{t, in[0].Shape}, {t, in[1].Shape}}, nil
}

func (c *convertPromoteTypes) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	for i, o := range out {
		if err := (&convert{to: o.Type, round: tensor.F32}).Eval(w, in[i:i+1], []*tensor.Tensor{o}); err != nil {
			return err
		}
	}
	return nil
}

func (c *convertPromoteTypes) promoted(x, y Arg) tensor.DType {
	if c.scalars && (len(x.Shape) == 0) != (len(y.Shape) == 0) {
		whole, scalar := x, y
		if len(x.Shape) == 0 {
			whole, scalar = y, x
		}
		if kind(whole.Type) >= kind(scalar.Type) {
			return whole.Type
		}
	}
	return c.common(x.Type, y.Type)
}

// kind orders types: booleans, integers, floats.
func kind(t tensor.DType) int {
	switch {
	case t.IsFloat():
		return 2
	case t.IsInteger():
		return 1
	}
	return 0
}

// common is the type of two tensors.
func (c *convertPromoteTypes) common(x, y tensor.DType) tensor.DType {
	if kind(x) < kind(y) || kind(x) == kind(y) && x.Bits() < y.Bits() {
		x, y = y, x
	}
	switch {
	case x == y || kind(x) != kind(y):
		return x
	case x.IsFloat() && x.Bits() == y.Bits():
		return map[int]tensor.DType{8: tensor.F16, 16: tensor.F32}[x.Bits()]
	case x.IsSigned() || !y.IsSigned():
		if x.Bits() > y.Bits() || x.IsSigned() == y.IsSigned() {
			return x
		}
	case x == tensor.U64:
		return c.withU64
	}
	return map[int]tensor.DType{8: tensor.I16, 16: tensor.I32, 32: tensor.I64, 64: c.withU64}[x.Bits()]
}
