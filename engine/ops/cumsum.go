package ops

import (
	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// cumSum adds up along the axis of input 1: each element with all before it (after it in reverse), itself left out when exclusive. The order
// of additions is that of the elements.
type cumSum struct{ exclusive, reverse bool }

func init() { register("CumSum", newCumSum) }

func newCumSum(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	return &cumSum{d.Bool("exclusive", false), d.Bool("reverse", false)}, d.Err()
}

func (c *cumSum) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 1, 2); err != nil {
		return nil, err
	}
	if err := wantWide(in, 0); err != nil {
		return nil, err
	}
	if len(in) > 1 {
		if err := wantIntegers(in, 1); err != nil {
			return nil, err
		}
		if err := wantScalar(in, 1); err != nil {
			return nil, err
		}
		if in[0].Shape != nil && in[1].Value != nil {
			if _, err := normalizeAxis(intValues(in[1].Value)[0], len(in[0].Shape)); err != nil {
				return nil, err
			}
		}
	}
	return []Spec{{in[0].Type, in[0].Shape}}, nil
}

func (c *cumSum) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	axis, err := c.axis(in)
	if err != nil {
		return err
	}
	eval := byNumber(out[0], runningSums[float32], runningSums[float64], runningSums[int64], runningSums[int32], runningSums[int16],
		runningSums[int8], runningSums[uint64], runningSums[uint32], runningSums[uint16], runningSums[uint8])
	eval(c, w, in[0].Tensor, out[0], axis)
	return nil
}

// axis is what input 1 says, else the first.
func (c *cumSum) axis(in []Operand) (int, error) {
	axis := 0
	if len(in) > 1 {
		axis = intValues(in[1].Tensor)[0]
	}
	return normalizeAxis(axis, len(in[0].Shape))
}

func runningSums[E number](c *cumSum, w *kernel.Workers, in, out *tensor.Tensor, axis int) {
	src, dst := tensor.Data[E](in), tensor.Data[E](out)
	n, inner := out.Shape[axis], product(out.Shape[axis+1:])
	if len(src) == 0 {
		return
	}
	w.For(len(src)/n/inner, max(1, cheapGrain/(n*inner)), func(lo, hi int) {
		sums := make([]E, inner)
		for o := lo; o < hi; o++ {
			clear(sums)
			for i := range n {
				if c.reverse {
					i = n - 1 - i
				}
				at := (o*n + i) * inner
				addUp(c.exclusive, dst[at:at+inner], src[at:at+inner], sums)
			}
			roundTo(out.Type, dst[o*n*inner:(o+1)*n*inner])
		}
	})
}

// addUp adds a row to the sums and writes them to dst, those before it when exclusive.
func addUp[E number](exclusive bool, dst, src, sums []E) {
	for j, v := range src {
		before := sums[j]
		sums[j] += v
		dst[j] = sums[j]
		if exclusive {
			dst[j] = before
		}
	}
}
