package ops

import (
	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// NonZero (opset3): the indices of all elements that are not zero, one row an axis, in row-major order.
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/condition/nonzero-3.html
func init() {
	register("NonZero", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		t := d.DType("output_type", tensor.I64)
		if d.Err() != nil {
			return nil, d.Err()
		}
		return nonZero{t}, wantIndexType(t)
	})
}

type nonZero struct{ output tensor.DType }

func (z nonZero) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 1, 1); err != nil {
		return nil, err
	}
	spec := Spec{Type: z.output}
	if in[0].Value != nil {
		spec.Shape = []int{len(in[0].Shape), len(indicesOfNonZeros(in[0].Value))}
	}
	return []Spec{spec}, nil
}

// indicesOfNonZeros are the positions of elements that are not zero, in row-major order.
func indicesOfNonZeros(t *tensor.Tensor) []int {
	return byNumber(t, nonZeros[float32], nonZeros[float64], nonZeros[int64], nonZeros[int32], nonZeros[int16], nonZeros[int8],
		nonZeros[uint64], nonZeros[uint32], nonZeros[uint16], nonZeros[uint8])(t)
}

func (z nonZero) Eval(_ *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	at, shape := indicesOfNonZeros(in[0].Tensor), in[0].Shape
	index := make([]int, len(shape))
	rows := make([]int, out[0].Len())
	for j, i := range at {
		for a := len(shape) - 1; a >= 0; a-- {
			index[a], i = i%shape[a], i/shape[a]
			rows[a*len(at)+j] = index[a]
		}
	}
	putInts(out[0], func(i int) int { return rows[i] })
	return nil
}

func nonZeros[E number](t *tensor.Tensor) []int {
	var at []int
	for i, v := range elements[E](t) {
		if v != 0 {
			at = append(at, i)
		}
	}
	return at
}
