package ops

import (
	"fmt"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// selectOp takes elements of input 1 where the booleans of input 0 are true and of input 2 elsewhere; all are broadcast to one shape.
type selectOp struct{ broadcasting }

func init() { register("Select", newSelect) }

func newSelect(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	return &selectOp{decodeBroadcasting(d)}, d.Err()
}

func (s *selectOp) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 3, 3); err != nil {
		return nil, err
	}
	if in[0].Type != tensor.Bool {
		return nil, fmt.Errorf("input 0 is %s, want boolean", in[0].Type)
	}
	if in[1].Type != in[2].Type {
		return nil, fmt.Errorf("inputs 1 and 2 are %s and %s: their types must be the same", in[1].Type, in[2].Type)
	}
	shape, err := s.shape(in[1].Shape, in[2].Shape, in[0].Shape)
	return []Spec{{in[1].Type, shape}}, err
}

func (s *selectOp) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	eval := byNumber(out[0], choose[float32], choose[float64], choose[int64], choose[int32], choose[int16], choose[int8], choose[uint64],
		choose[uint32], choose[uint16], choose[uint8])
	return eval(w, s.broadcasting, in, out[0])
}

func choose[E tensor.Element](w *kernel.Workers, b broadcasting, in []Operand, out *tensor.Tensor) error {
	dst := elements[E](out)
	which, err := newSpread(tensor.Data[bool](in[0].Tensor), in[0].Shape, out.Shape, b)
	if err != nil {
		return err
	}
	var from [2]*spread[E]
	for i := range from {
		if from[i], err = newSpread(elements[E](in[1+i].Tensor), in[1+i].Shape, out.Shape, b); err != nil {
			return err
		}
	}
	w.For(len(dst), cheapGrain, func(lo, hi int) {
		which, yes, no := which.fork(), from[0].fork(), from[1].fork()
		for at := lo; at < hi; at += block {
			end := min(at+block, hi)
			c, x := which.span(at, end), yes.span(at, end)
			copy(dst[at:end], no.span(at, end))
			for i, ok := range c {
				if ok {
					dst[at+i] = x[i]
				}
			}
		}
	})
	return nil
}

// pRelu multiplies negative elements by slopes. One slope an element of axis 1 where the slopes have rank 1 and that axis's size, else the
// slopes are broadcast by numpy's rule.
type pRelu struct{}

func init() { register("PRelu", func(*graph.Node) (Op, error) { return pRelu{}, nil }) }

func (pRelu) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 2, 2); err != nil {
		return nil, err
	}
	if err := wantFloats(in, 0, 1); err != nil {
		return nil, err
	}
	x, s := in[0].Shape, in[1].Shape
	if x != nil && s != nil && pReluBroadcasting(x, s).dims(x, s) == nil {
		return nil, fmt.Errorf("slopes of shape %v do not broadcast to %v", s, x)
	}
	return []Spec{{in[0].Type, x}}, nil
}

func pReluBroadcasting(x, slope []int) broadcasting {
	if len(slope) == 1 && len(x) > 1 && slope[0] == x[1] {
		return broadcasting{mode: "pdpd", axis: 1}
	}
	return numpy
}

func (pRelu) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	b := pReluBroadcasting(in[0].Shape, in[1].Shape)
	if out[0].Type == tensor.F64 {
		return pairs(w, b, cheapGrain, in, out[0], func(dst, x, slope []float64) {
			for i, v := range x {
				if v < 0 {
					v *= slope[i]
				}
				dst[i] = v
			}
		})
	}
	return pairs(w, b, cheapGrain, in, out[0], func(dst, x, slope []float32) {
		for i, v := range x {
			dst[i] = either(v < 0, v*slope[i], v)
		}
	})
}
