package ops

import (
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// A pattern is an output whose elements are all found in input 0 by strides.
type pattern struct {
	shape []int // of the output
	dims  []int // the shape that is iterated, with as many elements as shape; nil when it is shape
	from  layout
}

// A rearrangement is an operation whose output is a pattern of its first input: the function is the whole operation. It returns nil while the
// pattern is not known; out-of-range values of inputs are errors.
type rearrangement func(in []Arg) (*pattern, error)

func (f rearrangement) Infer(in []Arg) ([]Spec, error) {
	p, err := f(in)
	if err != nil {
		return nil, err
	}
	if p == nil {
		return []Spec{{Type: in[0].Type}}, nil
	}
	if _, err := tensor.Elements(p.shape); err != nil {
		return nil, err
	}
	return []Spec{{in[0].Type, p.shape}}, nil
}

func (f rearrangement) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	p, err := f(argsOf(in))
	if err != nil {
		return err
	}
	dims := p.dims
	if dims == nil {
		dims = p.shape
	}
	move(w, dims, out[0], dense(dims), in[0].Tensor, p.from)
	return nil
}

// A run is n consecutive indices of an output axis that are read from index from of the input on, in steps of any sign.
type run struct{ to, n, from, step int }

// whole is the run of an axis that is copied as it is.
func whole(size int) []run { return []run{{0, size, 0, 1}} }

// moveBoxes copies the boxes that runs span, each the product of one run of every axis. No run is empty, so that there are no more boxes than
// elements.
func moveBoxes(w *kernel.Workers, dst, src *tensor.Tensor, runs [][]run) {
	to, from := dense(dst.Shape).strides, dense(src.Shape).strides
	chosen := make([]run, 0, len(runs))
	var box func()
	box = func() {
		if axis := len(chosen); axis < len(runs) {
			for _, r := range runs[axis] {
				chosen = append(chosen, r)
				box()
				chosen = chosen[:axis]
			}
			return
		}
		shape, d, s := make([]int, len(runs)), layout{strides: to}, layout{strides: make([]int, len(runs))}
		for i, r := range chosen {
			shape[i] = r.n
			d.offset += r.to * to[i]
			s.offset += r.from * from[i]
			s.strides[i] = r.step * from[i]
		}
		move(w, shape, dst, d, src, s)
	}
	box()
}
