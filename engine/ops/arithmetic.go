package ops

import (
	"math"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// arithmetic is an operation of two numbers that gives one of the same type. Integers wrap in their own width, but sums, differences,
// products and powers of 8 bits saturate where the CPU plugin computes them.
type arithmetic struct {
	pairwise
	folds bool // by OpenVINO's reference kernels, not by the CPU plugin
}

func init() {
	for _, op := range []string{"Add", "Subtract", "Multiply", "Divide", "Maximum", "Minimum", "Power", "SquaredDifference", "Mod", "FloorMod"} {
		register(op, newArithmetic)
	}
}

func newArithmetic(n *graph.Node) (Op, error) {
	p, err := decodePairwise(n)
	folds := onlyConstants(n)
	if n.Op == "Divide" {
		d := n.Attrs.Decode()
		if !d.Bool("m_pythondiv", true) || !folds {
			p.op = "DivideTruncating"
		}
		err = d.Err()
	}
	return &arithmetic{p, folds}, err
}

// onlyConstants is whether OpenVINO folds n. Its reference kernels, which do that, heed m_pythondiv; the CPU plugin cuts all quotients of
// integers towards zero.
func onlyConstants(n *graph.Node) bool {
	return !slices.ContainsFunc(n.In, func(p graph.Port) bool { return p.Node.Op != "Constant" })
}

func (a *arithmetic) Infer(in []Arg) ([]Spec, error) {
	s, err := a.inferPairwise(in)
	if err == nil {
		err = wantWide(in, 0)
	}
	return []Spec{s}, err
}

func (a *arithmetic) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	eval := byNumber(out[0], evalFloats32, evalFloats[float64], evalIntegers[int64], evalIntegers[int32], evalIntegers[int16], evalBytes[int8],
		evalIntegers[uint64], evalIntegers[uint32], evalIntegers[uint16], evalBytes[uint8])
	return eval(a, w, in, out[0])
}

func evalFloats32(a *arithmetic, w *kernel.Workers, in []Operand, out *tensor.Tensor) error {
	if loop := loop32(a.op); loop != nil {
		return pairs(w, a.broadcasting, cheapGrain, in, out, loop)
	}
	return evalFloats[float32](a, w, in, out)
}

func evalFloats[E real](a *arithmetic, w *kernel.Workers, in []Operand, out *tensor.Tensor) error {
	if loop := floatLoop[E](a.op); loop != nil {
		return pairs(w, a.broadcasting, expensiveGrain, in, out, loop)
	}
	return pairs(w, a.broadcasting, cheapGrain, in, out, numberLoop[E](a.op))
}

func evalIntegers[E integer](a *arithmetic, w *kernel.Workers, in []Operand, out *tensor.Tensor) error {
	if loop := integerLoop[E](a.op); loop != nil {
		return pairs(w, a.broadcasting, expensiveGrain, in, out, loop)
	}
	return pairs(w, a.broadcasting, cheapGrain, in, out, numberLoop[E](a.op))
}

func evalBytes[E int8 | uint8](a *arithmetic, w *kernel.Workers, in []Operand, out *tensor.Tensor) error {
	if loop := saturatingLoop[E](a.op); loop != nil && !a.folds {
		return pairs(w, a.broadcasting, cheapGrain, in, out, loop)
	}
	return evalIntegers[E](a, w, in, out)
}

// saturatingLoop is the loop of an operation whose results are limited to what E has.
func saturatingLoop[E int8 | uint8](op string) func(dst, x, y []E) {
	switch op {
	case "Add":
		return scalarLoop(func(x, y E) E { return saturated[E](int(x) + int(y)) })
	case "Subtract":
		return scalarLoop(func(x, y E) E { return saturated[E](int(x) - int(y)) })
	case "Multiply":
		return scalarLoop(func(x, y E) E { return saturated[E](int(x) * int(y)) })
	case "Power":
		return scalarLoop(func(x, y E) E { return storedNearest[E](math.Pow(float64(x), float64(y))) })
	}
	return nil
}

// loop32 is the loop of an operation that f32 does faster than numberLoop, to the same results.
func loop32(op string) func(dst, x, y []float32) {
	return map[string]func(dst, x, y []float32){
		"Add": kernel.Add, "Subtract": kernel.Subtract, "Multiply": kernel.Multiply, "Divide": kernel.Divide, "DivideTruncating": kernel.Divide,
		"Maximum": kernel.Max, "Minimum": kernel.Min,
	}[op]
}

