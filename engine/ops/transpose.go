package ops

import (
	"fmt"

	"halfway/engine/graph"
)

// Transpose (opset1).
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/movement/transpose-1.html
func init() {
	register("Transpose", func(*graph.Node) (Op, error) { return rearrangement(transpose), nil })
}

// transpose makes axis i of the output axis order[i] of the input; an empty order reverses the axes.
func transpose(in []Arg) (*pattern, error) {
	if err := wantInputs(in, 2, 2); err != nil {
		return nil, err
	}
	order, err := vector(in, 1, "order")
	if err != nil || order == nil || in[0].Shape == nil {
		return nil, err
	}
	shape := in[0].Shape
	if len(order) == 0 {
		for i := range shape {
			order = append(order, len(shape)-1-i)
		}
	}
	if len(order) != len(shape) {
		return nil, fmt.Errorf("order %v has %d axes, but input 0 has shape %v", order, len(order), shape)
	}
	if order, err = distinctAxes(order, len(shape)); err != nil {
		return nil, err
	}
	p := &pattern{shape: make([]int, len(shape)), from: layout{strides: make([]int, len(shape))}}
	from := dense(shape)
	for i, a := range order {
		p.shape[i], p.from.strides[i] = shape[a], from.strides[a]
	}
	return p, nil
}
