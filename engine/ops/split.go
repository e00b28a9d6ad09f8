package ops

import (
	"fmt"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// Split and VariadicSplit (opset1).
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/movement/split-1.html
func init() {
	register("Split", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		d.Required("num_splits")
		s := split{outputs: d.Int("num_splits", 1), equal: true}
		if s.outputs != len(n.Out) && d.Err() == nil {
			return nil, fmt.Errorf("num_splits is %d, but the node has %d outputs", s.outputs, len(n.Out))
		}
		return s, d.Err()
	})
	register("VariadicSplit", func(n *graph.Node) (Op, error) { return split{outputs: len(n.Out)}, nil })
}

// A split cuts input 0 along the axis of input 1 into equal parts, or into parts of the lengths of input 2, one of which may be -1.
type split struct {
	outputs int
	equal   bool
}

func (s split) Infer(in []Arg) ([]Spec, error) {
	want := 3
	if s.equal {
		want = 2
	}
	if err := wantInputs(in, want, want); err != nil {
		return nil, err
	}
	specs := make([]Spec, s.outputs)
	for i := range specs {
		specs[i].Type = in[0].Type
	}
	axis, lengths, err := s.parts(in)
	if err != nil || lengths == nil {
		return specs, err
	}
	for i, n := range lengths {
		specs[i].Shape = slices.Clone(in[0].Shape)
		specs[i].Shape[axis] = n
	}
	return specs, nil
}

// parts returns the axis and the length of every part; nil lengths while they are not known.
func (s split) parts(in []Arg) (axis int, lengths []int, err error) {
	if in[0].Shape == nil {
		return 0, nil, nil
	}
	axis, ok, err := axisInput(in, 1, len(in[0].Shape))
	if err != nil || !ok {
		return 0, nil, err
	}
	size := in[0].Shape[axis]
	if s.equal {
		if s.outputs < 1 || size%s.outputs != 0 {
			return 0, nil, fmt.Errorf("dimension %d of %v cannot be split into %d equal parts", axis, in[0].Shape, s.outputs)
		}
		return axis, slices.Repeat([]int{size / s.outputs}, s.outputs), nil
	}
	given, err := vector(in, 2, "split_lengths")
	if err != nil || given == nil {
		return 0, nil, err
	}
	lengths, err = completeLengths(given, size)
	if err == nil && len(lengths) != s.outputs {
		err = fmt.Errorf("has %d split_lengths for %d outputs", len(lengths), s.outputs)
	}
	return axis, lengths, err
}

// completeLengths replaces a -1 by what the others leave of size.
func completeLengths(given []int, size int) ([]int, error) {
	lengths, rest, free := slices.Clone(given), size, -1
	for i, n := range given {
		switch {
		case n == -1 && free < 0:
			free = i
		case n < 0 || n > rest:
			return nil, fmt.Errorf("split_lengths %v do not fit dimension %d", given, size)
		default:
			rest -= n
		}
	}
	if free >= 0 {
		lengths[free], rest = rest, 0
	}
	if rest != 0 {
		return nil, fmt.Errorf("split_lengths %v do not add up to dimension %d", given, size)
	}
	return lengths, nil
}

func (s split) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	axis, lengths, err := s.parts(argsOf(in))
	if err != nil {
		return err
	}
	from := dense(in[0].Shape)
	for i, n := range lengths {
		move(w, out[i].Shape, out[i], dense(out[i].Shape), in[0].Tensor, from)
		from.offset += n * from.strides[axis]
	}
	return nil
}
