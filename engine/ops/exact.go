package ops

import (
	"fmt"
	"math"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// exact is an operation of one number whose result needs no rounding: signs, bounds and fractions.
type exact struct {
	op       string
	min, max float64 // of Clamp
}

func init() {
	for _, op := range []string{"Abs", "Ceiling", "Floor", "Negative", "Relu", "Sign"} {
		register(op, func(n *graph.Node) (Op, error) { return &exact{op: n.Op}, nil })
	}
	register("Clamp", newClamp)
	register("Round", newRound)
}

func newClamp(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	d.Required("min", "max")
	e := &exact{op: n.Op, min: d.Float("min", 0), max: d.Float("max", 0)}
	if d.Err() == nil && !(e.min <= e.max) {
		return nil, fmt.Errorf("min %g is not below max %g", e.min, e.max)
	}
	return e, d.Err()
}

func newRound(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	if d.Enum("mode", "half_to_even", "half_to_even", "half_away_from_zero") == "half_away_from_zero" {
		return &exact{op: "RoundAway"}, d.Err()
	}
	return &exact{op: "RoundEven"}, d.Err()
}

func (e *exact) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 1, 1); err != nil {
		return nil, err
	}
	if err := wantWide(in, 0); err != nil {
		return nil, err
	}
	return []Spec{{in[0].Type, in[0].Shape}}, nil
}

func (e *exact) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	eval := byNumber(out[0], evalExact(exact32), evalExact(exactFloats[float64]), evalExact(exactIntegers[int64]), evalExact(exactIntegers[int32]),
		evalExact(exactIntegers[int16]), evalExact(exactBytes), evalExact(exactIntegers[uint64]), evalExact(exactIntegers[uint32]),
		evalExact(exactIntegers[uint16]), evalExact(exactIntegers[uint8]))
	eval(w, e, in[0].Tensor, out[0])
	return nil
}

// evalExact returns what evaluates an operation by its loops, which are called on parts of the tensors.
func evalExact[E number](loopOf func(e *exact) func(dst, src []E)) func(w *kernel.Workers, e *exact, in, out *tensor.Tensor) {
	return func(w *kernel.Workers, e *exact, in, out *tensor.Tensor) {
		loop, src, dst := loopOf(e), tensor.Data[E](in), tensor.Data[E](out)
		w.For(len(dst), cheapGrain, func(lo, hi int) {
			loop(dst[lo:hi], src[lo:hi])
			roundTo(out.Type, dst[lo:hi])
		})
	}
}

// exact32 is exactFloats with loops of their own for what networks do most. Relu of NaN is 0, as MAXPS has it.
func exact32(e *exact) func(dst, src []float32) {
	switch e.op {
	case "Relu":
		return kernel.Relu
	case "Clamp":
		lo, hi := float32(e.min), float32(e.max)
		return func(dst, src []float32) { kernel.Clamp(dst, src, lo, hi) }
	}
	return exactFloats[float32](e)
}

// either is x where c, else y, which compilers do without a jump: signs of data are hard to predict.
func either(c bool, x, y float32) float32 {
	a, b := math.Float32bits(x), math.Float32bits(y)
	if c {
		b = a
	}
	return math.Float32frombits(b)
}

func exactFloats[E real](e *exact) func(dst, src []E) {
	switch e.op {
	case "Abs":
		return eachOf(func(v E) E { return E(math.Abs(float64(v))) })
	case "Ceiling":
		return eachOf(func(v E) E { return E(math.Ceil(float64(v))) })
	case "Floor":
		return eachOf(func(v E) E { return E(math.Floor(float64(v))) })
	case "RoundEven":
		return eachOf(func(v E) E { return E(math.RoundToEven(float64(v))) })
	case "RoundAway":
		return eachOf(func(v E) E { return E(math.Round(float64(v))) })
	case "Clamp":
		return clampLoop(E(e.min), E(e.max))
	}
	return signLoop[E](e.op)
}

func exactIntegers[E integer](e *exact) func(dst, src []E) {
	switch e.op {
	case "Ceiling", "Floor", "RoundEven", "RoundAway":
		return func(dst, src []E) { copy(dst, src) }
	case "Abs":
		return eachOf(magnitude[E])
	case "Clamp": // the integers between the bounds
		return clampLoop(clampTo[E](math.Ceil(e.min)), clampTo[E](math.Floor(e.max)))
	}
	return signLoop[E](e.op)
}

// exactBytes is exactIntegers with the limits that the CPU plugin sets to 8 bits: of -128 the magnitude is 127.
func exactBytes(e *exact) func(dst, src []int8) {
	switch e.op {
	case "Abs":
		return eachOf(func(v int8) int8 { return saturated[int8](max(int(v), -int(v))) })
	case "Negative":
		return eachOf(func(v int8) int8 { return saturated[int8](-int(v)) })
	}
	return exactIntegers[int8](e)
}

func signLoop[E number](op string) func(dst, src []E) {
	switch op {
	case "Relu":
		return eachOf(func(v E) E {
			if v > 0 {
				return v
			}
			return 0
		})
	case "Negative":
		return eachOf(func(v E) E { return -v })
	}
	return eachOf(func(v E) E { // Sign
		switch {
		case v > 0:
			return 1
		case v < 0:
			return 0 - E(1)
		}
		return v
	})
}

func clampLoop[E number](lo, hi E) func(dst, src []E) {
	return eachOf(func(v E) E { // of NaN lo, as MAXPS has it
		switch {
		case v > hi:
			return hi
		case v > lo:
			return v
		}
		return lo
	})
}

// magnitude is |v|, which wraps for the lowest value.
func magnitude[E integer](v E) E {
	if v < 0 {
		return -v
	}
	return v
}

func eachOf[E number](f func(E) E) func(dst, src []E) {
	return func(dst, src []E) {
		for i, v := range src {
			dst[i] = f(v)
		}
	}
}
