package ops

import (
	"fmt"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

func init() {
	register("Convolution", newConvolution(false))
	register("GroupConvolution", newConvolution(true))
}

// convolution is Convolution-1 and GroupConvolution-1: input [N, C, spatial...], weights [O, I, kernel...] or [G, O, I, kernel...], and, as the
// plugin fuses it, an optional bias of one element per output channel. f64 is computed in f64.
type convolution struct {
	window
	grouped bool
	packed[*kernel.Filter]
}

func newConvolution(grouped bool) constructor {
	return func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		c := &convolution{window: readWindow(d), grouped: grouped}
		return c, d.Err()
	}
}

// RoundsOperands makes it a Rounder.
func (c *convolution) RoundsOperands() {}

func (c *convolution) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 2, 3); err != nil {
		return nil, err
	}
	if err := wantFloats(in, 0, 1); err != nil {
		return nil, err
	}
	if !shapesKnown(in) {
		return []Spec{{Type: in[0].Type}}, nil
	}
	s, err := c.shape(in[0].Shape, in[1].Shape)
	if err != nil {
		return nil, err
	}
	if err := wantBias(in, s.Groups*s.OutChannels); err != nil {
		return nil, err
	}
	return []Spec{{in[0].Type, append([]int{in[0].Shape[0], s.Groups * s.OutChannels}, outDims(&s.Window, len(in[0].Shape)-2)...)}}, nil
}

// wantBias checks that input 2, if there is one, has an element per channel.
func wantBias(in []Arg, channels int) error {
	if len(in) < 3 {
		return nil
	}
	if err := wantAlike(in, 2); err != nil {
		return err
	}
	if n, err := tensor.Elements(in[2].Shape); err != nil || n != channels && n != 1 {
		return fmt.Errorf("bias is %s%v, want %d floats", in[2].Type, in[2].Shape, channels)
	}
	return nil
}

// shape checks that data and weights of these shapes fit.
func (c *convolution) shape(data, weights []int) (s kernel.Convolution, err error) {
	groups, filter, err := splitGroups(data, weights, c.grouped)
	if err != nil {
		return s, err
	}
	s.Groups, s.OutChannels, s.InChannels = groups, filter[0], filter[1]
	if data[1] != groups*s.InChannels {
		return s, fmt.Errorf("input of shape %v has %d channels, weights of shape %v want %d", data, data[1], weights, groups*s.InChannels)
	}
	if s.Window, _, err = c.place(data[2:], filter[2:]); err != nil {
		return s, err
	}
	return s, s.Check(data[0] * data[1])
}

// splitGroups returns the number of groups and the dimensions of one group's weights, whose rank must be that of data.
func splitGroups(data, weights []int, grouped bool) (groups int, filter []int, err error) {
	groups, filter = 1, weights
	if grouped && len(weights) > 0 {
		groups, filter = weights[0], weights[1:]
	}
	if len(data) < 3 || len(filter) != len(data) {
		return 0, nil, fmt.Errorf("ranks of the input's shape %v and the weights' %v do not fit", data, weights)
	}
	if groups < 1 {
		return 0, nil, fmt.Errorf("weights of shape %v have no group", weights)
	}
	return groups, filter, nil
}

// MACs counts every product of a weight and an element, those with padding too.
func (c *convolution) MACs(in []Arg, out []Spec) int64 {
	s, err := c.shape(in[0].Shape, in[1].Shape)
	if err != nil {
		return 0
	}
	return macs(out[0].Shape, s.Depth())
}

// Scratch is that of the padded images.
func (c *convolution) Scratch(in []Arg, _ []Spec, _ int) int64 {
	s, err := c.shape(in[0].Shape, in[1].Shape)
	if err != nil || in[0].Type == tensor.F64 {
		return 0
	}
	return paddedBytes(in[0].Shape, s.Padded())
}

// paddedBytes is what all images of data take once they are padded to the given size.
func paddedBytes(data []int, size [3]int) int64 {
	return MemoryOf(4, data[0], data[1], size[0], size[1], size[2])
}

func (c *convolution) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	return c.EvalThen(w, in, out, nil)
}

// EvalThen makes it a Leader.
func (c *convolution) EvalThen(w *kernel.Workers, in []Operand, out []*tensor.Tensor, then func(x []float32, at int)) error {
	s, err := c.shape(in[0].Shape, in[1].Shape)
	if err != nil || out[0].Len() == 0 {
		return err
	}
	if in[0].Type == tensor.F64 {
		convolve64(w, &s, in, out[0])
		return nil
	}
	filter := c.get(in[1], func() *kernel.Filter { return w.PackFilter(&s, in[1].F32s(), in[1].Round) })
	e := epilogue(in, out[0])
	e.Then = then
	w.Convolve(out[0].F32s(), in[0].F32s(), &s, in[0].Shape[0], filter, in[0].reading(), e)
	return nil
}

// epilogue adds the bias, if there is one, and keeps the grid of the output's type.
func epilogue(in []Operand, out *tensor.Tensor) kernel.Epilogue {
	e := kernel.Epilogue{Round: typeGrid(out.Type)}
	if len(in) > 2 {
		e.RowBias = channelBias(in[2], out.Shape[1])
	}
	return e
}

// convolve64 is a convolution in f64, one output element after the other.
func convolve64(w *kernel.Workers, s *kernel.Convolution, in []Operand, out *tensor.Tensor) {
	x, weights, y := tensor.Data[float64](in[0].Tensor), tensor.Data[float64](in[1].Tensor), tensor.Data[float64](out)
	area, image := s.Out[0]*s.Out[1]*s.Out[2], s.In[0]*s.In[1]*s.In[2]
	size := s.Depth() / max(s.InChannels, 1)
	w.For(len(y), 1+1<<14/max(s.Depth(), 1), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			channel := i / area // of all images
			group := channel / s.OutChannels
			filter := weights[channel%(s.Groups*s.OutChannels)*s.Depth():][:s.Depth()]
			sum := 0.0
			s.Visit(i%area, func(k, at int) {
				for c := range s.InChannels {
					sum += x[(group*s.InChannels+c)*image+at] * filter[c*size+k]
				}
			})
			if len(in) > 2 {
				bias := tensor.Data[float64](in[2].Tensor)
				sum += bias[channel%(s.Groups*s.OutChannels)%len(bias)]
			}
			y[i] = sum
		}
	})
}
