package ops

import (
	"fmt"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// pool is what MaxPool and AvgPool share: a window of a fixed size over the spatial dimensions of each channel, and how the number of
// outputs is rounded.
type pool struct {
	window
	size     []int
	rounding string // floor, ceil or ceil_torch
}

func readPool(d *graph.Decoder) pool {
	d.Required("kernel", "strides")
	return pool{window: readWindow(d), size: d.Ints("kernel"), rounding: d.Enum("rounding_type", "floor", "floor", "ceil", "ceil_torch")}
}

// shape returns the window over the spatial dimensions of data, whether it has padding, and the output's shape. With ceil_torch the last
// window must start in the input or the padding in front of it.
func (p *pool) shape(data []int) (k kernel.Window, padded bool, out []int, err error) {
	if len(data) < 3 || len(p.size) != len(data)-2 {
		return k, false, nil, fmt.Errorf("input has shape %v, want %d spatial dimensions after batch and channels", data, len(p.size))
	}
	if slices.Min(data[2:]) < 1 {
		return k, false, nil, fmt.Errorf("input of shape %v has no elements", data)
	}
	k, w, err := p.place(data[2:], p.size)
	if err != nil {
		return k, false, nil, err
	}
	for i := range p.size {
		d := 3 - len(p.size) + i
		padded = padded || w.begin[i] != 0 || w.end[i] != 0
		if same := w.auto == "same_upper" || w.auto == "same_lower"; p.rounding == "floor" || same && p.rounding == "ceil_torch" {
			continue
		}
		span := k.In[d] + w.begin[i] + w.end[i] - w.extent(i, k.Kernel[d])
		k.Out[d] = (span+k.Stride[d]-1)/k.Stride[d] + 1
		if p.rounding == "ceil_torch" && (k.Out[d]-1)*k.Stride[d] >= k.In[d]+k.Pad[d] {
			k.Out[d]--
		}
	}
	return k, padded, append(slices.Clone(data[:2]), outDims(&k, len(p.size))...), nil
}

// MACs counts every element of every window.
func (p *pool) MACs(_ []Arg, out []Spec) int64 { return macs(out[0].Shape, product(p.size)) }

// A reach is what of a window lies inside the input: positions [from, to) along each dimension, step apart.
type reach struct{ from, to, step [3]int }

// clip returns the part inside the input of the window of output position o.
func clip(k *kernel.Window, o [3]int) reach {
	s := reach{step: k.Dilation}
	for d := range o {
		s.from[d] = o[d]*k.Stride[d] - k.Pad[d]
		s.to[d] = min(s.from[d]+(k.Kernel[d]-1)*k.Dilation[d]+1, k.In[d])
		if s.from[d] < 0 {
			s.from[d] += (-s.from[d] + k.Dilation[d] - 1) / k.Dilation[d] * k.Dilation[d]
		}
	}
	return s
}

// count is the number of elements; of a window past the end it is zero or, where it begins later than there, negative. OpenVINO's average of
// that is 0 over it: NaN or 0.
func (s *reach) count() int {
	n := 1
	for d := range s.from {
		n *= (s.to[d] - s.from[d] + s.step[d] - 1) / s.step[d]
	}
	return n
}

// eachWindow calls f for every output position of the planes [lo, hi), with its index and what of the window lies inside the input.
func eachWindow(k *kernel.Window, lo, hi int, f func(plane, out int, o [3]int, s reach)) {
	i := lo * k.Out[0] * k.Out[1] * k.Out[2]
	for plane := lo; plane < hi; plane++ {
		for z := range k.Out[0] {
			for y := range k.Out[1] {
				for x := range k.Out[2] {
					o := [3]int{z, y, x}
					f(plane, i, o, clip(k, o))
					i++
				}
			}
		}
	}
}

// planeGrain is the number of planes that are worth a thread.
func planeGrain(k *kernel.Window) int {
	return 1 + 1<<14/max(k.Out[0]*k.Out[1]*k.Out[2]*k.Kernel[0]*k.Kernel[1]*k.Kernel[2], 1)
}

// element is a Go type that elements are compared in.
type element interface{ number | float32 }

// wantNumbers checks that input 0 is of a number type.
func wantNumbers(in []Arg) error {
	if in[0].Type == tensor.Bool {
		return fmt.Errorf("input 0 is %s, want numbers", in[0].Type)
	}
	return nil
}
