package ops

import (
	"fmt"
	"math"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// fakeQuantize clamps x (input 0) to the range of inputs 1 and 2, rounds it to one of levels values in that range, and maps those to the range
// of inputs 3 and 4. The ranges are broadcast to x. As the CPU plugin does it, a level is x scale + shift with one rounding to f32 before the
// one to an integer (nearest, ties to even).
type fakeQuantize struct {
	levels int
	broadcasting
}

func init() { register("FakeQuantize", newFakeQuantize) }

func newFakeQuantize(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	d.Required("levels")
	q := &fakeQuantize{d.Int("levels", 2), decodeBroadcasting(d)}
	if d.Err() == nil && q.levels < 2 {
		return nil, fmt.Errorf("levels %d is less than 2", q.levels)
	}
	return q, d.Err()
}

func (q *fakeQuantize) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 5, 5); err != nil {
		return nil, err
	}
	if err := wantFloats(in, 0, 1, 2, 3, 4); err != nil {
		return nil, err
	}
	if in[0].Type == tensor.F64 {
		return nil, fmt.Errorf("inputs are f64, want f32, f16 or bf16")
	}
	x := in[0].Shape
	for i := 1; x != nil && i < 5; i++ {
		if s := in[i].Shape; s != nil && q.dims(x, s) == nil {
			return nil, fmt.Errorf("input %d has shape %v, which does not broadcast to that of input 0, %v", i, s, x)
		}
	}
	return []Spec{{in[0].Type, x}}, nil
}

func (q *fakeQuantize) MACs(in []Arg, _ []Spec) int64 { return 3 * int64(product(in[0].Shape)) }

func (q *fakeQuantize) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	var ranges [4]*spread[float32]
	for i := range ranges {
		s, err := newSpread(in[1+i].F32s(), in[1+i].Shape, out[0].Shape, q.broadcasting)
		if err != nil {
			return err
		}
		ranges[i] = s
	}
	src, dst := in[0].F32s(), out[0].F32s()
	w.For(len(dst), expensiveGrain, func(lo, hi int) {
		il, ih, ol, oh := ranges[0].fork(), ranges[1].fork(), ranges[2].fork(), ranges[3].fork()
		for at := lo; at < hi; at += block {
			end := min(at+block, hi)
			a, b, c, d := il.span(at, end), ih.span(at, end), ol.span(at, end), oh.span(at, end)
			var z quantizer
			last := 0 // what z was made of
			for i, v := range src[at:end] {
				if i == 0 || a[i] != a[last] || b[i] != b[last] || c[i] != c[last] || d[i] != d[last] {
					z, last = newQuantizer(q.levels, a[i], b[i], c[i], d[i]), i
				}
				dst[at+i] = z.quantize(v)
			}
			roundTo(out[0].Type, dst[at:end])
		}
	})
	return nil
}

// quantizer maps numbers of one pair of ranges.
type quantizer struct {
	low, high, below, above              float32 // bounds of x, and what numbers beyond them become
	inScale, inShift, outScale, outShift float64 // float32s
}

func newQuantizer(levels int, il, ih, ol, oh float32) quantizer {
	steps := float32(levels - 1)
	z := quantizer{low: min(il, ih), high: max(il, ih), below: ol, above: oh}
	z.inScale = float64(steps / (ih - il))
	z.inShift = float64(-il * steps / (ih - il))
	z.outScale, z.outShift = float64((oh-ol)/steps), float64(ol)
	return z
}

func (z *quantizer) quantize(v float32) float32 {
	if z.low == z.high {
		if v <= z.low {
			return z.below
		}
		return z.above
	}
	v = min(max(v, z.low), z.high)
	level := math.RoundToEven(float64(float32(float64(v)*z.inScale + z.inShift)))
	return float32(level*z.outScale + z.outShift)
}
