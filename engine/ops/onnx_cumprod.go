package ops

import (
	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// CumProd is ONNX's operator of this name: the products of the elements of an axis up to each of them; exclusive and reverse are those of CumSum.
// https://onnx.ai/onnx/operators/onnx__CumProd.html The plugin has no such node.
func init() {
	register("CumProd", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		return &cumProd{cumSum{d.Bool("exclusive", false), d.Bool("reverse", false)}}, d.Err()
	})
}

type cumProd struct{ cumSum }

func (c *cumProd) Eval(_ *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	axis, err := c.axis(in)
	if err != nil {
		return err
	}
	byNumber(out[0], runningProducts[float32], runningProducts[float64], runningProducts[int64], runningProducts[int32],
		runningProducts[int16], runningProducts[int8], runningProducts[uint64], runningProducts[uint32], runningProducts[uint16],
		runningProducts[uint8])(c, in[0].Tensor, out[0], axis)
	return nil
}

func runningProducts[E number](c *cumProd, in, out *tensor.Tensor, axis int) {
	src, dst := tensor.Data[E](in), tensor.Data[E](out)
	n, inner := out.Shape[axis], product(out.Shape[axis+1:])
	for line := 0; n > 0 && line < len(src)/n; line++ {
		start, product := line/inner*n*inner+line%inner, E(1)
		for i := range n {
			if c.reverse {
				i = n - 1 - i
			}
			at := start + i*inner
			before := product
			product *= src[at]
			dst[at] = product
			if c.exclusive {
				dst[at] = before
			}
		}
	}
	roundTo(out.Type, dst)
}