// numberLoop is the loop of an operation that integers and floats do alike.
func numberLoop[E number](op string) func(dst, x, y []E) {
	switch op {
	case "Add":
		return func(dst, x, y []E) {
			x, y = x[:len(dst)], y[:len(dst)]
			for i := range dst {
				dst[i] = x[i] + y[i]
			}
		}
	case "Subtract":
		return func(dst, x, y []E) {
			x, y = x[:len(dst)], y[:len(dst)]
			for i := range dst {
				dst[i] = x[i] - y[i]
			}
		}
	case "Multiply":
		return func(dst, x, y []E) {
			x, y = x[:len(dst)], y[:len(dst)]
			for i := range dst {
				dst[i] = x[i] * y[i]
			}
		}
	case "Maximum": // of NaN and a number the second, as MAXPS does
		return func(dst, x, y []E) {
			x, y = x[:len(dst)], y[:len(dst)]
			for i, v := range y {
				if x[i] > v {
					v = x[i]
				}
				dst[i] = v
			}
		}
	case "Minimum": // of NaN and a number the second, as MINPS does
		return func(dst, x, y []E) {
			x, y = x[:len(dst)], y[:len(dst)]
			for i, v := range y {
				if x[i] < v {
					v = x[i]
				}
				dst[i] = v
			}
		}
	case "SquaredDifference":
		return func(dst, x, y []E) {
			x, y = x[:len(dst)], y[:len(dst)]
			for i := range dst {
				v := x[i] - y[i]
				dst[i] = v * v
			}
		}
	}
	return nil
}

// floatLoop is the loop of an operation that is another for floats than for integers.
func floatLoop[E real](op string) func(dst, x, y []E) {
	switch op {
	case "Divide", "DivideTruncating":
		return func(dst, x, y []E) {
			x, y = x[:len(dst)], y[:len(dst)]
			for i := range dst {
				dst[i] = x[i] / y[i]
			}
		}
	case "Power":
		return scalarLoop(power[E])
	case "Mod": // the sign of the dividend, as C's fmod
		return scalarLoop(func(x, y E) E { return E(math.Mod(float64(x), float64(y))) })
	case "FloorMod": // the sign of the divisor, as Python's %
		return scalarLoop(func(x, y E) E {
			r := math.Mod(float64(x), float64(y))
			if r != 0 && r < 0 != (y < 0) {
				r += float64(y)
			}
			return E(r)
		})
	}
	return nil
}

func scalarLoop[E number](f func(x, y E) E) func(dst, x, y []E) {
	return func(dst, x, y []E) {
		for i := range dst {
			dst[i] = f(x[i], y[i])
		}
	}
}

// power computes the usual exponents without math.Pow, to the same result within rounding.
func power[E real](x, y E) E {
	switch y {
	case 2:
		return x * x
	case 1:
		return x
	case 0.5:
		return E(math.Sqrt(float64(x)))
	case -1:
		return 1 / x
	case 3:
		return E(float64(x) * float64(x) * float64(x))
	}
	return E(math.Pow(float64(x), float64(y)))
}

// integerLoop is the loop of an operation that is another for integers than for floats. Division by zero gives the lowest value, which is
// what a conversion of the infinite quotient to integers gives on x86.
func integerLoop[E integer](op string) func(dst, x, y []E) {
	switch op {
	case "Divide": // towards minus infinity, as Python's //
		return scalarLoop(func(x, y E) E {
			if y == 0 {
				return lowest[E]()
			}
			q := x / y
			if x%y != 0 && x < 0 != (y < 0) {
				q--
			}
			return q
		})
	case "DivideTruncating": // towards zero, as C's /
		return scalarLoop(func(x, y E) E {
			if y == 0 {
				return lowest[E]()
			}
			return x / y
		})
	case "Mod": // the sign of the dividend, as C's %
		return scalarLoop(func(x, y E) E {
			if y == 0 {
				return lowest[E]()
			}
			return x % y
		})
	case "FloorMod": // the sign of the divisor, as Python's %
		return scalarLoop(func(x, y E) E {
			if y == 0 {
				return lowest[E]()
			}
			r := x % y
			if r != 0 && r < 0 != (y < 0) {
				r += y
			}
			return r
		})
	case "Power":
		return scalarLoop(integerPower[E])
	}
	return nil
}

// lowest is the smallest value of E.
func lowest[E integer]() E {
	one := E(1)
	if ^E(0) > 0 {
		return 0
	}
	for one<<1 > 0 {
		one <<= 1
	}
	return one << 1
}

// integerPower is x to the power of y by repeated squaring; of a negative y the reciprocal, towards zero.
func integerPower[E integer](x, y E) E {
	if y < 0 {
		return reciprocalPower(x, y)
	}
	r := E(1)
	for ; y > 0; y >>= 1 {
		if y&1 == 1 {
			r *= x
		}
		x *= x
	}
	return r
}

func reciprocalPower[E integer](x, y E) E {
	switch {
	case x == 0:
		return lowest[E]()
	case x == 1 || x == ^E(0) && y&1 == 0: // of a signed type ^0 is -1
		return 1
	case x == ^E(0):
		return x
	}
	return 0
}
