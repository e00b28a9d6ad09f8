package ops

import (
	"fmt"
	"math"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

func init() { register("DeformableConvolution", newDeformable) }

// deformable is DeformableConvolution-1 and -8: a convolution of 2-dimensional images [N, C, H, W] whose kernel positions are moved by input 1
// [N, deformable_group*2*KH*KW, OH, OW] (y, then x), read by bilinear interpolation and multiplied by input 3
// [N, deformable_group*KH*KW, OH, OW], if there is one. Input 2 is the weights [O, C/group, KH, KW].
type deformable struct {
	window
	group, deformableGroup int
	pad                    bool // interpolate with zeros around the image, else positions outside it read 0
}

func newDeformable(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	f := &deformable{window: readWindow(d), group: d.Int("group", 1), deformableGroup: d.Int("deformable_group", 1),
		pad: d.Bool("bilinear_interpolation_pad", false)}
	if d.Err() == nil && (f.group < 1 || f.deformableGroup < 1) {
		return nil, fmt.Errorf("attributes group=%d and deformable_group=%d: want positive numbers", f.group, f.deformableGroup)
	}
	return f, d.Err()
}

func (f *deformable) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 3, 4); err != nil {
		return nil, err
	}
	if err := wantFloats(in, []int{0, 1, 2, 3}[:len(in)]...); err != nil {
		return nil, err
	}
	if in[0].Type == tensor.F64 {
		return nil, fmt.Errorf("elements of f64 are not supported")
	}
	if !shapesKnown(in) {
		return []Spec{{Type: in[0].Type}}, nil
	}
	s, err := f.shape(in[0].Shape, in[2].Shape)
	if err != nil {
		return nil, err
	}
	n, positions := in[0].Shape[0], f.deformableGroup*s.Kernel[1]*s.Kernel[2]
	if err := wantShape(in, 1, n, 2*positions, s.Out[1], s.Out[2]); err != nil {
		return nil, err
	}
	if len(in) > 3 {
		if err := wantShape(in, 3, n, positions, s.Out[1], s.Out[2]); err != nil {
			return nil, err
		}
	}
	return []Spec{{in[0].Type, []int{n, s.Groups * s.OutChannels, s.Out[1], s.Out[2]}}}, nil
}

// shape checks that data and weights of these shapes fit.
func (f *deformable) shape(data, weights []int) (s kernel.Convolution, err error) {
	if len(data) != 4 || len(weights) != 4 {
		return s, fmt.Errorf("input and weights have shapes %v and %v, want 4 dimensions each", data, weights)
	}
	s.Groups, s.InChannels, s.OutChannels = f.group, weights[1], weights[0]/f.group
	if data[1] != f.group*weights[1] || weights[0]%f.group != 0 || data[1]%f.deformableGroup != 0 {
		return s, fmt.Errorf("shapes %v and %v do not fit %d groups and %d deformable groups", data, weights, f.group, f.deformableGroup)
	}
	if s.Window, _, err = f.place(data[2:], weights[2:]); err != nil {
		return s, err
	}
	columns := []int{data[1], weights[2], weights[3], s.Out[1], s.Out[2]}
	if n, err := tensor.Elements(columns); err != nil || n > kernel.MaxPadded {
		return s, fmt.Errorf("what all output positions read, %v elements, is more than the limit of %d", columns, kernel.MaxPadded)
	}
	return s, nil
}

// MACs counts every product of a weight and an element.
func (f *deformable) MACs(in []Arg, out []Spec) int64 {
	s, err := f.shape(in[0].Shape, in[2].Shape)
	if err != nil {
		return 0
	}
	return macs(out[0].Shape, s.Depth())
}

// Scratch is what all output positions of an image read.
func (f *deformable) Scratch(in []Arg, _ []Spec, _ int) int64 {
	s, err := f.shape(in[0].Shape, in[2].Shape)
	if err != nil {
		return 0
	}
	return 2 * MemoryOf(4, in[0].Shape[1], s.Kernel[1], s.Kernel[2], s.Out[1], s.Out[2]) // and packed
}

func (f *deformable) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	s, err := f.shape(in[0].Shape, in[2].Shape)
	if err != nil || out[0].Len() == 0 {
		return err
	}
	channels, area := s.Groups*s.InChannels, s.Out[1]*s.Out[2]
	weights := matrices(in[2].F32s(), s.OutChannels, s.Depth(), false)
	columns := make([]float32, channels*s.Kernel[1]*s.Kernel[2]*area)
	index := make([]int, s.Groups)
	for g := range index {
		index[g] = g
	}
	for n := range in[0].Shape[0] {
		f.sample(w, columns, &s, in, n)
		w.Multiply(kernel.Factors{Left: weights, Right: matrices(columns, s.Depth(), area, false), LeftOf: index, RightOf: index},
			out[0].F32s()[n*s.Groups*s.OutChannels*area:], kernel.Epilogue{Round: typeGrid(out[0].Type)})
	}
	return nil
}

// sample reads what image n contributes to every output position: columns [C, KH*KW, OH*OW].
func (f *deformable) sample(w *kernel.Workers, columns []float32, s *kernel.Convolution, in []Operand, n int) {
	channels, positions, area := s.Groups*s.InChannels, s.Kernel[1]*s.Kernel[2], s.Out[1]*s.Out[2]
	size := s.In[1] * s.In[2]
	offsets := in[1].F32s()[n*f.deformableGroup*2*positions*area:]
	var mask []float32
	if len(in) > 3 {
		mask = in[3].F32s()[n*f.deformableGroup*positions*area:]
	}
	w.For(channels*positions, 1+1<<12/area, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			c, k := i/positions, i%positions
			group := c / (channels / f.deformableGroup)
			move := offsets[(group*positions+k)*2*area:]
			image := in[0].F32s()[(n*channels+c)*size:][:size]
			for o := range area {
				y := float32(o/s.Out[2]*s.Stride[1]-s.Pad[1]+k/s.Kernel[2]*s.Dilation[1]) + move[o]
				x := float32(o%s.Out[2]*s.Stride[2]-s.Pad[2]+k%s.Kernel[2]*s.Dilation[2]) + move[area+o]
				v := f.at(image, s.In[1], s.In[2], y, x)
				if mask != nil {
					v *= mask[(group*positions+k)*area+o]
				}
				columns[i*area+o] = v
			}
		}
	})
}

// at interpolates the image at y, x.
func (f *deformable) at(image []float32, height, width int, y, x float32) float32 {
	least := float32(0)
	if f.pad {
		least = -1
	}
	if !(y > least-1 && x > least-1 && y < float32(height) && x < float32(width)) || !f.pad && (y < 0 || x < 0) {
		return 0
	}
	y0, x0 := int(math.Floor(float64(y))), int(math.Floor(float64(x)))
	dy, dx := y-float32(y0), x-float32(x0)
	pixel := func(y, x int) float32 {
		if f.pad && (y < 0 || x < 0 || y >= height || x >= width) {
			return 0
		}
		return image[min(y, height-1)*width+min(x, width-1)]
	}
	top := float32((1-dx)*pixel(y0, x0)) + float32(dx*pixel(y0, x0+1))
	bottom := float32((1-dx)*pixel(y0+1, x0)) + float32(dx*pixel(y0+1, x0+1))
	return float32((1-dy)*top) + float32(dy*bottom)
}
