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
	src, dst, run := in[0].F32s(), out[0].F32s(), q.run(in)
	w.For(len(dst), cheapGrain, func(lo, hi int) {
		var r [4]*spread[float32]
		for i := range r {
			r[i] = ranges[i].fork()
		}
		for at := lo; at < hi; {
			end := min((at/run+1)*run, hi)
			z := newQuantizer(q.levels, r[0].span(at, at+1)[0], r[1].span(at, at+1)[0], r[2].span(at, at+1)[0], r[3].span(at, at+1)[0])
			z.quantize(dst[at:end], src[at:end])
			roundTo(out[0].Type, dst[at:end])
			at = end
		}
	})
	return nil
}

// run is a number of elements that follow each other and have the same ranges.
func (q *fakeQuantize) run(in []Operand) int {
	run := max(in[0].Len(), 1)
	for _, r := range in[1:] {
		if r.Len() == 1 {
			continue
		}
		inner, ok := q.along(r.Shape, in[0].Shape)
		if !ok {
			return 1
		}
		run = min(run, inner)
	}
	return run
}

// quantizer maps numbers of one pair of ranges.
type quantizer struct {
	kernel.Quantizer
	below, above float32 // what the numbers up to and above an empty range become
}

func newQuantizer(levels int, il, ih, ol, oh float32) quantizer {
	steps := float32(levels - 1)
	z := quantizer{kernel.Quantizer{Low: min(il, ih), High: max(il, ih), InScale: steps / (ih - il), InShift: -il * steps / (ih - il),
		OutScale: (oh - ol) / steps, OutShift: ol}, ol, oh}
	if !(math.Abs(float64(z.InShift)) <= math.MaxFloat32) { // the range of a mask, whose ends f32 has but not its multiples
		scale := float64(steps) / (float64(ih) - float64(il))
		z.InScale, z.InShift = float32(scale), float32(-float64(il)*scale)
	}
	return z
}

func (z *quantizer) quantize(dst, src []float32) {
	if z.Low != z.High {
		kernel.Quantize(dst, src, &z.Quantizer)
		return
	}
	for i, v := range src {
		if dst[i] = z.below; v > z.Low {
			dst[i] = z.above
		}
	}
}
