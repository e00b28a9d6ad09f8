package ops

import (
	"fmt"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// OneHot (opset1, opset16): a new axis that holds on_value where an index says and off_value elsewhere. An index outside the depth is nowhere,
// unless opset16's negative_indices_mode "normalize" counts negative ones from the end.
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/sequence/one-hot-1.html
func init() {
	register("OneHot", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		d.Required("axis")
		mode := d.Enum("negative_indices_mode", "ignore_negative", "ignore_negative", "normalize")
		return oneHot{axis: d.Int("axis", 0), fromEnd: mode == "normalize"}, d.Err()
	})
}

type oneHot struct {
	axis    int
	fromEnd bool
}

func (o oneHot) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 4, 4); err != nil {
		return nil, err
	}
	if err := wantIntegers(in, 0); err != nil {
		return nil, err
	}
	if err := wantOneType(in, 2, 3); err != nil {
		return nil, err
	}
	for i, name := range []string{"on_value", "off_value"} {
		if err := wantOneElement(in, 2+i, name); err != nil {
			return nil, err
		}
	}
	spec := Spec{Type: in[2].Type}
	depth, ok, err := scalar(in, 1, "depth")
	if err != nil || !ok || in[0].Shape == nil {
		return []Spec{spec}, err
	}
	axis, err := normalizeAxis(o.axis, len(in[0].Shape)+1)
	if err != nil {
		return nil, err
	}
	if depth < 0 {
		return nil, fmt.Errorf("depth is %d, want a size", depth)
	}
	spec.Shape = slices.Insert(slices.Clone(in[0].Shape), axis, depth)
	_, err = tensor.Elements(spec.Shape)
	return []Spec{spec}, err
}

func (o oneHot) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	axis, err := normalizeAxis(o.axis, len(out[0].Shape))
	if err != nil || out[0].Len() == 0 {
		return err
	}
	fill(w, out[0], in[3].Tensor)
	depth, inner := out[0].Shape[axis], product(out[0].Shape[axis+1:])
	var at []int
	for i, v := range intValues(in[0].Tensor) {
		if v < 0 && o.fromEnd {
			v += depth
		}
		if v >= 0 && v < depth {
			at = append(at, i/inner*depth*inner+v*inner+i%inner)
		}
	}
	byWidth(out[0], setElements[uint8], setElements[uint16], setElements[uint32], setElements[uint64])(out[0], at, in[2].Tensor)
	return nil
}

// setElements stores the only element of value at the given positions.
func setElements[E word](t *tensor.Tensor, at []int, value *tensor.Tensor) {
	d, v := tensor.Bits[E](t), tensor.Bits[E](value)[0]
	for _, i := range at {
		d[i] = v
	}
}
