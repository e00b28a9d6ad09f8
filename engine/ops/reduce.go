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
	infinite bool // whether the maximum begins at minus infinity, as in ONNX; else at the lowest f32, as in the CPU plugin. The minimum alike.
}

func init() {
	for _, op := range []string{"ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogicalAnd",
		"ReduceLogicalOr"} {
		register(op, newReduce)
	}
}

func newReduce(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	return &reduce{n.Op, d.Bool("keep_dims", false), d.Bool("infinite", false)}, d.Err()
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
		reduceBytes[int8], reduceIntegers[uint64], reduceIntegers[uint32], reduceIntegers[uint16], reduceBytes[uint8])
	eval(r, w, newReduction(in[0].Shape, axes), in[0].Tensor, out[0])
	return nil
}

func reduceReals[E real](r *reduce, w *kernel.Workers, order *reduction, in, out *tensor.Tensor) {
	bound := math.MaxFloat32
	if r.infinite || in.Type == tensor.F64 {
		bound = math.Inf(1)
	}
	reduceAll(w, order, in, out, realReducer(r.op, E(bound)))
}

func reduceIntegers[E integer](r *reduce, w *kernel.Workers, order *reduction, in, out *tensor.Tensor) {
	reduceAll(w, order, in, out, integerReducer[E](r.op))
}

// reduceBytes computes in 32 bits what can leave 8 and limits it before it finishes, as the CPU plugin does: a mean is that of a sum within
// 8 bits.
func reduceBytes[E int8 | uint8](r *reduce, w *kernel.Workers, order *reduction, in, out *tensor.Tensor) {
	if in.Type == tensor.Bool || r.op == "ReduceMax" || r.op == "ReduceMin" {
		reduceIntegers[E](r, w, order, in, out)
		return
	}
	wide, sums, with := tensor.New(tensor.I32, in.Shape...), tensor.New(tensor.I32, out.Shape...), integerReducer[int32](r.op)
	convertIntegers(w, tensor.Data[E](in), wide)
	with.finish = nil
	reduceAll(w, order, wide, sums, with)
	dst := tensor.Data[E](out)
	for i, v := range tensor.Data[int32](sums) {
		dst[i] = saturated[E](int(v))
		switch r.op {
		case "ReduceMean":
			dst[i] = meanOf(dst[i], order.count)
		case "ReduceL2":
			dst[i] = clampTo[E](math.Sqrt(float64(dst[i])))
		}
	}
}

// realReducer is what the operation does with floats within ±bound.
func realReducer[E real](op string, bound E) reducer[E] {
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
		return folding(-bound, func(a, v E) E { return max(a, v) })
	}
	return folding(bound, func(a, v E) E { return min(a, v) })
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
