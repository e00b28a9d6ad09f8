package ops

import (
	"fmt"
	"math"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// reduce folds the elements along the axes of input 1 into one. A sum is that of fixed pairs, so its error grows with the logarithm of the
// number of elements, and it does not depend on the number of threads.
type reduce struct {
	op       string
	keepDims bool
}

func init() {
	for _, op := range []string{"ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogicalAnd",
		"ReduceLogicalOr"} {
		register(op, newReduce)
	}
}

func newReduce(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	return &reduce{n.Op, d.Bool("keep_dims", false)}, d.Err()
}

func (r *reduce) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 2, 2); err != nil {
		return nil, err
	}
	if err := wantIntegers(in, 1); err != nil {
		return nil, err
	}
	logical := r.op == "ReduceLogicalAnd" || r.op == "ReduceLogicalOr"
	if logical != (in[0].Type == tensor.Bool) {
		return nil, fmt.Errorf("input 0 is %s, which %s does not reduce", in[0].Type, r.op)
	}
	if in[0].Shape == nil || in[1].Value == nil {
		return []Spec{{in[0].Type, nil}}, nil
	}
	axes, err := normalizeAxes(intValues(in[1].Value), len(in[0].Shape))
	if err != nil {
		return nil, err
	}
	return []Spec{{in[0].Type, r.shape(in[0].Shape, axes)}}, nil
}

func (r *reduce) shape(in, axes []int) []int {
	out := []int{}
	for i, d := range in {
		switch {
		case !slices.Contains(axes, i):
			out = append(out, d)
		case r.keepDims:
			out = append(out, 1)
		}
	}
	return out
}

func (r *reduce) MACs(in []Arg, _ []Spec) int64 { return int64(product(in[0].Shape)) }

func (r *reduce) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	axes, err := normalizeAxes(intValues(in[1].Tensor), len(in[0].Shape))
	if err != nil {
		return err
	}
	eval := byNumber(out[0], reduceReals[float32], reduceReals[float64], reduceIntegers[int64], reduceIntegers[int32], reduceIntegers[int16],
		reduceIntegers[int8], reduceIntegers[uint64], reduceIntegers[uint32], reduceIntegers[uint16], reduceIntegers[uint8])
	eval(w, newReduction(in[0].Shape, axes), r.op, in[0].Tensor, out[0])
	return nil
}

func reduceReals[E real](w *kernel.Workers, r *reduction, op string, in, out *tensor.Tensor) {
	reduceAll(w, r, in, out, realReducer[E](op))
}

func reduceIntegers[E integer](w *kernel.Workers, r *reduction, op string, in, out *tensor.Tensor) {
	reduceAll(w, r, in, out, integerReducer[E](op))
}

// realReducer is what the operation does with floats.
func realReducer[E real](op string) reducer[E] {
	add := func(a, b E) E { return a + b }
	switch op {
	case "ReduceSum":
		return reducer[E]{sum: true}
	case "ReduceMean":
		return reducer[E]{sum: true, finish: func(v E, count int) E { return v / E(max(count, 1)) }} // of no elements 0, as OpenVINO has it
	case "ReduceL1":
		return reducer[E]{step: func(a, v E) E { return a + E(math.Abs(float64(v))) }, join: add}
	case "ReduceL2":
		return reducer[E]{step: func(a, v E) E { return a + E(v*v) }, join: add,
			finish: func(v E, _ int) E { return E(math.Sqrt(float64(v))) }}
	case "ReduceProd":
		return folding(1, func(a, v E) E { return a * v })
	case "ReduceMax":
		return folding(E(math.Inf(-1)), func(a, v E) E { return max(a, v) })
	}
	return folding(E(math.Inf(1)), func(a, v E) E { return min(a, v) })
}

// integerReducer is what the operation does with integers, and with booleans as 0 and 1. The mean is that of the wrapped sum, towards zero.
func integerReducer[E integer](op string) reducer[E] {
	add := func(a, b E) E { return a + b }
	switch op {
	case "ReduceSum":
		return reducer[E]{sum: true}
	case "ReduceMean":
		return reducer[E]{sum: true, finish: meanOf[E]}
	case "ReduceL1":
		return reducer[E]{step: func(a, v E) E { return a + magnitude(v) }, join: add}
	case "ReduceL2":
		return reducer[E]{step: func(a, v E) E { return a + v*v }, join: add,
			finish: func(v E, _ int) E { return clampTo[E](math.RoundToEven(math.Sqrt(float64(v)))) }}
	case "ReduceProd":
		return folding(1, func(a, v E) E { return a * v })
	case "ReduceMax":
		return folding(lowest[E](), func(a, v E) E { return max(a, v) })
	case "ReduceMin":
		return folding(^lowest[E](), func(a, v E) E { return min(a, v) })
	case "ReduceLogicalAnd":
		return folding(1, func(a, v E) E { return a & v })
	}
	return folding(0, func(a, v E) E { return a | v })
}

// meanOf divides a sum, towards zero; of no elements the mean is 0.
func meanOf[E integer](v E, count int) E {
	switch {
	case count == 0:
		return 0
	case v < 0:
		return E(int64(v) / int64(count))
	}
	return E(uint64(v) / uint64(count))
}
