package ops

import (
	"fmt"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// ScatterUpdate (opset3): the slices of an axis that indices name are replaced; where one is named twice the last stands. No index counts from
// the end.
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/movement/scatter-update-3.html
func init() {
	register("ScatterUpdate", func(*graph.Node) (Op, error) { return scatterUpdate{}, nil })
}

type scatterUpdate struct{}

func (scatterUpdate) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 4, 4); err != nil {
		return nil, err
	}
	if err := wantOneType(in, 0, 2); err != nil {
		return nil, err
	}
	if err := wantIntegers(in, 1, 3); err != nil {
		return nil, err
	}
	spec := []Spec{{in[0].Type, in[0].Shape}}
	if in[0].Shape == nil {
		return spec, nil
	}
	axis, ok, err := axisInput(in, 3, len(in[0].Shape))
	if err != nil || !ok || !shapesKnown(in) {
		return spec, err
	}
	data, indices := in[0].Shape, in[1].Shape
	if want := slices.Concat(data[:axis], indices, data[axis+1:]); !slices.Equal(in[2].Shape, want) {
		return nil, fmt.Errorf("updates have shape %v, want %v for indices %v of axis %d of %v", in[2].Shape, want, indices, axis, data)
	}
	return spec, nil
}

func (scatterUpdate) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	copyAll(w, out[0], in[0].Tensor)
	axis, _, err := axisInput(argsOf(in), 3, len(in[0].Shape))
	if err != nil || in[2].Len() == 0 {
		return err
	}
	size := in[0].Shape[axis]
	rows := intValues(in[1].Tensor)
	for i, v := range rows {
		if v < 0 || v >= size {
			return fmt.Errorf("index %d (element %d) is outside axis %d of %v", v, i, axis, in[0].Shape)
		}
	}
	p := &gathering{groups: product(in[0].Shape[:axis]), size: size, picks: len(rows), width: product(in[0].Shape[axis+1:]), indices: rows}
	byWidth(out[0], putRows[uint8], putRows[uint16], putRows[uint32], putRows[uint64])(w, p, out[0], in[2].Tensor)
	return nil
}

// putRows is the inverse of gatherRows for a single batch. Groups are independent; the rows of a group are written in order.
func putRows[E word](w *kernel.Workers, p *gathering, out, updates *tensor.Tensor) {
	dst, src := tensor.Bits[E](out), tensor.Bits[E](updates)
	w.For(p.groups, 1+cheapGrain/(p.picks*p.width), func(lo, hi int) {
		for ; lo < hi; lo++ {
			for k, i := range p.indices {
				copy(dst[(lo*p.size+i)*p.width:][:p.width], src[(lo*p.picks+k)*p.width:])
			}
		}
	})
}
