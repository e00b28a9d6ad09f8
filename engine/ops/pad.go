package ops

import (
	"fmt"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// Pad (opset1, opset12). Negative pads crop.
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/movement/pad-12.html
func init() {
	register("Pad", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		d.Required("pad_mode")
		return pad{d.Enum("pad_mode", "", "constant", "edge", "reflect", "symmetric")}, d.Err()
	})
}

type pad struct{ mode string }

func (p pad) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 3, 4); err != nil {
		return nil, err
	}
	if len(in) == 4 {
		if err := wantOneType(in, 0, 3); err != nil {
			return nil, err
		}
		if err := wantOneElement(in, 3, "pad_value"); err != nil {
			return nil, err
		}
	}
	begin, end, err := p.pads(in)
	if err != nil || begin == nil {
		return []Spec{{Type: in[0].Type}}, err
	}
	shape := make([]int, len(begin))
	for i, d := range in[0].Shape {
		if shape[i], err = p.padded(d, begin[i], end[i]); err != nil {
			return nil, fmt.Errorf("dimension %d of %v: %w", i, in[0].Shape, err)
		}
	}
	_, err = tensor.Elements(shape)
	return []Spec{{in[0].Type, shape}}, err
}

// pads are the elements to add before and after each axis, nil while they are not known.
func (p pad) pads(in []Arg) (begin, end []int, err error) {
	if begin, err = vector(in, 1, "pads_begin"); err != nil {
		return nil, nil, err
	}
	if end, err = vector(in, 2, "pads_end"); err != nil {
		return nil, nil, err
	}
	if begin == nil || end == nil || in[0].Shape == nil {
		return nil, nil, nil
	}
	if rank := len(in[0].Shape); len(begin) != rank || len(end) != rank {
		return nil, nil, fmt.Errorf("pads_begin %v and pads_end %v do not suit an input of shape %v", begin, end, in[0].Shape)
	}
	return begin, end, nil
}

// padded is the size of a padded dimension.
func (p pad) padded(size, begin, end int) (int, error) {
	limit := tensor.MaxElements
	switch p.mode {
	case "edge":
		if size == 0 {
			limit = 0
		}
	case "reflect":
		limit = max(size-1, 0)
	case "symmetric":
		limit = size
	}
	if begin > limit || end > limit {
		return 0, fmt.Errorf("%s pads of %d and %d, want at most %d", p.mode, begin, end, limit)
	}
	if begin < -size || end < -size || size+begin+end < 0 {
		return 0, fmt.Errorf("pads of %d and %d crop more than there is", begin, end)
	}
	return size + begin + end, nil
}

func (p pad) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	begin, end, err := p.pads(argsOf(in))
	if err != nil {
		return err
	}
	if p.mode == "constant" && slices.ContainsFunc(slices.Concat(begin, end), func(n int) bool { return n > 0 }) {
		value := tensor.New(out[0].Type)
		if len(in) == 4 {
			value = in[3].Tensor
		}
		fill(w, out[0], value)
	}
	runs := make([][]run, len(begin))
	for i, d := range in[0].Shape {
		runs[i] = p.runs(d, begin[i], end[i])
	}
	moveBoxes(w, out[0], in[0].Tensor, runs)
	return nil
}

// runs are the parts of a padded axis in which the input's index rises or falls evenly; none is empty.
func (p pad) runs(size, begin, end int) []run {
	n := size + begin + end
	var list []run
	switch p.mode {
	case "constant":
		list = []run{{begin, size, 0, 1}}
	case "edge":
		list = []run{{0, begin, 0, 0}, {begin, size, 0, 1}, {begin + size, end, size - 1, 0}}
	case "reflect":
		list = []run{{0, begin, begin, -1}, {begin, size, 0, 1}, {begin + size, end, size - 2, -1}}
	case "symmetric":
		list = []run{{0, begin, begin - 1, -1}, {begin, size, 0, 1}, {begin + size, end, size - 1, -1}}
	}
	kept := list[:0]
	for _, r := range list {
		if r.to < 0 { // cropped
			r.from, r.n, r.to = r.from-r.to*r.step, r.n+r.to, 0
		}
		if r.n = min(r.n, n-r.to); r.n > 0 {
			kept = append(kept, r)
		}
	}
	return kept
}
