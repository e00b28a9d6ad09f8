package ops

import (
	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// comparison is an operation of two values of one type that gives a boolean.
type comparison struct{ pairwise }

func init() {
	for _, op := range []string{"Equal", "NotEqual", "Greater", "GreaterEqual", "Less", "LessEqual"} {
		register(op, newComparison)
	}
}

func newComparison(n *graph.Node) (Op, error) {
	p, err := decodePairwise(n)
	return &comparison{p}, err
}

func (c *comparison) Infer(in []Arg) ([]Spec, error) {
	s, err := c.inferPairwise(in)
	return []Spec{{tensor.Bool, s.Shape}}, err
}

func (c *comparison) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	eval := byNumber(in[0].Tensor, compare[float32], compare[float64], compare[int64], compare[int32], compare[int16], compare[int8],
		compare[uint64], compare[uint32], compare[uint16], compare[uint8])
	return eval(c, w, in, out[0])
}

func compare[E number](c *comparison, w *kernel.Workers, in []Operand, out *tensor.Tensor) error {
	return pairs(w, c.broadcasting, cheapGrain, in, out, comparisonLoop[E](c.op))
}

// comparisonLoop is the loop of a comparison: as IEEE 754 has it, NaN is not equal to anything nor in any order.
func comparisonLoop[E number](op string) func(dst []bool, x, y []E) {
	less := func(dst []bool, x, y []E) {
		for i := range dst {
			dst[i] = x[i] < y[i]
		}
	}
	lessEqual := func(dst []bool, x, y []E) {
		for i := range dst {
			dst[i] = x[i] <= y[i]
		}
	}
	switch op {
	case "Equal":
		return func(dst []bool, x, y []E) {
			for i := range dst {
				dst[i] = x[i] == y[i]
			}
		}
	case "NotEqual":
		return func(dst []bool, x, y []E) {
			for i := range dst {
				dst[i] = x[i] != y[i]
			}
		}
	case "Less":
		return less
	case "LessEqual":
		return lessEqual
	case "Greater":
		return func(dst []bool, x, y []E) { less(dst, y, x) }
	}
	return func(dst []bool, x, y []E) { lessEqual(dst, y, x) } // GreaterEqual
}
