package ops

import (
	"fmt"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// Gather (opset1, opset7, opset8). An index outside the axis gives zeros; from opset8 on a negative one counts from the end.
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/movement/gather-8.html
func init() {
	register("Gather", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		return gather{batchDims: d.Int("batch_dims", 0), fromEnd: opsetVersion(n) >= 8}, d.Err()
	})
}

type gather struct {
	batchDims int
	fromEnd   bool // negative indices count from the end
}

func (g gather) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 3, 3); err != nil {
		return nil, err
	}
	if err := wantIntegers(in, 1, 2); err != nil {
		return nil, err
	}
	spec := Spec{Type: in[0].Type}
	p, err := g.plan(in)
	if err != nil || p == nil {
		return []Spec{spec}, err
	}
	spec.Shape = p.shape
	_, err = tensor.Elements(p.shape)
	return []Spec{spec}, err
}

// A gathering picks, for each of groups of size rows of width elements, the rows that its batch's picks indices name.
type gathering struct {
	shape              []int // of the output
	batches, groups    int   // groups of one batch share its indices
	size, picks, width int
	fromEnd            bool
	indices            []int
}

func (g gather) plan(in []Arg) (*gathering, error) {
	data, indices := in[0].Shape, in[1].Shape
	if data == nil || indices == nil {
		return nil, nil
	}
	axis, ok, err := axisInput(in, 2, len(data))
	if err != nil || !ok {
		return nil, err
	}
	batch := g.batchDims
	if batch < 0 {
		batch += len(indices)
	}
	if batch < 0 || batch > len(indices) || batch > axis {
		return nil, fmt.Errorf("batch_dims %d does not suit indices of shape %v and axis %d", g.batchDims, indices, axis)
	}
	if !slices.Equal(data[:batch], indices[:batch]) {
		return nil, fmt.Errorf("data %v and indices %v differ in their %d batch dimensions", data, indices, batch)
	}
	return &gathering{
		shape:   append([]int{}, joinShapes(data[:axis], indices[batch:], data[axis+1:])...), // a scalar has a shape, an empty one
		batches: product(data[:batch]), groups: product(data[batch:axis]),
		size: data[axis], picks: product(indices[batch:]), width: product(data[axis+1:]), fromEnd: g.fromEnd,
	}, nil
}

func (g gather) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	p, err := g.plan(argsOf(in))
	if err != nil {
		return err
	}
	if out[0].Len() == 0 {
		return nil
	}
	p.indices = intValues(in[1].Tensor)
	byWidth(out[0], gatherRows[uint8], gatherRows[uint16], gatherRows[uint32], gatherRows[uint64])(w, p, out[0], in[0].Tensor)
	return nil
}

func gatherRows[E word](w *kernel.Workers, p *gathering, out, in *tensor.Tensor) {
	dst, src := tensor.Bits[E](out), tensor.Bits[E](in)
	block := p.size * p.width
	w.For(p.batches*p.groups*p.picks, 1+1<<14/p.width, func(lo, hi int) {
		for lo < hi {
			group, pick := lo/p.picks, lo%p.picks
			n := min(hi-lo, p.picks-pick)
			indices := p.indices[group/p.groups*p.picks+pick:][:n]
			d, s := dst[lo*p.width:][:n*p.width], src[group*block:][:block]
			if p.width == 1 {
				pickElements(d, s, indices, p.fromEnd)
			} else {
				pickRows(d, s, indices, p)
			}
			lo += n
		}
	})
}

func pickRows[E word](dst, src []E, indices []int, p *gathering) {
	for k, i := range indices {
		if i < 0 && p.fromEnd {
			i += p.size
		}
		d := dst[k*p.width:][:p.width]
		if i < 0 || i >= p.size {
			clear(d)
		} else {
			copy(d, src[i*p.width:])
		}
	}
}

func pickElements[E word](dst, src []E, indices []int, fromEnd bool) {
	for k, i := range indices {
		if i < 0 && fromEnd {
			i += len(src)
		}
		if uint(i) < uint(len(src)) {
			dst[k] = src[i]
		} else {
			dst[k] = 0
		}
	}
}
