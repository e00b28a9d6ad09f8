package ops

import (
	"fmt"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// GatherElements (opset6). An index may count from the end. Along the other axes the indices may be fewer than the data, as in ONNX and in the
// plugin, which drops a Slice in front.
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/movement/gather-elements-6.html
func init() {
	register("GatherElements", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		d.Required("axis")
		return gatherElements{d.Int("axis", 0)}, d.Err()
	})
}

type gatherElements struct{ axis int }

func (g gatherElements) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 2, 2); err != nil {
		return nil, err
	}
	if err := wantIntegers(in, 1); err != nil {
		return nil, err
	}
	if shapesKnown(in) {
		axis, err := normalizeAxis(g.axis, len(in[0].Shape))
		if err != nil {
			return nil, err
		}
		if !insideBeside(in[1].Shape, in[0].Shape, axis) {
			return nil, fmt.Errorf("indices have shape %v, which must be at most %v but for axis %d", in[1].Shape, in[0].Shape, axis)
		}
	}
	return []Spec{{in[0].Type, in[1].Shape}}, nil
}

func (g gatherElements) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	axis, err := normalizeAxis(g.axis, len(in[0].Shape))
	if err != nil || out[0].Len() == 0 {
		return err
	}
	size := in[0].Shape[axis]
	indices, err := positions(in[1].Tensor, size)
	if err != nil {
		return err
	}
	if !sameBeside(in[0].Shape, in[1].Shape, axis) {
		byWidth(out[0], gatherCorner[uint8], gatherCorner[uint16], gatherCorner[uint32], gatherCorner[uint64])(w, axis, indices, out[0], in[0].Tensor)
		return nil
	}
	lines := axisLines{picks: in[1].Shape[axis], size: size, stride: product(in[0].Shape[axis+1:])}
	byWidth(out[0], gatherLines[uint8], gatherLines[uint16], gatherLines[uint32], gatherLines[uint64])(w, lines, indices, out[0], in[0].Tensor)
	return nil
}

// positions returns indices of an axis of the given size, those that count from the end made positive; any other is an error.
func positions(t *tensor.Tensor, size int) ([]int, error) {
	list := intValues(t)
	for i, v := range list {
		if v < -size || v >= size {
			return nil, fmt.Errorf("index %d (element %d) is outside an axis of size %d", v, i, size)
		}
		if v < 0 {
			list[i] = v + size
		}
	}
	return list, nil
}

// axisLines are two arrays that differ in the size of one axis alone: that of the data, and the number of picks of an array of indices.
type axisLines struct{ picks, size, stride int }

// each calls f with the index and the data's position without the axis, for elements lo to hi of the indices.
func (l axisLines) each(lo, hi int, f func(i, base int)) {
	for lo < hi {
		outer, inner := lo/(l.picks*l.stride), lo%l.stride
		n := min(hi-lo, l.stride-inner)
		base := outer*l.size*l.stride + inner
		for i := range n {
			f(lo+i, base+i)
		}
		lo += n
	}
}

func gatherLines[E word](w *kernel.Workers, l axisLines, indices []int, out, in *tensor.Tensor) {
	dst, src := tensor.Bits[E](out), tensor.Bits[E](in)
	if l.stride == 1 {
		w.For(len(dst)/l.picks, 1+cheapGrain/l.picks, func(lo, hi int) {
			for ; lo < hi; lo++ {
				pickElements(dst[lo*l.picks:][:l.picks], src[lo*l.size:][:l.size], indices[lo*l.picks:][:l.picks], false)
			}
		})
		return
	}
	w.For(len(dst), cheapGrain, func(lo, hi int) {
		l.each(lo, hi, func(i, base int) { dst[i] = src[base+indices[i]*l.stride] })
	})
}

// insideBeside reports whether inner has the rank of outer and is not larger but along axis.
func insideBeside(inner, outer []int, axis int) bool {
	for i := range inner {
		if i >= len(outer) || i != axis && inner[i] > outer[i] {
			return false
		}
	}
	return len(inner) == len(outer)
}

// gatherCorner gathers from the part of the data that is as large as the output beside axis.
func gatherCorner[E word](w *kernel.Workers, axis int, indices []int, out, in *tensor.Tensor) {
	dst, src := tensor.Bits[E](out), tensor.Bits[E](in)
	w.For(len(dst), cheapGrain, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			rest, from, stride := i, 0, 1
			for a := len(in.Shape) - 1; a >= 0; a-- {
				at := rest % out.Shape[a]
				if rest /= out.Shape[a]; a == axis {
					at = indices[i]
				}
				from += at * stride
				stride *= in.Shape[a]
			}
			dst[i] = src[from]
		}
	})
}
