package ops

import (
	"fmt"
	"math"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// RegionYolo (opset1) and ReorgYolo (opset2) are the layers that YOLO v1 to v3 end in:
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/detection/region-yolo-1.html
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/detection/reorg-yolo-1.html

func init() {
	register("RegionYolo", newRegionYolo)
	register("ReorgYolo", newReorgYolo)
}

// regionYolo: the input is [N, regions*(coords+1+classes), H, W]. The first two coordinates, the objectness and the classes become
// probabilities. With softmax the classes' sum is 1, and the output is flat from axis to endAxis.
type regionYolo struct {
	coords, classes, regions int
	softmax                  bool
	axis, endAxis            int
}

func newRegionYolo(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	d.Required("coords", "classes", "num", "axis", "end_axis")
	o := &regionYolo{coords: d.Int("coords", 0), classes: d.Int("classes", 0), regions: d.Int("num", 0), softmax: d.Bool("do_softmax", true),
		axis: d.Int("axis", 0), endAxis: d.Int("end_axis", 0)}
	if !o.softmax {
		o.regions = len(d.Ints("mask"))
	}
	if err := d.Err(); err != nil {
		return nil, err
	}
	const most = 1 << 20
	if o.coords < 2 || o.classes < 0 || o.regions < 1 || o.coords > most || o.classes > most || o.regions > most {
		return nil, fmt.Errorf("%d coords, %d classes, %d regions: want at least 2, 0 and 1, at most %d", o.coords, o.classes, o.regions, most)
	}
	return o, nil
}

func (o *regionYolo) channels() int { return o.coords + 1 + o.classes }

func (o *regionYolo) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 1, 1); err != nil {
		return nil, err
	}
	if err := wantFloats(in, 0); err != nil {
		return nil, err
	}
	if err := wantShape(in, 0, -1, o.regions*o.channels(), -1, -1); err != nil {
		return nil, err
	}
	s := in[0].Shape
	if s == nil || !o.softmax {
		return []Spec{{in[0].Type, s}}, nil
	}
	first, err := normalizeAxis(o.axis, 4)
	if err != nil {
		return nil, err
	}
	last, err := normalizeAxis(o.endAxis, 4)
	if err != nil {
		return nil, err
	}
	if last < first {
		return nil, fmt.Errorf("attribute end_axis=%d is before axis=%d", o.endAxis, o.axis)
	}
	return []Spec{{in[0].Type, slices.Concat(s[:first], []int{product(s[first : last+1])}, s[last+1:])}}, nil
}

func (o *regionYolo) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	if in[0].Type == tensor.F64 {
		regionsOf[float64](o, w, in[0].Tensor, out[0])
	} else {
		regionsOf[float32](o, w, in[0].Tensor, out[0])
	}
	return nil
}

func regionsOf[T real](o *regionYolo, w *kernel.Workers, in, out *tensor.Tensor) {
	dst := tensor.Data[T](out)
	copy(dst, tensor.Data[T](in))
	area := in.Shape[2] * in.Shape[3]
	sigmoid := activation{name: "sigmoid"}
	w.For(in.Shape[0]*o.regions, 1+4096/max(o.channels()*area, 1), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			region := dst[r*o.channels()*area:][:o.channels()*area]
			activate(sigmoid, region[:2*area])
			scores := region[o.coords*area:]
			if !o.softmax {
				activate(sigmoid, scores)
				continue
			}
			activate(sigmoid, scores[:area])
			for i := range area {
				softmaxStrided(scores[area:], i, area)
			}
		}
	})
}

// softmaxStrided is the softmax of the elements of x that are stride apart, from the first on, in place.
func softmaxStrided[T real](x []T, first, stride int) {
	largest, sum := T(math.Inf(-1)), T(0)
	for i := first; i < len(x); i += stride {
		largest = max(largest, x[i])
	}
	for i := first; i < len(x); i += stride {
		x[i] = T(math.Exp(float64(x[i] - largest)))
		sum += x[i]
	}
	for i := first; i < len(x); i += stride {
		x[i] /= sum
	}
}

// reorgYolo moves each block of stride x stride pixels into channels, as Darknet does: [N, C, H, W] becomes
// [N, C*stride*stride, H/stride, W/stride], but read as if the input had C/(stride*stride) channels of larger images.
type reorgYolo struct{ stride int }

func newReorgYolo(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	d.Required("stride")
	strides := d.Ints("stride")
	if err := d.Err(); err != nil {
		return nil, err
	}
	if len(strides) == 0 || strides[0] < 1 || strides[0] > 1<<15 {
		return nil, fmt.Errorf("attribute stride=%v, want a number from 1 to %d", strides, 1<<15)
	}
	return &reorgYolo{strides[0]}, nil
}

func (o *reorgYolo) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 1, 1); err != nil {
		return nil, err
	}
	if err := wantRank(in, 0, 4); err != nil {
		return nil, err
	}
	s := in[0].Shape
	if s == nil {
		return []Spec{{Type: in[0].Type}}, nil
	}
	square := o.stride * o.stride
	if s[1] < square || s[1]%square != 0 || s[2]%o.stride != 0 || s[3]%o.stride != 0 {
		return nil, fmt.Errorf("input 0 has shape %v, want channels that %d and sides that %d divides", s, square, o.stride)
	}
	return []Spec{{in[0].Type, []int{s[0], s[1] * square, s[2] / o.stride, s[3] / o.stride}}}, nil
}

func (o *reorgYolo) Eval(_ *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	switch src := in[0].Any().(type) {
	case []float32:
		reorganise(o.stride, in[0].Shape, src, tensor.Data[float32](out[0]))
	case []float64:
		reorganise(o.stride, in[0].Shape, src, tensor.Data[float64](out[0]))
	default:
		return fmt.Errorf("input 0 is %s, want a float type", in[0].Type)
	}
	return nil
}

func reorganise[T real](stride int, shape []int, src, dst []T) {
	channels, height, width := shape[1], shape[2], shape[3]
	fewer := channels / (stride * stride)
	for i := range dst[:len(src)] {
		x, y, c, n := i%width, i/width%height, i/(width*height)%channels, i/(width*height*channels)
		offset := c / fewer
		y, x = y*stride+offset/stride, x*stride+offset%stride
		dst[i] = src[((n*fewer+c%fewer)*height*stride+y)*width*stride+x]
	}
}
