package ops

import (
	"fmt"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// GatherTree (opset1): the sequences of a beam search, read back from its last step.
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/movement/gather-tree-1.html
func init() {
	register("GatherTree", func(*graph.Node) (Op, error) { return gatherTree{}, nil })
}

type gatherTree struct{}

func (gatherTree) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 4, 4); err != nil {
		return nil, err
	}
	for i := range in {
		if err := wantOneType(in, 0, i); err != nil {
			return nil, err
		}
	}
	if !in[0].Type.IsInteger() && !in[0].Type.IsFloat() {
		return nil, fmt.Errorf("inputs are %s, want numbers", in[0].Type)
	}
	if err := wantRank(in, 0, 3); err != nil {
		return nil, err
	}
	if err := wantOneElement(in, 3, "end_token"); err != nil {
		return nil, err
	}
	if s := in[0].Shape; s != nil {
		if err := wantShape(in, 1, s...); err != nil {
			return nil, err
		}
		if err := wantShape(in, 2, s[1]); err != nil {
			return nil, err
		}
	}
	return []Spec{{in[0].Type, in[0].Shape}}, nil
}

func (gatherTree) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	end := in[3].Reshape(1)
	parents, lengths, last := intValues(in[1].Tensor), intValues(in[2].Tensor), intValues(end)[0]
	fill(w, out[0], end)
	steps := intValues(in[0].Tensor)
	maxTime, batches, beams := in[0].Shape[0], in[0].Shape[1], in[0].Shape[2]
	write := byWidth(out[0], copyPath[uint8], copyPath[uint16], copyPath[uint32], copyPath[uint64])
	for b := range batches {
		time := min(maxTime, lengths[b])
		if time <= 0 {
			continue
		}
		for beam := range beams {
			path := make([]int, time)
			at := beam
			for t := time - 1; t >= 0; t-- {
				path[t] = (t*batches+b)*beams + at
				parent := parents[path[t]]
				if t > 0 && (parent < 0 || parent >= beams) {
					return fmt.Errorf("parent of step %d, batch %d, beam %d is %d, want less than %d", t, b, at, parent, beams)
				}
				at = parent
			}
			if i := slices.IndexFunc(path, func(p int) bool { return steps[p] == last }); i >= 0 {
				path = path[:i+1]
			}
			write(out[0], in[0].Tensor, path, b*beams+beam)
		}
	}
	return nil
}

// copyPath writes the elements of src at path to a column of dst.
func copyPath[E word](dst, src *tensor.Tensor, path []int, column int) {
	d, s := tensor.Bits[E](dst), tensor.Bits[E](src)
	stride := dst.Shape[1] * dst.Shape[2]
	for t, p := range path {
		d[t*stride+column] = s[p]
	}
}
