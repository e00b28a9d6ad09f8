package ops

import (
	"fmt"
	"math"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// A function is a real function of one variable, computed for f64 by f64. For f32 it is f32 where that is not nil, on slices of the same length
// that may be the same slice; else f64's value, rounded. Integers are given f64's value as storedNearest has it.
type function struct {
	f64 func(float64) float64
	f32 func(dst, src []float32)
}

// pointwise is an operation that computes a function of each element of input 0. The function may depend on attributes and on further inputs
// with one element each.
type pointwise struct {
	least, most int // number of further inputs
	function    func(parameters []float64) function
}

// functions are the operations without attributes, by OpenVINO's names.
var functions = map[string]function{
	"Acos":       {math.Acos, nil},
	"Acosh":      {math.Acosh, nil},
	"Asin":       {math.Asin, nil},
	"Asinh":      {math.Asinh, nil},
	"Atan":       {math.Atan, nil},
	"Atanh":      {math.Atanh, nil},
	"Cos":        {math.Cos, nil},
	"Cosh":       {math.Cosh, nil},
	"Erf":        {math.Erf, kernel.Erf},
	"ErfInv":     {math.Erfinv, nil},
	"Exp":        {math.Exp, kernel.Exp},
	"HSigmoid":   {hSigmoid, nil},
	"HSwish":     {hSwish, kernel.HSwish},
	"Log":        {math.Log, kernel.Log},
	"Mish":       {mish, nil},
	"Reciprocal": {func(x float64) float64 { return 1 / x }, nil},
	"Sigmoid":    {sigmoid, kernel.Sigmoid},
	"Sin":        {math.Sin, nil},
	"Sinh":       {math.Sinh, nil},
	"SoftPlus":   {softPlus, nil},
	"SoftSign":   {func(x float64) float64 { return x / (1 + math.Abs(x)) }, nil},
	"Sqrt":       {math.Sqrt, sqrt32},
	"Tan":        {math.Tan, nil},
	"Tanh":       {math.Tanh, kernel.Tanh},
}

func init() {
	for op, f := range functions {
		register(op, func(*graph.Node) (Op, error) {
			return &pointwise{function: func([]float64) function { return f }}, nil
		})
	}
}

func (p *pointwise) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 1+p.least, 1+p.most); err != nil {
		return nil, err
	}
	if err := wantWide(in, 0); err != nil {
		return nil, err
	}
	for i := 1; i < len(in); i++ {
		if err := wantScalar(in, i); err != nil {
			return nil, err
		}
	}
	return []Spec{{in[0].Type, in[0].Shape}}, nil
}

// wantScalar checks that input i, where its shape is known, holds one number.
func wantScalar(in []Arg, i int) error {
	if in[i].Type == tensor.Bool || in[i].Shape != nil && product(in[i].Shape) != 1 {
		return fmt.Errorf("input %d is %s%v, want one number", i, in[i].Type, in[i].Shape)
	}
	return nil
}

func (p *pointwise) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	eval := byNumber(in[0].Tensor, function.map32, function.map64, mapIntegers[int64], mapIntegers[int32], mapIntegers[int16],
		mapIntegers[int8], mapIntegers[uint64], mapIntegers[uint32], mapIntegers[uint16], mapIntegers[uint8])
	eval(p.function(p.parameters(in)), w, in[0].Tensor, out[0])
	return nil
}

// parameters are the values of the further inputs.
func (p *pointwise) parameters(in []Operand) []float64 {
	var parameters []float64
	for _, i := range in[1:] {
		parameters = append(parameters, floatValues(i.Tensor)[0])
	}
	return parameters
}

func (f function) map32(w *kernel.Workers, in, out *tensor.Tensor) {
	src, dst := in.F32s(), out.F32s()
	if f.f32 == nil {
		mapEach(w, out, src, func(v float32) float32 { return float32(f.f64(float64(v))) })
		return
	}
	w.For(len(dst), expensiveGrain, func(lo, hi int) {
		for at := lo; at < hi; at += block {
			end := min(at+block, hi)
			f.f32(dst[at:end], src[at:end])
			roundTo(out.Type, dst[at:end])
		}
	})
}

func (f function) map64(w *kernel.Workers, in, out *tensor.Tensor) {
	mapEach(w, out, tensor.Data[float64](in), f.f64)
}

func mapIntegers[E integer](f function, w *kernel.Workers, in, out *tensor.Tensor) {
	mapEach(w, out, tensor.Data[E](in), func(v E) E { return storedNearest[E](f.f64(float64(v))) })
}

// mapEach writes f of each element of src to out.
func mapEach[R, E tensor.Element](w *kernel.Workers, out *tensor.Tensor, src []E, f func(E) R) {
	dst := elements[R](out)
	w.For(len(dst), expensiveGrain, func(lo, hi int) {
		for i, v := range src[lo:hi] {
			dst[lo+i] = f(v)
		}
		roundTo(out.Type, dst[lo:hi])
	})
}

// storedNearest is v as the CPU plugin stores a float as an integer: rounded to the nearest (ties to even); what 32 bits do not have becomes
// their lowest value, which 8 bits clamp and of which 16 bits take the low ones. Wider types clamp v.
func storedNearest[E integer](v float64) E {
	v = math.RoundToEven(v)
	switch e := E(0); any(e).(type) {
	case int32, int16, uint16:
		return E(truncate32(v))
	case int8, uint8:
		v = float64(truncate32(v))
	}
	return clampTo[E](v)
}

// clampTo is v as E: without its fraction, what is beyond E's range and NaN as the end of the range (NaN as the lowest).
func clampTo[E integer](v float64) E {
	low, high := lowest[E](), ^lowest[E]()
	switch {
	case v >= float64(high):
		return high
	case v > float64(low):
		return E(v)
	}
	return low
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func hSigmoid(x float64) float64 { return min(max(x+3, 0), 6) / 6 }

// hSwish saturates before it multiplies, as oneDNN does, so that large x do not overflow.
func hSwish(x float64) float64 { return x * min(max(x/6+0.5, 0), 1) }

func sqrt32(dst, src []float32) {
	for i, v := range src {
		dst[i] = float32(math.Sqrt(float64(v)))
	}
}

func softPlus(x float64) float64 {
	if x > 40 { // the rest is below half an ulp
		return x
	}
	return math.Log1p(math.Exp(x))
}

func mish(x float64) float64 { return x * math.Tanh(softPlus(x)) }
