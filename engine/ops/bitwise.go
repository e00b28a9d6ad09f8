package ops

import (
	"fmt"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// bitwise is an operation on the bits of two integers; all but the shifts take booleans too.
type bitwise struct{ pairwise }

func init() {
	for _, op := range []string{"BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitwiseLeftShift", "BitwiseRightShift"} {
		register(op, newBitwise)
	}
	register("BitwiseNot", func(*graph.Node) (Op, error) { return bitwiseNot{}, nil })
}

func newBitwise(n *graph.Node) (Op, error) {
	p, err := decodePairwise(n)
	return &bitwise{p}, err
}

func (b *bitwise) Infer(in []Arg) ([]Spec, error) {
	s, err := b.inferPairwise(in)
	if err == nil && !s.Type.IsInteger() && (s.Type != tensor.Bool || bitLoop[uint8](b.op) == nil) {
		err = fmt.Errorf("inputs are %s, want integers", s.Type)
	}
	return []Spec{s}, err
}

func (b *bitwise) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	eval := byNumber(out[0], nil, nil, evalBits[int64], evalBits[int32], evalBits[int16], evalBits[int8], evalBits[uint64], evalBits[uint32],
		evalBits[uint16], evalBits[uint8])
	return eval(b, w, in, out[0])
}

func evalBits[E integer](b *bitwise, w *kernel.Workers, in []Operand, out *tensor.Tensor) error {
	f := bitLoop[E](b.op)
	if f == nil {
		f = shift[E](b.op)
	}
	return pairs(w, b.broadcasting, cheapGrain, in, out, scalarLoop(f))
}

func bitLoop[E integer](op string) func(x, y E) E {
	switch op {
	case "BitwiseAnd":
		return func(x, y E) E { return x & y }
	case "BitwiseOr":
		return func(x, y E) E { return x | y }
	case "BitwiseXor":
		return func(x, y E) E { return x ^ y }
	}
	return nil
}

// shift moves bits; by more than the type has, or by a negative number, all of them go (to the right the sign stays).
func shift[E integer](op string) func(x, y E) E {
	if op == "BitwiseLeftShift" {
		return func(x, y E) E { return x << uint64(y) }
	}
	return func(x, y E) E { return x >> uint64(y) }
}

// bitwiseNot inverts the bits of integers, and booleans.
type bitwiseNot struct{}

func (bitwiseNot) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 1, 1); err != nil {
		return nil, err
	}
	if !in[0].Type.IsInteger() && in[0].Type != tensor.Bool {
		return nil, fmt.Errorf("input 0 is %s, want integers or booleans", in[0].Type)
	}
	return []Spec{{in[0].Type, in[0].Shape}}, nil
}

func (bitwiseNot) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	if in[0].Type == tensor.Bool {
		return logicalNot{}.Eval(w, in, out)
	}
	eval := byNumber(out[0], nil, nil, invert[int64], invert[int32], invert[int16], invert[int8], invert[uint64], invert[uint32],
		invert[uint16], invert[uint8])
	eval(w, in[0].Tensor, out[0])
	return nil
}

func invert[E integer](w *kernel.Workers, in, out *tensor.Tensor) {
	mapEach(w, out, tensor.Data[E](in), func(v E) E { return ^v })
}
