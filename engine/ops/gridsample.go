package ops

import (
	"math"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// GridSample (opset9) reads images at the places that a grid gives:
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/image/grid-sample-9.html

func init() { register("GridSample", newGridSample) }

// gridSample: inputs are images [N, C, H, W] and places x, y [N, H', W', 2], from -1 to 1 across the image; the output is [N, C, H', W'].
// ONNX also has volumes [N, C, D, H, W] with places x, y, z [N, D', H', W', 3].
type gridSample struct {
	aligned       bool // -1 and 1 are the centres of the outermost pixels rather than their edges
	mode, padding string
}

func newGridSample(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	o := &gridSample{aligned: d.Bool("align_corners", false), mode: d.Enum("mode", "bilinear", "bilinear", "bicubic", "nearest"),
		padding: d.Enum("padding_mode", "zeros", "zeros", "border", "reflection")}
	return o, d.Err()
}

func (o *gridSample) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 2, 2); err != nil {
		return nil, err
	}
	if err := wantFloats(in, 0); err != nil {
		return nil, err
	}
	if err := wantFloats(in, 1); err != nil {
		return nil, err
	}
	if err := wantRank(in, 0, 4, 5); err != nil {
		return nil, err
	}
	s, g := in[0].Shape, in[1].Shape
	if s == nil || g == nil {
		return []Spec{{Type: in[0].Type}}, nil
	}
	if len(s) == 5 {
		if err := wantShape(in, 1, s[0], -1, -1, -1, 3); err != nil {
			return nil, err
		}
	} else if err := wantShape(in, 1, s[0], -1, -1, 2); err != nil {
		return nil, err
	}
	return []Spec{{in[0].Type, joinShapes(s[:2], g[1:len(g)-1])}}, nil
}

func (o *gridSample) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	if in[0].Type == tensor.F64 {
		sampleGrid[float64](o, w, in, out[0])
	} else {
		sampleGrid[float32](o, w, in, out[0])
	}
	return nil
}

// sampleGrid finds the pixels and weights of each place once for all channels. An image is a volume of depth 1.
func sampleGrid[T real](o *gridSample, w *kernel.Workers, in []Operand, out *tensor.Tensor) {
	batch, channels, size := in[0].Shape[0], in[0].Shape[1], in[0].Shape[2:]
	axes, width, plane := len(size), size[len(size)-1], product(size[len(size)-2:])
	places, volume := product(in[1].Shape[1:len(in[1].Shape)-1]), product(size)
	src, grid, dst := tensor.Data[T](in[0].Tensor), floatValues(in[1].Tensor), tensor.Data[T](out)
	w.For(batch*places, 1+1024/max(channels, 1), func(lo, hi int) {
		for p := lo; p < hi; p++ {
			at := grid[axes*p:][:axes]
			xs, ys, zs := sampleTaps(o, T(at[0]), width), sampleTaps(o, T(at[1]), size[axes-2]), []tap[T]{{0, 1}}
			if axes == 3 {
				zs = sampleTaps(o, T(at[2]), size[0])
			}
			for c := range channels {
				i := p/places*channels + c
				dst[i*places+p%places] = weighVolume(src[i*volume:][:volume], plane, width, xs, ys, zs)
			}
		}
	})
}

// weighVolume is the sum of the pixels where xs, ys and zs cross, by their weights.
func weighVolume[T real](volume []T, plane, width int, xs, ys, zs []tap[T]) T {
	sum := T(0)
	for _, z := range zs {
		sum += T(z.weight * weigh(volume[z.index*plane:][:plane], width, xs, ys))
	}
	return sum
}

// A tap is a position along an axis and its weight.
type tap[T real] struct {
	index  int
	weight T
}

// weigh is the sum of the pixels where xs and ys cross, by their weights.
func weigh[T real](image []T, width int, xs, ys []tap[T]) T {
	sum := T(0)
	for _, y := range ys {
		row, line := T(0), image[y.index*width:][:width]
		for _, x := range xs {
			row += T(x.weight * line[x.index])
		}
		sum += T(y.weight * row)
	}
	return sum
}

// sampleTaps are the taps of a place along an axis of the given size.
func sampleTaps[T real](o *gridSample, place T, size int) []tap[T] {
	x := (T((place+1)*T(size)) - 1) / 2
	if o.aligned {
		x = T((place+1)/2) * T(size-1)
	}
	const far = 1 << 40 // beyond any image, so that what follows does not overflow
	x = min(max(x, -far), far)
	var taps []tap[T]
	add := func(i int, weight T) {
		if i, ok := o.inside(i, size); ok {
			taps = append(taps, tap[T]{i, weight})
		}
	}
	floor := math.Floor(float64(x))
	first, rest := truncate(floor), x-T(floor)
	switch o.mode {
	case "nearest":
		add(truncate(math.RoundToEven(float64(x))), 1)
	case "bilinear":
		add(first, 1-rest)
		add(first+1, rest)
	default:
		for k := -1; k <= 2; k++ {
			add(first+k, T(cubic(float64(k)-float64(rest), -0.75)))
		}
	}
	return taps
}

// inside moves position i into [0, size) as the padding has it; false stands for a zero.
func (o *gridSample) inside(i, size int) (int, bool) {
	switch {
	case size == 0:
		return 0, false
	case i >= 0 && i < size:
		return i, true
	case o.padding == "border":
		return min(max(i, 0), size-1), true
	case o.padding == "zeros":
		return 0, false
	case !o.aligned:
		i = ((i % (2 * size)) + 2*size) % (2 * size)
		return min(i, 2*size-1-i), true
	case size == 1:
		return 0, true
	}
	period := 2 * (size - 1)
	i = ((i % period) + period) % period
	return min(i, period-i), true
}
