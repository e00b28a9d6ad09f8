package ops

import (
	"fmt"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// GatherND (opset5, opset8). The batch dimensions of the output are joined in opset5. An index may count from the end.
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/movement/gather-nd-8.html
func init() {
	register("GatherND", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		return gatherND{batchDims: d.Int("batch_dims", 0), joinsBatch: opsetVersion(n) < 8}, d.Err()
	})
}

type gatherND struct {
	batchDims  int
	joinsBatch bool
}

func (g gatherND) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 2, 2); err != nil {
		return nil, err
	}
	if err := wantIntegers(in, 1); err != nil {
		return nil, err
	}
	if !shapesKnown(in) {
		return []Spec{{Type: in[0].Type}}, nil
	}
	data, indices, b := in[0].Shape, in[1].Shape, g.batchDims
	if b < 0 || b >= len(indices) || b >= len(data) {
		return nil, fmt.Errorf("batch_dims %d does not suit data %v and indices %v", b, data, indices)
	}
	depth := indices[len(indices)-1]
	if depth < 0 || depth > len(data)-b {
		return nil, fmt.Errorf("indices %v name %d axes of data %v after %d batch dimensions", indices, depth, data, b)
	}
	if !slices.Equal(data[:b], indices[:b]) {
		return nil, fmt.Errorf("data %v and indices %v differ in their %d batch dimensions", data, indices, b)
	}
	batch := data[:b]
	if g.joinsBatch && b > 1 {
		batch = []int{product(batch)}
	}
	shape := joinShapes(batch, indices[b:len(indices)-1], data[b+depth:])
	_, err := tensor.Elements(shape)
	return []Spec{{in[0].Type, shape}}, err
}

func (g gatherND) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	if out[0].Len() == 0 {
		return nil
	}
	data, indices, b := in[0].Shape, in[1].Shape, g.batchDims
	depth := indices[len(indices)-1]
	rows, err := tupleRows(in[1].Tensor, data[b:b+depth])
	if err != nil {
		return err
	}
	p := &gathering{batches: 1, groups: 1, size: product(data[:b+depth]), picks: len(rows), width: product(data[b+depth:]), indices: rows}
	perBatch := product(indices[b : len(indices)-1])
	for i := range rows { // as rows of the whole array
		rows[i] += i / perBatch * product(data[b:b+depth])
	}
	byWidth(out[0], gatherRows[uint8], gatherRows[uint16], gatherRows[uint32], gatherRows[uint64])(w, p, out[0], in[0].Tensor)
	return nil
}

// tupleRows returns, for each tuple of indices along the last axis of t, its position in a row-major array of the given shape.
func tupleRows(t *tensor.Tensor, shape []int) ([]int, error) {
	depth := len(shape)
	tuples := 1
	if rank := len(t.Shape); rank > 0 {
		tuples = product(t.Shape[:rank-1])
	}
	values, rows := intValues(t), make([]int, tuples)
	for i := range rows {
		row := 0
		for k, v := range values[i*depth:][:depth] {
			if v < -shape[k] || v >= shape[k] {
				return nil, fmt.Errorf("index %d of tuple %d is %d, outside an axis of size %d", k, i, v, shape[k])
			}
			if v < 0 {
				v += shape[k]
			}
			row = row*shape[k] + v
		}
		rows[i] = row
	}
	return rows, nil
}
