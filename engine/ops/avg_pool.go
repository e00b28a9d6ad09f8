package ops

import (
	"fmt"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

func init() { register("AvgPool", newAvgPool) }

// avgPool is AvgPool-1, -14 and -16: sums are in the element type (f32 for the small floats), row by row. They are divided by the size of the
// kernel where padding counts, which is without exclude-pad and where there is any padding, else by the number of elements inside the input.
// So the CPU plugin does; the specification leaves it open for windows that leave the padded input.
type avgPool struct {
	pool
	excludePad bool
}

func newAvgPool(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	name := "exclude-pad"
	if !d.Has(name) {
		name = "exclude_pad"
	}
	d.Required(name)
	p := &avgPool{pool: readPool(d), excludePad: d.Bool(name, false)}
	return p, d.Err()
}

func (p *avgPool) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 1, 1); err != nil {
		return nil, err
	}
	if !in[0].Type.IsFloat() {
		return nil, fmt.Errorf("input 0 is %s, want floats", in[0].Type)
	}
	if !shapesKnown(in) {
		return []Spec{{Type: in[0].Type}}, nil
	}
	_, _, out, err := p.shape(in[0].Shape)
	return []Spec{{in[0].Type, out}}, err
}

func (p *avgPool) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	k, padded, _, err := p.shape(in[0].Shape)
	if err != nil {
		return err
	}
	e := avgPoolRun{w: w, k: k, planes: in[0].Shape[0] * in[0].Shape[1]}
	if !p.excludePad && padded {
		e.divisor = product(p.size)
	}
	if out[0].Type == tensor.F64 {
		avgPoolPlanes(e, tensor.Data[float64](out[0]), tensor.Data[float64](in[0].Tensor))
		return nil
	}
	avgPoolPlanes(e, out[0].F32s(), in[0].F32s())
	w.Round(out[0].F32s(), out[0].F32s(), typeGrid(out[0].Type))
	return nil
}

type avgPoolRun struct {
	w       *kernel.Workers
	k       kernel.Window
	planes  int
	divisor int // 0: the number of elements inside the input
}

func avgPoolPlanes[E real](e avgPoolRun, out, in []E) {
	size := e.k.In[0] * e.k.In[1] * e.k.In[2]
	e.w.For(e.planes, planeGrain(&e.k), func(lo, hi int) {
		eachWindow(&e.k, lo, hi, func(plane, i int, _ [3]int, s reach) {
			var sum E
			n := e.divisor
			if n == 0 {
				n = s.count()
			}
			image := in[plane*size:][:size]
			for z := s.from[0]; z < s.to[0]; z += s.step[0] {
				for y := s.from[1]; y < s.to[1]; y += s.step[1] {
					row := (z*e.k.In[1] + y) * e.k.In[2]
					for x := s.from[2]; x < s.to[2]; x += s.step[2] {
						sum += image[row+x]
					}
				}
			}
			out[i] = sum / E(n)
		})
	})
}
