package ops

import (
	"fmt"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// Roll (opset7): elements that leave an axis at its end come in at its start.
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/movement/roll-7.html
func init() {
	register("Roll", func(*graph.Node) (Op, error) { return roll{}, nil })
}

type roll struct{}

func (r roll) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 3, 3); err != nil {
		return nil, err
	}
	_, err := r.shifts(in)
	return []Spec{{in[0].Type, in[0].Shape}}, err
}

// shifts are the places that every axis moves, from 0 to its size; nil while they are not known.
func (roll) shifts(in []Arg) ([]int, error) {
	given, err := vector(in, 1, "shift")
	if err != nil {
		return nil, err
	}
	axes, err := vector(in, 2, "axes")
	if err != nil || given == nil || axes == nil || in[0].Shape == nil {
		return nil, err
	}
	if len(given) != len(axes) && len(given) != 1 {
		return nil, fmt.Errorf("shift %v and axes %v differ in length", given, axes)
	}
	shifts := make([]int, len(in[0].Shape))
	for i, a := range axes {
		if a, err = normalizeAxis(a, len(shifts)); err != nil {
			return nil, err
		}
		n := given[min(i, len(given)-1)]
		if size := in[0].Shape[a]; size > 0 { // shifts of the same axis add up
			shifts[a] = (shifts[a] + n%size + size) % size
		}
	}
	return shifts, nil
}

func (r roll) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	if out[0].Len() == 0 {
		return nil
	}
	shifts, err := r.shifts(argsOf(in))
	if err != nil {
		return err
	}
	runs := make([][]run, len(shifts))
	for i, size := range in[0].Shape {
		runs[i] = whole(size)
		if n := shifts[i]; n > 0 {
			runs[i] = []run{{0, n, size - n, 1}, {n, size - n, 0, 1}}
		}
	}
	moveBoxes(w, out[0], in[0].Tensor, runs)
	return nil
}
