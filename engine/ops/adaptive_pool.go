package ops

import (
	"fmt"
	"math"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

func init() {
	register("AdaptiveAvgPool", newAdaptivePool)
	register("AdaptiveMaxPool", newAdaptivePool)
}

// adaptivePool is AdaptiveAvgPool-8 and AdaptiveMaxPool-8: output position o of n along a dimension of d elements covers
// [floor(o*d/n), ceil((o+1)*d/n)). Input 1 gives the spatial output shape. AdaptiveMaxPool's second output is the position of each maximum
// among the spatial elements; the first of equal ones wins.
type adaptivePool struct {
	indices tensor.DType // Invalid: AdaptiveAvgPool
}

func newAdaptivePool(n *graph.Node) (Op, error) {
	p := &adaptivePool{}
	d := n.Attrs.Decode()
	if n.Op == "AdaptiveMaxPool" {
		p.indices = d.DType("index_element_type", tensor.I64)
		if p.indices != tensor.I64 && p.indices != tensor.I32 {
			return nil, fmt.Errorf("attribute index_element_type=%s: want i32 or i64", p.indices)
		}
	}
	return p, d.Err()
}

func (p *adaptivePool) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 2, 2); err != nil {
		return nil, err
	}
	if err := wantIntegers(in, 1); err != nil {
		return nil, err
	}
	if err := wantFloats(in, 0); err != nil {
		return nil, err
	}
	specs := []Spec{{Type: in[0].Type}}
	if shapesKnown(in) && in[1].Value != nil {
		data, asked := in[0].Shape, intValues(in[1].Value)
		if len(data) < 3 || len(data) > 5 || len(asked) != len(data)-2 || slices.Min(asked) < 1 || slices.Min(data[2:]) < 1 {
			return nil, fmt.Errorf("input of shape %v to spatial shape %v: want 1 to 3 positive dimensions of each", data, asked)
		}
		specs[0].Shape = append(slices.Clone(data[:2]), asked...)
		if _, err := tensor.Elements(specs[0].Shape); err != nil {
			return nil, err
		}
	}
	if p.indices != tensor.Invalid {
		specs = append(specs, Spec{p.indices, specs[0].Shape})
	}
	return specs, nil
}

// MACs counts every element once a window, about once altogether.
func (p *adaptivePool) MACs(in []Arg, out []Spec) int64 {
	return max(macs(in[0].Shape, 1), macs(out[0].Shape, 1))
}

func (p *adaptivePool) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	k := window{}.kernelOf(in[0].Shape[2:], out[0].Shape[2:])
	planes := in[0].Shape[0] * in[0].Shape[1]
	if p.indices != tensor.Invalid {
		put := (&maxPool{axis: 2}).putter(in[0].Shape, out[1])
		if x, ok := in[0].Any().([]float64); ok {
			adaptiveMax(w, k, planes, tensor.Data[float64](out[0]), x, put)
		} else {
			adaptiveMax(w, k, planes, out[0].F32s(), in[0].F32s(), put)
		}
		return nil
	}
	if x, ok := in[0].Any().([]float64); ok {
		adaptiveAvg(w, k, planes, tensor.Data[float64](out[0]), x)
		return nil
	}
	adaptiveAvg(w, k, planes, out[0].F32s(), in[0].F32s())
	w.Round(out[0].F32s(), out[0].F32s(), typeGrid(out[0].Type))
	return nil
}

// kernelOf is a window of which only the input and output dimensions are used.
func (w window) kernelOf(in, out []int) kernel.Window {
	one := repeat(1, len(in))
	w.strides, w.dilations, w.begin = one, one, one
	return w.kernel(in, out, one)
}

// adaptiveReach is the part of the input that output position o covers.
func adaptiveReach(k *kernel.Window, o [3]int) reach {
	s := reach{step: [3]int{1, 1, 1}}
	for d := range o {
		s.from[d] = o[d] * k.In[d] / k.Out[d]
		s.to[d] = ((o[d]+1)*k.In[d] + k.Out[d] - 1) / k.Out[d]
	}
	return s
}

// eachElement calls f for the position of each element of s in an input of k's size, row by row.
func (s *reach) eachElement(k *kernel.Window, f func(at int)) {
	for z := s.from[0]; z < s.to[0]; z += s.step[0] {
		for y := s.from[1]; y < s.to[1]; y += s.step[1] {
			row := (z*k.In[1] + y) * k.In[2]
			for x := s.from[2]; x < s.to[2]; x += s.step[2] {
				f(row + x)
			}
		}
	}
}

func adaptiveAvg[E real](w *kernel.Workers, k kernel.Window, planes int, out, in []E) {
	size := k.In[0] * k.In[1] * k.In[2]
	w.For(planes, planeGrain(&k), func(lo, hi int) {
		eachWindow(&k, lo, hi, func(plane, i int, o [3]int, _ reach) {
			var sum E
			n := 0
			s := adaptiveReach(&k, o)
			s.eachElement(&k, func(at int) {
				sum += in[plane*size+at]
				n++
			})
			out[i] = sum / E(n)
		})
	})
}

func adaptiveMax[E real](w *kernel.Workers, k kernel.Window, planes int, out, in []E, put func(i, at int)) {
	size := k.In[0] * k.In[1] * k.In[2]
	w.For(planes, planeGrain(&k), func(lo, hi int) {
		eachWindow(&k, lo, hi, func(plane, i int, o [3]int, _ reach) {
			best, first := E(math.Inf(-1)), -1
			s := adaptiveReach(&k, o)
			s.eachElement(&k, func(at int) {
				if v := in[plane*size+at]; v > best || first < 0 {
					best, first = v, at
				}
			})
			out[i] = best
			put(i, plane*size+first)
		})
	})
}
