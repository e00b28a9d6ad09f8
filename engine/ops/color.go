package ops

import (
	"fmt"
	"math"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// NV12toRGB, NV12toBGR, I420toRGB and I420toBGR (opset8) convert video frames, in which four pixels share a chroma value, to RGB:
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/image/nv12-to-rgb-8.html

func init() {
	for _, order := range []string{"RGB", "BGR"} {
		blueFirst := order == "BGR"
		register("NV12to"+order, func(*graph.Node) (Op, error) { return &colorConvert{planes: 2, blueFirst: blueFirst}, nil })
		register("I420to"+order, func(*graph.Node) (Op, error) { return &colorConvert{planes: 3, blueFirst: blueFirst}, nil })
	}
}

// colorConvert: the planes are luma [N, H, W, 1] and chroma, [N, H/2, W/2, 2] in NV12 and twice [N, H/2, W/2, 1] in I420, as inputs of
// their own or one below the other in [N, H*3/2, W, 1]; the output is [N, H, W, 3], of the same type, in [0, 255].
type colorConvert struct {
	planes    int
	blueFirst bool
}

func (o *colorConvert) Infer(in []Arg) ([]Spec, error) {
	if len(in) != 1 && len(in) != o.planes {
		return nil, fmt.Errorf("has %d inputs, want 1 or %d", len(in), o.planes)
	}
	t := in[0].Type
	if t != tensor.U8 && !t.IsFloat() {
		return nil, fmt.Errorf("input 0 is %s, want u8 or a float type", t)
	}
	if err := wantShape(in, 0, -1, -1, -1, 1); err != nil {
		return nil, err
	}
	s := in[0].Shape
	if s == nil {
		return []Spec{{Type: t}}, nil
	}
	height, width := s[1], s[2]
	if len(in) == 1 {
		if height%3 != 0 {
			return nil, fmt.Errorf("input 0 has %d rows, want a multiple of 3", height)
		}
		height = height / 3 * 2
	}
	if height%2 != 0 || width%2 != 0 {
		return nil, fmt.Errorf("image of %d x %d, want even sides", height, width)
	}
	for i := 1; i < len(in); i++ {
		if in[i].Type != t {
			return nil, fmt.Errorf("input %d is %s, want %s", i, in[i].Type, t)
		}
		if err := wantShape(in, i, s[0], height/2, width/2, 4-o.planes); err != nil {
			return nil, err
		}
	}
	return []Spec{{t, []int{s[0], height, width, 3}}}, nil
}

func (o *colorConvert) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	switch dst := out[0].Any().(type) {
	case []uint8:
		convertColor(o, w, in, out[0].Shape, dst, func(v float32) uint8 { return uint8(math.Round(float64(v))) })
	case []float32:
		convertColor(o, w, in, out[0].Shape, dst, func(v float32) float32 { return v })
	case []float64:
		convertColor(o, w, in, out[0].Shape, dst, func(v float32) float64 { return float64(v) })
	}
	return nil
}

func convertColor[E uint8 | float32 | float64](o *colorConvert, w *kernel.Workers, in []Operand, shape []int, dst []E, store func(float32) E) {
	height, width := shape[1], shape[2]
	area := height * width
	w.For(shape[0], 1+1<<14/max(area, 1), func(lo, hi int) {
		for n := lo; n < hi; n++ {
			y, u, v := chroma[E](o, in, n, area)
			for i := range area {
				c := i/width/2*(width/2) + i%width/2
				r, g, b := fromYUV(float32(y[i]), float32(u.at(c)), float32(v.at(c)))
				if o.blueFirst {
					r, b = b, r
				}
				pixel := dst[(n*area+i)*3:][:3]
				pixel[0], pixel[1], pixel[2] = store(r), store(g), store(b)
			}
		}
	})
}

// strided are the elements of a plane that are step apart.
type strided[E any] struct {
	data []E
	step int
}

func (s strided[E]) at(i int) E { return s.data[i*s.step] }

// chroma returns the planes of image n.
func chroma[E tensor.Element](o *colorConvert, in []Operand, n, area int) (y []E, u, v strided[E]) {
	y = tensor.Data[E](in[0].Tensor)
	var rest []E
	switch {
	case len(in) == 1:
		y = y[n*area/2*3:][:area/2*3]
		rest, y = y[area:], y[:area]
	case o.planes == 2:
		y, rest = y[n*area:][:area], tensor.Data[E](in[1].Tensor)[n*area/2:]
	default:
		u, v := tensor.Data[E](in[1].Tensor)[n*area/4:], tensor.Data[E](in[2].Tensor)[n*area/4:]
		return y[n*area:][:area], strided[E]{u, 1}, strided[E]{v, 1}
	}
	if o.planes == 2 {
		return y, strided[E]{rest, 2}, strided[E]{rest[min(1, len(rest)):], 2}
	}
	return y, strided[E]{rest, 1}, strided[E]{rest[area/4:], 1}
}

// fromYUV converts a pixel of ITU-R BT.601 in the range of television.
func fromYUV(y, u, v float32) (r, g, b float32) {
	y, u, v = float32(1.164*(y-16)), u-128, v-128
	clip := func(c float32) float32 { return min(max(c, 0), 255) }
	return clip(y + float32(1.596*v)), clip(y - float32(0.391*u) - float32(0.813*v)), clip(y + float32(2.018*u))
}
