package ops

import (
	"cmp"
	"fmt"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// SparseFillEmptyRows (opset16): a sparse matrix whose empty rows get a default value in their first column. The outputs are the indices and
// values by rows and columns, and which rows were empty.
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/sparse/sparse-fill-empty-rows-16.html
func init() {
	register("SparseFillEmptyRows", func(*graph.Node) (Op, error) { return sparseFill{}, nil })
}

type sparseFill struct{}

func (sparseFill) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 4, 4); err != nil {
		return nil, err
	}
	if err := wantOneType(in, 0, 3); err != nil {
		return nil, err
	}
	if err := wantOneElement(in, 3, "default_value"); err != nil {
		return nil, err
	}
	if err := wantIntegers(in, 1, 2); err != nil {
		return nil, err
	}
	if err := wantOneType(in, 1, 2); err != nil {
		return nil, err
	}
	if err := wantRank(in, 0, 1); err != nil {
		return nil, err
	}
	if err := wantShape(in, 1, 2); err != nil {
		return nil, err
	}
	elements := -1
	if in[0].Shape != nil {
		elements = in[0].Shape[0]
	}
	if err := wantShape(in, 2, elements, 2); err != nil {
		return nil, err
	}
	specs := []Spec{{Type: in[2].Type}, {Type: in[0].Type}, {Type: tensor.Bool}}
	if in[1].Value == nil {
		return specs, nil
	}
	rows := intValues(in[1].Value)[0]
	if _, err := tensor.Elements([]int{rows, 2}); err != nil {
		return nil, fmt.Errorf("dense_shape: %w", err)
	}
	specs[2].Shape = []int{rows}
	if in[2].Value == nil {
		return specs, nil
	}
	filled, err := filledSize(in[1].Value, in[2].Value)
	if err != nil {
		return nil, err
	}
	specs[0].Shape, specs[1].Shape = []int{filled, 2}, []int{filled}
	_, err = tensor.Elements(specs[0].Shape)
	return specs, err
}

// filledSize is the number of elements of a sparse matrix once its empty rows are filled.
func filledSize(shape, indices *tensor.Tensor) (int, error) {
	dense, at := intValues(shape), intValues(indices)
	var rows []int
	for i := 0; i < len(at); i += 2 {
		if at[i] < 0 || at[i] >= dense[0] || at[i+1] < 0 || at[i+1] >= dense[1] {
			return 0, fmt.Errorf("index %v of element %d is outside a matrix of %v", at[i:i+2], i/2, dense)
		}
		rows = append(rows, at[i])
	}
	slices.Sort(rows)
	return len(at)/2 + dense[0] - len(slices.Compact(rows)), nil
}

// rowOrder lists the elements of a sparse matrix by rows and columns; an empty row r is -1-r.
func rowOrder(rows int, at []int, size int) []int {
	sorted := make([]int, len(at)/2)
	for i := range sorted {
		sorted[i] = i
	}
	slices.SortFunc(sorted, func(a, b int) int {
		return cmp.Or(cmp.Compare(at[2*a], at[2*b]), cmp.Compare(at[2*a+1], at[2*b+1]), cmp.Compare(a, b))
	})
	order, next := make([]int, 0, size), 0
	for r := range rows {
		first := next
		for next < len(sorted) && at[2*sorted[next]] == r {
			next++
		}
		if order = append(order, sorted[first:next]...); first == next {
			order = append(order, -1-r)
		}
	}
	return order
}

func (sparseFill) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	at := intValues(in[2].Tensor)
	order := rowOrder(intValues(in[1].Tensor)[0], at, out[0].Shape[0])
	indices, values := make([]int, 2*len(order)), make([]int, len(order))
	for i, e := range order {
		values[i] = e
		if e < 0 {
			indices[2*i], values[i] = -1-e, in[0].Len() // the default is appended to the values
			continue
		}
		copy(indices[2*i:], at[2*e:2*e+2])
	}
	putInts(out[0], func(i int) int { return indices[i] })
	if len(out) > 1 {
		byWidth(out[1], pickValues[uint8], pickValues[uint16], pickValues[uint32], pickValues[uint64])(out[1], in[0].Tensor, in[3].Tensor, values)
	}
	if len(out) > 2 {
		empty := tensor.Data[bool](out[2])
		clear(empty)
		for _, e := range order {
			if e < 0 {
				empty[-1-e] = true
			}
		}
	}
	return nil
}

// pickValues picks from src with value appended.
func pickValues[E word](dst, src, value *tensor.Tensor, indices []int) {
	pickElements(tensor.Bits[E](dst), append(tensor.Bits[E](src)[:src.Len():src.Len()], tensor.Bits[E](value)[0]), indices, false)
}
