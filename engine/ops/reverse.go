package ops

import (
	"fmt"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// Reverse (opset1) and ReverseSequence (opset1).
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/movement/reverse-1.html
func init() {
	register("Reverse", newReverse)
	register("ReverseSequence", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		return reverseSequence{batch: d.Int("batch_axis", 0), seq: d.Int("seq_axis", 1)}, d.Err()
	})
}

func newReverse(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	d.Required("mode")
	if d.Enum("mode", "", "index", "mask") == "mask" {
		return rearrangement(reverseMasked), d.Err()
	}
	return rearrangement(reverseListed), d.Err()
}

// reverseListed reverses the axes that input 1 lists.
func reverseListed(in []Arg) (*pattern, error) {
	if err := wantInputs(in, 2, 2); err != nil {
		return nil, err
	}
	axes, err := vector(in, 1, "axes")
	if err != nil || axes == nil || in[0].Shape == nil {
		return nil, err
	}
	reversed := make([]bool, len(in[0].Shape))
	for _, a := range axes {
		if a < 0 || a >= len(reversed) {
			return nil, fmt.Errorf("axis %d is outside input 0 of shape %v", a, in[0].Shape)
		}
		reversed[a] = true
	}
	return reversePattern(in[0].Shape, reversed), nil
}

// reverseMasked reverses the axes for which input 1 holds true.
func reverseMasked(in []Arg) (*pattern, error) {
	if err := wantInputs(in, 2, 2); err != nil {
		return nil, err
	}
	if in[1].Type != tensor.Bool {
		return nil, fmt.Errorf("input 1 (mask) is %s, want boolean", in[1].Type)
	}
	if in[1].Value == nil || in[0].Shape == nil {
		return nil, nil
	}
	mask := tensor.Data[bool](in[1].Value)
	if len(mask) != len(in[0].Shape) {
		return nil, fmt.Errorf("mask %v does not suit input 0 of shape %v", mask, in[0].Shape)
	}
	return reversePattern(in[0].Shape, mask), nil
}

func reversePattern(shape []int, reversed []bool) *pattern {
	p := &pattern{shape: shape, from: dense(shape)}
	for i, r := range reversed {
		if r {
			p.from.offset += (shape[i] - 1) * p.from.strides[i]
			p.from.strides[i] *= -1
		}
	}
	return p
}

// reverseSequence reverses, in each slice of the batch axis, as many elements of the sequence axis as input 1 says for it.
type reverseSequence struct{ batch, seq int }

func (r reverseSequence) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 2, 2); err != nil {
		return nil, err
	}
	if err := wantRank(in, 1, 1); err != nil {
		return nil, err
	}
	if !in[1].Type.IsInteger() && !in[1].Type.IsFloat() {
		return nil, fmt.Errorf("input 1 (seq_lengths) is %s, want numbers", in[1].Type)
	}
	if in[0].Shape != nil {
		batch, _, err := r.axes(in[0].Shape)
		if err != nil {
			return nil, err
		}
		if s := in[1].Shape; s != nil && s[0] != in[0].Shape[batch] {
			return nil, fmt.Errorf("has %d seq_lengths for axis %d of %v", s[0], batch, in[0].Shape)
		}
	}
	return []Spec{{in[0].Type, in[0].Shape}}, nil
}

func (r reverseSequence) axes(shape []int) (batch, seq int, err error) {
	if batch, err = normalizeAxis(r.batch, len(shape)); err != nil {
		return 0, 0, fmt.Errorf("batch_axis: %w", err)
	}
	if seq, err = normalizeAxis(r.seq, len(shape)); err != nil {
		return 0, 0, fmt.Errorf("seq_axis: %w", err)
	}
	if batch == seq {
		err = fmt.Errorf("batch_axis and seq_axis are both %d", batch)
	}
	return batch, seq, err
}

func (r reverseSequence) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	shape := in[0].Shape
	batch, seq, err := r.axes(shape)
	if err != nil || out[0].Len() == 0 {
		return err
	}
	runs := make([][]run, len(shape))
	for i, size := range shape {
		runs[i] = whole(size)
	}
	for b, n := range intValues(in[1].Tensor) {
		if n < 0 || n > shape[seq] {
			return fmt.Errorf("length %d of sequence %d is outside axis %d of %v", n, b, seq, shape)
		}
		runs[batch] = []run{{b, 1, b, 1}}
		runs[seq] = nil
		if n > 0 {
			runs[seq] = append(runs[seq], run{0, n, n - 1, -1})
		}
		if n < shape[seq] {
			runs[seq] = append(runs[seq], run{n, shape[seq] - n, n, 1})
		}
		moveBoxes(w, out[0], in[0].Tensor, runs)
	}
	return nil
}
