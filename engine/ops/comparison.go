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
	switch in[0].Any().(type) {
	case []float32:
		return compare[float32](c, w, in, out[0])
	case []float64:
		return compare[float64](c, w, in, out[0])
	case []int64:
		return compare[int64](c, w, in, out[0])
	case []int32:
		return compare[int32](c, w, in, out[0])
	case []int16:
		return compare[int16](c, w, in, out[0])
	case []int8:
		return compare[int8](c, w, in, out[0])
	case []uint64:
		return compare[uint64](c, w, in, out[0])
	case []uint32:
		return compare[uint32](c, w, in, out[0])
	case []uint16:
		return compare[uint16](c, w, in, out[0])
	}
	return compare[uint8](c, w, in, out[0])
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
