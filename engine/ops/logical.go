package ops

import (
	"fmt"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// logical is a logical operation of two booleans.
type logical struct{ pairwise }

// logicalLoops are on booleans as 0 and 1.
var logicalLoops = map[string]func(x, y uint8) uint8{
	"LogicalAnd": func(x, y uint8) uint8 { return x & y },
	"LogicalOr":  func(x, y uint8) uint8 { return x | y },
	"LogicalXor": func(x, y uint8) uint8 { return x ^ y },
	"Xor":        func(x, y uint8) uint8 { return x ^ y }, // opset1's name of LogicalXor
}

func init() {
	for op := range logicalLoops {
		register(op, newLogical)
	}
	register("LogicalNot", func(*graph.Node) (Op, error) { return logicalNot{}, nil })
}

func newLogical(n *graph.Node) (Op, error) {
	p, err := decodePairwise(n)
	return &logical{p}, err
}

func (l *logical) Infer(in []Arg) ([]Spec, error) {
	s, err := l.inferPairwise(in)
	if err == nil && s.Type != tensor.Bool {
		err = fmt.Errorf("inputs are %s, want boolean", s.Type)
	}
	return []Spec{s}, err
}

func (l *logical) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	return pairs(w, l.broadcasting, cheapGrain, in, out[0], scalarLoop(logicalLoops[l.op]))
}

// logicalNot negates booleans.
type logicalNot struct{}

func (logicalNot) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 1, 1); err != nil {
		return nil, err
	}
	if in[0].Type != tensor.Bool {
		return nil, fmt.Errorf("input 0 is %s, want boolean", in[0].Type)
	}
	return []Spec{{tensor.Bool, in[0].Shape}}, nil
}

func (logicalNot) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	src, dst := tensor.Data[bool](in[0].Tensor), tensor.Data[bool](out[0])
	w.For(len(dst), cheapGrain, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			dst[i] = !src[i]
		}
	})
	return nil
}
