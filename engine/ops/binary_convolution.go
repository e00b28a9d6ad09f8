package ops

import (
	"fmt"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

func init() { register("BinaryConvolution", newBinaryConvolution) }

// binaryConvolution is BinaryConvolution-1 in mode xnor-popcount: a convolution of 2-dimensional images [N, C, H, W] whose elements count as 1
// where they are positive, else as -1, with u1 weights [O, C, KH, KW] of which set bits count as 1 and others as -1. Padding counts as 1 for
// pad_value 1, as nothing for 0, else as -1. As the CPU plugin reads them, the first weight of a byte is its lowest bit, though u1 constants
// have the first in the highest.
type binaryConvolution struct {
	window
	padding float32
}

func newBinaryConvolution(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	d.Enum("mode", "xnor-popcount", "xnor-popcount")
	b := &binaryConvolution{window: readWindow(d)}
	switch d.Float("pad_value", 0) {
	case 1:
		b.padding = 1
	case 0:
	default:
		b.padding = -1
	}
	return b, d.Err()
}

func (b *binaryConvolution) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 2, 2); err != nil {
		return nil, err
	}
	if err := wantFloats(in, 0); err != nil {
		return nil, err
	}
	if in[0].Type == tensor.F64 || in[1].Type != tensor.U1 {
		return nil, fmt.Errorf("inputs are %s and %s, want f32 and u1", in[0].Type, in[1].Type)
	}
	if !shapesKnown(in) {
		return []Spec{{Type: in[0].Type}}, nil
	}
	s, err := b.shape(in[0].Shape, in[1].Shape)
	if err != nil {
		return nil, err
	}
	return []Spec{{in[0].Type, append([]int{in[0].Shape[0], s.OutChannels}, outDims(&s.Window, 2)...)}}, nil
}

// shape is the convolution over the padded image.
func (b *binaryConvolution) shape(data, weights []int) (s kernel.Convolution, err error) {
	if len(data) != 4 || len(weights) != 4 || data[1] != weights[1] {
		return s, fmt.Errorf("shapes %v and %v of input and weights do not fit", data, weights)
	}
	if weights[1]%8 != 0 {
		return s, fmt.Errorf("%d input channels: the CPU plugin reads the bits of its weights right for multiples of 8 alone", weights[1])
	}
	k, w, err := b.place(data[2:], weights[2:])
	if err == nil && min(slices.Min(w.begin), slices.Min(w.end)) < 0 {
		err = fmt.Errorf("pads %v and %v: want no negative ones", w.begin, w.end)
	}
	if err != nil {
		return s, err
	}
	for i := range w.begin {
		k.In[i+1] += w.begin[i] + w.end[i]
	}
	s = kernel.Convolution{Window: k, Groups: 1, InChannels: weights[1], OutChannels: weights[0]}
	s.Pad = [3]int{}
	return s, s.Check(data[0] * data[1])
}

// MACs counts every product of a weight and an element.
func (b *binaryConvolution) MACs(in []Arg, out []Spec) int64 {
	return macs(out[0].Shape, product(in[1].Shape[1:]))
}

// Scratch is that of the padded images.
func (b *binaryConvolution) Scratch(in []Arg, _ []Spec, _ int) int64 {
	s, err := b.shape(in[0].Shape, in[1].Shape)
	if err != nil {
		return 0
	}
	return Together(paddedBytes(in[0].Shape, s.In), paddedBytes(in[0].Shape, s.Padded()))
}

func (b *binaryConvolution) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	data := in[0].Shape
	s, err := b.shape(data, in[1].Shape)
	if err != nil || out[0].Len() == 0 {
		return err
	}
	_, pads, err := b.place(data[2:], in[1].Shape[2:])
	if err != nil {
		return err
	}
	x, height, width := in[0].F32s(), s.In[1], s.In[2]
	signs := make([]float32, data[0]*data[1]*height*width)
	for i := range signs {
		signs[i] = b.padding
	}
	for r := range data[0] * data[1] * data[2] { // rows of the input
		row := signs[(r/data[2]*height+r%data[2]+pads.begin[0])*width+pads.begin[1]:]
		for i, v := range x[r*data[3]:][:data[3]] {
			row[i] = sign(v > 0)
		}
	}
	bits := tensor.Data[uint8](in[1].Tensor)
	weights := make([]float32, len(bits))
	for i := range weights {
		weights[i] = sign(bits[i^7] != 0)
	}
	w.Convolve(out[0].F32s(), signs, &s, data[0], w.PackFilter(&s, weights, tensor.F32), tensor.F32, kernel.Epilogue{})
	w.Round(out[0].F32s(), out[0].F32s(), typeGrid(out[0].Type))
	return nil
}

func sign(positive bool) float32 {
	if positive {
		return 1
	}
	return -1
}
