package ops

import (
	"fmt"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

func init() {
	register("ConvolutionBackpropData", newDeconvolution(false))
	register("GroupConvolutionBackpropData", newDeconvolution(true))
}

// deconvolution is ConvolutionBackpropData-1 and GroupConvolutionBackpropData-1: input [N, C, spatial...], weights [I, O, kernel...] or
// [G, I, O, kernel...], and optionally the spatial output shape.
type deconvolution struct {
	window
	outputPadding []int
	grouped       bool
	packed[kernel.PhaseFilter]
}

func newDeconvolution(grouped bool) constructor {
	return func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		c := &deconvolution{window: readWindow(d), outputPadding: d.Ints("output_padding"), grouped: grouped}
		return c, d.Err()
	}
}

// RoundsOperands makes it a Rounder.
func (c *deconvolution) RoundsOperands() {}

func (c *deconvolution) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 2, 3); err != nil {
		return nil, err
	}
	if err := wantFloats(in, 0, 1); err != nil {
		return nil, err
	}
	if in[0].Type == tensor.F64 {
		return nil, fmt.Errorf("elements of f64 are not supported")
	}
	if !shapesKnown(in) || len(in) > 2 && in[2].Value == nil {
		return []Spec{{Type: in[0].Type}}, nil
	}
	var asked []int
	if len(in) > 2 {
		asked = intValues(in[2].Value)
	}
	s, err := c.shape(in[0].Shape, in[1].Shape, asked)
	if err != nil {
		return nil, err
	}
	out := append([]int{in[0].Shape[0], s.Groups * s.OutChannels}, outDims(&s.Window, len(in[0].Shape)-2)...)
	if _, err := tensor.Elements(out); err != nil {
		return nil, err
	}
	return []Spec{{in[0].Type, out}}, s.Check(in[0].Shape[0] * in[0].Shape[1])
}

// shape checks that data and weights of these shapes and the asked spatial output shape, if not nil, fit.
func (c *deconvolution) shape(data, weights, asked []int) (s kernel.Deconvolution, err error) {
	groups, filter, err := splitGroups(data, weights, c.grouped)
	if err != nil {
		return s, err
	}
	s.Groups, s.InChannels, s.OutChannels = groups, filter[0], filter[1]
	if data[1] != groups*s.InChannels {
		return s, fmt.Errorf("input of shape %v has %d channels, weights of shape %v want %d", data, data[1], weights, groups*s.InChannels)
	}
	s.Window, err = c.place(data[2:], filter[2:], asked)
	return s, err
}

// place is the window of a transposed convolution: its outputs follow from the input, or its pads from the asked output.
func (c *deconvolution) place(in, size, asked []int) (kernel.Window, error) {
	w, err := c.window.check(len(in))
	if err != nil {
		return kernel.Window{}, err
	}
	extra := c.outputPadding
	if extra == nil {
		extra = repeat(0, len(in))
	}
	if len(extra) != len(in) || asked != nil && len(asked) != len(in) {
		return kernel.Window{}, fmt.Errorf("output_padding %v or output shape %v: want a number for each of %d dimensions", extra, asked, len(in))
	}
	out := make([]int, len(in))
	for i := range in {
		if size[i] < 1 || size[i] > maxStep || extra[i] < 0 || extra[i] > maxStep || in[i] < 1 {
			return kernel.Window{}, fmt.Errorf("input %v, kernel %v and output padding %v: want positive sizes up to %d", in, size, extra, maxStep)
		}
		full := (in[i]-1)*w.strides[i] + w.extent(i, size[i]) + extra[i]
		if asked != nil {
			out[i] = asked[i]
			if w.auto == "same_upper" || w.auto == "same_lower" {
				w.same(i, full-asked[i], w.auto == "same_lower")
			}
		} else {
			out[i] = full - w.begin[i] - w.end[i]
		}
		if out[i] < 1 {
			return kernel.Window{}, fmt.Errorf("output dimension %d would be %d", i, out[i])
		}
	}
	return w.kernel(in, out, size), nil
}

// MACs counts every product of a weight and an input element.
func (c *deconvolution) MACs(in []Arg, _ []Spec) int64 {
	return macs(in[0].Shape, 1) * macs(in[1].Shape, 1) / int64(max(in[0].Shape[1], 1))
}

// Scratch is that of the padded images.
func (c *deconvolution) Scratch(in []Arg, out []Spec, _ int) int64 {
	if out[0].Shape == nil {
		return 0
	}
	var asked []int
	if len(in) > 2 {
		asked = out[0].Shape[2:]
	}
	s, err := c.shape(in[0].Shape, in[1].Shape, asked)
	if err != nil {
		return 0
	}
	return paddedBytes(in[0].Shape, s.Padded())
}

func (c *deconvolution) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	if out[0].Len() == 0 {
		return nil
	}
	s, err := c.shape(in[0].Shape, in[1].Shape, out[0].Shape[2:])
	if err != nil {
		return err
	}
	if len(in) == 2 {
		if s, err = c.shape(in[0].Shape, in[1].Shape, nil); err != nil {
			return err
		}
	}
	filter := c.get(in[1], func() kernel.PhaseFilter { return w.PackDeconvolution(&s, in[1].F32s(), in[1].Round) })
	w.Deconvolve(out[0].F32s(), in[0].F32s(), &s, in[0].Shape[0], filter, in[0].Round, kernel.Epilogue{Round: typeGrid(out[0].Type)})
	return nil
}
