package ops

import (
	"errors"
	"fmt"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

func init() { register("Unavailable", newUnavailable) }

// unavailable stands for a value of a branch that cannot run with the shapes at hand: it is an error only if the branch is taken. No file holds
// it; engine/onnx adds it.
type unavailable struct {
	output tensor.DType
	reason string
}

func newUnavailable(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	return unavailable{d.DType("output_type", tensor.F32), n.Attrs["reason"]}, d.Err()
}

func (u unavailable) Infer(in []Arg) ([]Spec, error) {
	if len(in) != 0 {
		return nil, fmt.Errorf("has %d inputs, expected none", len(in))
	}
	return []Spec{{Type: u.output}}, nil
}

func (u unavailable) Eval(*kernel.Workers, []Operand, []*tensor.Tensor) error {
	return errors.New("the branch that the input leads to cannot run: " + u.reason)
}
