package ops

import (
	"fmt"
	"slices"

	"halfway/engine/graph"
)

// Broadcast (opset1, opset3).
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/movement/broadcast-3.html
func init() {
	register("Broadcast", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		mode := d.Enum("mode", "numpy", "numpy", "explicit", "bidirectional", "none")
		if mode == "none" { // how opset1 spells it
			mode = "explicit"
		}
		return rearrangement(func(in []Arg) (*pattern, error) { return broadcastTo(in, mode) }), d.Err()
	})
}

func broadcastTo(in []Arg, mode string) (*pattern, error) {
	inputs := 2
	if mode == "explicit" {
		inputs = 3
	}
	if err := wantInputs(in, inputs, 3); err != nil {
		return nil, err
	}
	target, err := vector(in, 1, "target_shape")
	if err != nil || target == nil || in[0].Shape == nil {
		return nil, err
	}
	shape := in[0].Shape
	var axes []int // the output's axis of each input axis
	if mode == "explicit" {
		if axes, err = vector(in, 2, "axes_mapping"); err != nil || axes == nil {
			return nil, err
		}
		if len(axes) != len(shape) {
			return nil, fmt.Errorf("axes_mapping %v does not suit an input of shape %v", axes, shape)
		}
		if axes, err = distinctAxes(axes, len(target)); err != nil {
			return nil, err
		}
		if !slices.IsSorted(axes) {
			return nil, fmt.Errorf("axes_mapping %v is not ascending", axes)
		}
		return spreadAlong(shape, target, axes, mode)
	}
	if mode == "bidirectional" && len(target) < len(shape) {
		target = leadingOnes(target, len(shape))
	}
	if len(target) < len(shape) {
		return nil, fmt.Errorf("target_shape %v has a lower rank than the input %v", target, shape)
	}
	for i := range shape {
		axes = append(axes, len(target)-len(shape)+i)
	}
	return spreadAlong(shape, target, axes, mode)
}

// spreadAlong repeats an array along the axes of target that it lacks or has with size 1. Bidirectional: and target along those of shape.
func spreadAlong(shape, target, axes []int, mode string) (*pattern, error) {
	p := &pattern{shape: slices.Clone(target), from: layout{strides: make([]int, len(target))}}
	from := dense(shape)
	for i, a := range axes {
		switch {
		case shape[i] == target[a]:
			p.from.strides[a] = from.strides[i]
		case shape[i] == 1:
		case target[a] == 1 && mode == "bidirectional":
			p.shape[a], p.from.strides[a] = shape[i], from.strides[i]
		default:
			return nil, fmt.Errorf("input %v cannot be broadcast to %v (%s): dimension %d", shape, target, mode, a)
		}
	}
	return p, nil
}
