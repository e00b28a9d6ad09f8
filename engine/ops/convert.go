package ops

import (
	"fmt"
	"math"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// convert changes the element type: the type of attribute destination_type, or that of input 1 for ConvertLike.
//
// Rules of the CPU plugin: a float becomes an integer without its fraction; what the integers of 32 bits (64 for wider ones and u32) do not
// have becomes their lowest value, as x86 does it, of which narrower types take the low bits. An infinity of f16 counts as its largest number.
// Integers keep their low bits. A float is true when it is neither 0 nor NaN.
//
// Attribute rounding is the small float that the result is rounded to where its type is f32: that of a Convert to bf16 in a graph whose small
// floats are all kept in f32.
type convert struct {
	to, round tensor.DType // to is Invalid for ConvertLike
	like      bool
}

func init() {
	register("Convert", newConvert)
	register("ConvertTruncation", newConvert) // as snippets call it
	register("ConvertLike", func(*graph.Node) (Op, error) { return &convert{like: true}, nil })
}

func newConvert(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	d.Required("destination_type")
	return &convert{to: d.DType("destination_type", tensor.Invalid), round: d.DType("rounding", tensor.F32)}, d.Err()
}

func (c *convert) Infer(in []Arg) ([]Spec, error) {
	want, to := 1, c.to
	if c.like {
		want = 2
	}
	if err := wantInputs(in, want, want); err != nil {
		return nil, err
	}
	if c.like {
		to = in[1].Type
	}
	if to.Bits() < 2 || to.Bits() < 8 && to.IsFloat() || to == tensor.F8E8M0 {
		return nil, fmt.Errorf("conversion from %s to %s is not supported", in[0].Type, to)
	}
	return []Spec{{to, in[0].Shape}}, nil
}

func (c *convert) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	switch src := in[0].Any().(type) {
	case []float32:
		if in[0].Type == tensor.F16 && out[0].Type.IsInteger() {
			src = mapValues(src, func(v float32) float32 { return clampFloat(v, 65504) })
		}
		convertFloats(w, src, out[0])
	case []float64:
		convertFloats(w, src, out[0])
	case []int64:
		convertIntegers(w, src, out[0])
	case []int32:
		convertIntegers(w, src, out[0])
	case []int16:
		convertIntegers(w, src, out[0])
	case []int8:
		convertIntegers(w, src, out[0])
	case []uint64:
		convertIntegers(w, src, out[0])
	case []uint32:
		convertIntegers(w, src, out[0])
	case []uint16:
		convertIntegers(w, src, out[0])
	case []uint8:
		convertIntegers(w, src, out[0])
	case []bool:
		convertIntegers(w, bytesOf(src), out[0])
	}
	switch t := out[0].Type; {
	case t.IsInteger() && t.Bits() < 8:
		wrapBits(out[0])
	case t == tensor.F32 && (c.round == tensor.BF16 || c.round == tensor.F16):
		w.Round(out[0].F32s(), out[0].F32s(), c.round)
	}
	return nil
}

// wrapBits gives integers narrower than a byte, which are kept as bytes, the value of their low bits.
func wrapBits(t *tensor.Tensor) {
	unused := 8 - t.Type.Bits()
	switch d := t.Any().(type) {
	case []int8:
		for i, v := range d {
			d[i] = v << unused >> unused
		}
	case []uint8:
		for i, v := range d {
			d[i] = v << unused >> unused
		}
	}
}

func convertFloats[S real](w *kernel.Workers, src []S, out *tensor.Tensor) {
	switch out.Any().(type) {
	case []float32:
		convertEach(w, src, out, func(v S) float32 { return float32(v) })
	case []float64:
		convertEach(w, src, out, func(v S) float64 { return float64(v) })
	case []int64:
		convertEach(w, src, out, func(v S) int64 { return truncate64(float64(v)) })
	case []int32:
		convertEach(w, src, out, func(v S) int32 { return truncate32(float64(v)) })
	case []int16:
		convertEach(w, src, out, func(v S) int16 { return int16(truncate32(float64(v))) })
	case []int8:
		convertEach(w, src, out, func(v S) int8 { return int8(truncate32(float64(v))) })
	case []uint64:
		convertEach(w, src, out, truncateUnsigned[S])
	case []uint32:
		convertEach(w, src, out, func(v S) uint32 { return uint32(truncate64(float64(v))) })
	case []uint16:
		convertEach(w, src, out, func(v S) uint16 { return uint16(truncate32(float64(v))) })
	case []uint8:
		convertEach(w, src, out, func(v S) uint8 { return uint8(truncate32(float64(v))) })
	case []bool:
		convertEach(w, src, out, func(v S) bool { return v < 0 || v > 0 })
	}
}

// clampFloat is v, limited to a magnitude; NaN stays.
func clampFloat(v, magnitude float32) float32 {
	switch {
	case v > magnitude:
		return magnitude
	case v < -magnitude:
		return -magnitude
	}
	return v
}

func truncate32(v float64) int32 {
	if v > math.MinInt32-1 && v < -math.MinInt32 {
		return int32(v)
	}
	return math.MinInt32
}

func truncate64(v float64) int64 {
	if v >= math.MinInt64 && v < -math.MinInt64 {
		return int64(v)
	}
	return math.MinInt64
}

func truncateUnsigned[S real](v S) uint64 {
	if v >= 1<<63 && v < 1<<64 {
		return uint64(v)
	}
	return uint64(truncate64(float64(v)))
}

func convertIntegers[S integer](w *kernel.Workers, src []S, out *tensor.Tensor) {
	switch out.Any().(type) {
	case []float32:
		convertEach(w, src, out, func(v S) float32 { return float32(v) })
	case []float64:
		convertEach(w, src, out, func(v S) float64 { return float64(v) })
	case []int64:
		convertEach(w, src, out, func(v S) int64 { return int64(v) })
	case []int32:
		convertEach(w, src, out, func(v S) int32 { return int32(v) })
	case []int16:
		convertEach(w, src, out, func(v S) int16 { return int16(v) })
	case []int8:
		convertEach(w, src, out, func(v S) int8 { return int8(v) })
	case []uint64:
		convertEach(w, src, out, func(v S) uint64 { return uint64(v) })
	case []uint32:
		convertEach(w, src, out, func(v S) uint32 { return uint32(v) })
	case []uint16:
		convertEach(w, src, out, func(v S) uint16 { return uint16(v) })
	case []uint8:
		convertEach(w, src, out, func(v S) uint8 { return uint8(v) })
	case []bool:
		convertEach(w, src, out, func(v S) bool { return v != 0 })
	}
}

func convertEach[S, R tensor.Element](w *kernel.Workers, src []S, out *tensor.Tensor, f func(S) R) {
	dst := tensor.Data[R](out)
	w.For(len(dst), cheapGrain, func(lo, hi int) {
		for i, v := range src[lo:hi] {
			dst[lo+i] = f(v)
		}
		roundTo(out.Type, dst[lo:hi])
	})
}
