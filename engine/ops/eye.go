package ops

import (
	"fmt"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// Eye (opset9): matrices with ones on a diagonal and zeros elsewhere.
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/generation/eye-9.html
func init() {
	register("Eye", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		d.Required("output_type")
		return eye{d.DType("output_type", tensor.Invalid)}, d.Err()
	})
}

type eye struct{ output tensor.DType }

func (e eye) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 3, 4); err != nil {
		return nil, err
	}
	batch := []int{}
	if len(in) == 4 {
		var err error
		if batch, err = vector(in, 3, "batch_shape"); err != nil {
			return nil, err
		}
	}
	rows, rowsKnown, err := scalar(in, 0, "num_rows")
	if err != nil {
		return nil, err
	}
	columns, columnsKnown, err := scalar(in, 1, "num_columns")
	if err != nil {
		return nil, err
	}
	if _, _, err := scalar(in, 2, "diagonal_index"); err != nil {
		return nil, err
	}
	if !rowsKnown || !columnsKnown || batch == nil {
		return []Spec{{Type: e.output}}, nil
	}
	shape := slices.Concat(batch, []int{rows, columns})
	if _, err = tensor.Elements(shape); err != nil {
		err = fmt.Errorf("num_rows, num_columns and batch_shape: %w", err)
	}
	return []Spec{{e.output, shape}}, err
}

func (e eye) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	if out[0].Len() == 0 {
		return nil
	}
	one := tensor.New(e.output, 1)
	byNumber(one, setOne[float32], setOne[float64], setOne[int64], setOne[int32], setOne[int16], setOne[int8], setOne[uint64], setOne[uint32],
		setOne[uint16], setOne[uint8])(one)
	fill(w, out[0], tensor.New(e.output))
	k := intValues(in[2].Tensor)[0]
	rank := len(out[0].Shape)
	rows, columns := out[0].Shape[rank-2], out[0].Shape[rank-1]
	top, left := max(0, -max(k, -rows)), max(0, min(k, columns))
	n := max(0, min(rows-top, columns-left))
	shape := []int{product(out[0].Shape[:rank-2]), n}
	move(w, shape, out[0], layout{top*columns + left, []int{rows * columns, columns + 1}}, one, layout{strides: []int{0, 0}})
	return nil
}

func setOne[E number](t *tensor.Tensor) { elements[E](t)[0] = 1 }
