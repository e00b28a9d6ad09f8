package ops

import (
	"cmp"
	"fmt"
	"slices"
	"sort"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// Bucketize (opset3) and SearchSorted (opset15): where values would be inserted into sorted sequences.
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/condition/bucketize-3.html
func init() {
	register("Bucketize", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		return bucketize{d.DType("output_type", tensor.I64), !d.Bool("with_right_bound", true)}, d.Err()
	})
	register("SearchSorted", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		return searchSorted{d.DType("output_type", tensor.I64), d.Bool("right_mode", false)}, d.Err()
	})
}

// insertion is how many elements of a sorted sequence are less than v, or with after not more than v.
func insertion[E cmp.Ordered](sorted []E, v E, after bool) int {
	return sort.Search(len(sorted), func(i int) bool {
		c := cmp.Compare(sorted[i], v)
		return c > 0 || c == 0 && !after
	})
}

// bucketize finds the bucket of each element of input 0 between the bounds in input 1.
type bucketize struct {
	output tensor.DType
	after  bool // a value that equals a bound belongs to the bucket after it
}

func (b bucketize) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 2, 2); err != nil {
		return nil, err
	}
	if err := wantRank(in, 1, 1); err != nil {
		return nil, err
	}
	if err := wantNumeric(in, 0, 1); err != nil {
		return nil, err
	}
	return []Spec{{b.output, in[0].Shape}}, wantIndexType(b.output)
}

func (b bucketize) Eval(_ *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	if in[0].Type.IsInteger() && in[1].Type.IsInteger() {
		values, bounds := intValues(in[0].Tensor), intValues(in[1].Tensor)
		putInts(out[0], func(i int) int { return insertion(bounds, values[i], b.after) })
		return nil
	}
	values, bounds := floatValues(in[0].Tensor), floatValues(in[1].Tensor)
	putInts(out[0], func(i int) int { return insertion(bounds, values[i], b.after) })
	return nil
}

// searchSorted finds each line of input 1 in the line of input 0, or in its only one.
type searchSorted struct {
	output tensor.DType
	after  bool
}

func (s searchSorted) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 2, 2); err != nil {
		return nil, err
	}
	if err := wantOneType(in, 0, 1); err != nil {
		return nil, err
	}
	if err := wantNumeric(in, 0); err != nil {
		return nil, err
	}
	if shapesKnown(in) {
		sorted, values := in[0].Shape, in[1].Shape
		last := len(sorted) - 1
		if last < 0 || last > 0 && (len(values) != len(sorted) || !slices.Equal(values[:last], sorted[:last])) {
			return nil, fmt.Errorf("values %v do not suit sorted sequences %v", values, sorted)
		}
	}
	return []Spec{{s.output, in[1].Shape}}, wantIndexType(s.output)
}

func (s searchSorted) Eval(_ *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	if out[0].Len() > 0 {
		byNumber(in[0].Tensor, searchLines[float32], searchLines[float64], searchLines[int64], searchLines[int32], searchLines[int16],
			searchLines[int8], searchLines[uint64], searchLines[uint32], searchLines[uint16], searchLines[uint8])(s, in, out[0])
	}
	return nil
}

func searchLines[E number](s searchSorted, in []Operand, out *tensor.Tensor) {
	sorted, values := tensor.Data[E](in[0].Tensor), tensor.Data[E](in[1].Tensor)
	size, perLine := in[0].Shape[len(in[0].Shape)-1], len(values)
	if len(in[0].Shape) > 1 {
		perLine = in[1].Shape[len(in[1].Shape)-1]
	}
	putInts(out, func(i int) int { return insertion(sorted[i/perLine*size:][:size], values[i], s.after) })
}
