package ops

import (
	"fmt"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

func init() {
	register("FullyConnectedQuantizedLegacy", func(*graph.Node) (Op, error) { return fullyConnectedQuantized{}, nil })
}

// fullyConnectedQuantized is the plugin's FullyConnected of 8-bit values: input 0 [..., K] times weights of N x K, summed in 32 bits, plus a
// bias (input 2), all times the scales of input 3, one or N. A bias or zero point (input 4) without elements is none; zero points are not
// supported, since the plugin's transformations do not make any.
type fullyConnectedQuantized struct{}

func (fullyConnectedQuantized) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 4, 5); err != nil {
		return nil, err
	}
	for i := range 2 {
		if t := in[i].Type; t != tensor.I8 && t != tensor.U8 {
			return nil, fmt.Errorf("input %d is %s, want i8 or u8", i, t)
		}
	}
	if in[3].Type != tensor.F32 {
		return nil, fmt.Errorf("input 3 is %s, want f32", in[3].Type)
	}
	if !shapesKnown(in) {
		return []Spec{{Type: tensor.F32}}, nil
	}
	x, w := in[0].Shape, in[1].Shape
	if len(x) < 1 || len(w) != 2 || x[len(x)-1] != w[1] {
		return nil, fmt.Errorf("shapes %v and %v do not fit: want [..., K] and [N, K]", x, w)
	}
	for i, most := range map[int]int{2: w[0], 3: w[0], 4: 0} {
		if i >= len(in) {
			continue
		}
		if n, err := tensor.Elements(in[i].Shape); err != nil || n != most && n != 1 && n != 0 || i == 4 && n != 0 || i == 3 && n == 0 {
			return nil, fmt.Errorf("input %d has shape %v, want one element or %d", i, in[i].Shape, most)
		}
	}
	return []Spec{{Type: tensor.F32, Shape: append(append([]int{}, x[:len(x)-1]...), w[0])}}, nil
}

func (fullyConnectedQuantized) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	x, weights := intValues(in[0].Tensor), intValues(in[1].Tensor)
	bias, scale := floatsOf(in[2].Tensor), floatsOf(in[3].Tensor)
	n, k := in[1].Shape[0], in[1].Shape[1]
	dst := out[0].F32s()
	for i := range dst {
		row, column := i/n*k, i%n*k
		sum := int32(0)
		for j := range k {
			sum += int32(x[row+j]) * int32(weights[column+j])
		}
		v := float32(sum)
		if len(bias) > 0 {
			v += bias[i%n%len(bias)]
		}
		dst[i] = v * scale[i%n%len(scale)]
	}
	return nil
}

// MACs is that of the product.
func (fullyConnectedQuantized) MACs(in []Arg, out []Spec) int64 {
	n, err := tensor.Elements(out[0].Shape)
	if err != nil {
		return 0
	}
	return int64(n) * int64(in[1].Shape[1])
}

// floatsOf returns the elements of a float tensor, none of one without.
func floatsOf(t *tensor.Tensor) []float32 {
	if t.Len() == 0 {
		return nil
	}
	return t.F32s()
}
