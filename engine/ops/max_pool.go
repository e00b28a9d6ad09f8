package ops

import (
	"fmt"
	"math"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

func init() { register("MaxPool", newMaxPool) }

// maxPool is MaxPool-1, -8 and -14. The second output of -8 and -14 is the position of each maximum in the input as flattened from dimension
// axis on; the first of equal elements wins. A window without an element above the least finite one, such as one that lies in the padding alone,
// gives that and the index of its plane's first element, as the CPU plugin does.
type maxPool struct {
	pool
	indices tensor.DType // Invalid: no second output
	axis    int
}

func newMaxPool(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	p := &maxPool{pool: readPool(d)}
	if n.Opset != "opset1" && len(n.Out) > 1 {
		p.indices, p.axis = d.DType("index_element_type", tensor.I64), d.Int("axis", 0)
		if p.indices != tensor.I64 && p.indices != tensor.I32 {
			return nil, fmt.Errorf("attribute index_element_type=%s: want i32 or i64", p.indices)
		}
	}
	return p, d.Err()
}

func (p *maxPool) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 1, 1); err != nil {
		return nil, err
	}
	if err := wantNumbers(in); err != nil {
		return nil, err
	}
	specs := []Spec{{Type: in[0].Type}}
	if shapesKnown(in) {
		_, _, out, err := p.shape(in[0].Shape)
		if err != nil {
			return nil, err
		}
		rank := len(in[0].Shape)
		if p.axis < -rank || p.axis >= rank {
			return nil, fmt.Errorf("attribute axis=%d: input has rank %d", p.axis, rank)
		}
		specs[0].Shape = out
	}
	if p.indices != tensor.Invalid {
		specs = append(specs, Spec{p.indices, specs[0].Shape})
	}
	return specs, nil
}

func (p *maxPool) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	k, _, _, err := p.shape(in[0].Shape)
	if err != nil {
		return err
	}
	e := maxPoolRun{w: w, k: k, planes: in[0].Shape[0] * in[0].Shape[1]}
	if p.indices != tensor.Invalid {
		e.put = p.putter(in[0].Shape, out[1])
	}
	if e.put == nil {
		switch out[0].Type {
		case tensor.F32:
			w.MaxPool(out[0].F32s(), in[0].F32s(), &k, e.planes)
			return nil
		case tensor.I8, tensor.U8: // which f32 has all of
			x, err := converted(w, in[0].Tensor, tensor.F32)
			if err != nil {
				return err
			}
			y := tensor.New(tensor.F32, out[0].Shape...)
			w.MaxPool(y.F32s(), x.F32s(), &k, e.planes)
			storeRounded(out[0], y.F32s())
			return nil
		}
	}
	switch y := out[0].Any().(type) {
	case []float32:
		maxPoolPlanes(e, y, in[0].F32s(), -math.MaxFloat32)
	case []float64:
		maxPoolPlanes(e, y, tensor.Data[float64](in[0].Tensor), -math.MaxFloat64)
	case []int64:
		maxPoolPlanes(e, y, tensor.Data[int64](in[0].Tensor), math.MinInt64)
	case []int32:
		maxPoolPlanes(e, y, tensor.Data[int32](in[0].Tensor), math.MinInt32)
	case []int16:
		maxPoolPlanes(e, y, tensor.Data[int16](in[0].Tensor), math.MinInt16)
	case []int8:
		maxPoolPlanes(e, y, tensor.Data[int8](in[0].Tensor), math.MinInt8)
	case []uint64:
		maxPoolPlanes(e, y, tensor.Data[uint64](in[0].Tensor), 0)
	case []uint32:
		maxPoolPlanes(e, y, tensor.Data[uint32](in[0].Tensor), 0)
	case []uint16:
		maxPoolPlanes(e, y, tensor.Data[uint16](in[0].Tensor), 0)
	case []uint8:
		maxPoolPlanes(e, y, tensor.Data[uint8](in[0].Tensor), 0)
	}
	return nil
}

// putter returns what stores the position at, counted in the whole input, of output i's maximum.
func (p *maxPool) putter(shape []int, indices *tensor.Tensor) func(i, at int) {
	axis := p.axis
	if axis < 0 {
		axis += len(shape)
	}
	size := product(shape[axis:])
	if d, ok := indices.Any().([]int32); ok {
		return func(i, at int) { d[i] = int32(at % size) }
	}
	d := tensor.Data[int64](indices)
	return func(i, at int) { d[i] = int64(at % size) }
}

// maxPoolRun is one evaluation; put is nil where no indices are wanted.
type maxPoolRun struct {
	w      *kernel.Workers
	k      kernel.Window
	planes int
	put    func(i, at int)
}

func maxPoolPlanes[E element](e maxPoolRun, out, in []E, least E) {
	size := e.k.In[0] * e.k.In[1] * e.k.In[2]
	e.w.For(e.planes, planeGrain(&e.k), func(lo, hi int) {
		eachWindow(&e.k, lo, hi, func(plane, i int, _ [3]int, s reach) {
			best, at := least, -1
			image := in[plane*size:][:size]
			for z := s.from[0]; z < s.to[0]; z += s.step[0] {
				for y := s.from[1]; y < s.to[1]; y += s.step[1] {
					row := (z*e.k.In[1] + y) * e.k.In[2]
					for x := s.from[2]; x < s.to[2]; x += s.step[2] {
						if v := image[row+x]; v > best {
							best, at = v, row+x
						}
					}
				}
			}
			out[i] = best
			if e.put != nil {
				e.put(i, plane*size+max(at, 0))
			}
		})
	})
}
