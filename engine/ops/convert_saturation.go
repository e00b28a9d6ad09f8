package ops

import (
	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// convertSaturation is the Convert inside of snippets: floats become integers by rounding to the nearest, ties to even, and by clamping.
type convertSaturation struct{ convert }

func init() {
	register("ConvertSaturation", func(n *graph.Node) (Op, error) {
		op, err := operations["Convert"](n)
		if err != nil {
			return nil, err
		}
		return &convertSaturation{*op.(*convert)}, nil
	})
}

func (c *convertSaturation) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	return store(w, out[0], in[0].Tensor)
}
