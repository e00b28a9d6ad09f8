package ops

import (
	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// ShapeOf (opset1, opset3).
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/shape/shape-of-3.html
func init() {
	register("ShapeOf", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		t := d.DType("output_type", tensor.I64)
		if d.Err() != nil {
			return nil, d.Err()
		}
		return shapeOf{t}, wantIndexType(t)
	})
}

type shapeOf struct{ output tensor.DType }

func (s shapeOf) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 1, 1); err != nil {
		return nil, err
	}
	if in[0].Shape == nil {
		return []Spec{{Type: s.output}}, nil
	}
	return []Spec{{s.output, []int{len(in[0].Shape)}}}, nil
}

func (s shapeOf) Fold(in []Arg) *tensor.Tensor {
	if in[0].Shape == nil {
		return nil
	}
	t := tensor.New(s.output, len(in[0].Shape))
	s.write(t, in[0].Shape)
	return t
}

func (s shapeOf) Eval(_ *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	s.write(out[0], in[0].Shape)
	return nil
}

func (s shapeOf) write(t *tensor.Tensor, shape []int) {
	for i, d := range shape {
		if s.output == tensor.I32 {
			tensor.Data[int32](t)[i] = int32(d)
		} else {
			tensor.Data[int64](t)[i] = int64(d)
		}
	}
}
