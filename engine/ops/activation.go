package ops

import (
	"math"

	"halfway/engine/graph"
	"halfway/engine/kernel"
)

// activations are functions with attributes or further inputs: for each operation the number of further inputs, at least and at most, and
// what makes the function of the attributes and those inputs.
var activations = map[string]struct {
	least, most int
	decode      func(d *graph.Decoder) func(parameters []float64) function
}{
	"Elu":         {0, 0, decodeElu},
	"Gelu":        {0, 0, decodeGelu},
	"HardSigmoid": {2, 2, func(*graph.Decoder) func([]float64) function { return hardSigmoid }},
	"LeakyRelu":   {0, 0, decodeLeakyRelu},
	"PowerStatic": {0, 0, decodePowerStatic},
	"Selu":        {2, 2, func(*graph.Decoder) func([]float64) function { return selu }},
	"Swish":       {0, 1, func(*graph.Decoder) func([]float64) function { return swish }},
	"SwishCPU":    {0, 0, decodeSwishCPU},
}

func init() {
	for op, a := range activations {
		register(op, func(n *graph.Node) (Op, error) {
			d := n.Attrs.Decode()
			f := a.decode(d)
			return &pointwise{a.least, a.most, f}, d.Err()
		})
	}
}

// constantly is for functions that no input changes.
func constantly(f function) func([]float64) function { return func([]float64) function { return f } }

// decodeElu: alpha (exp(x) - 1) of negative x, else x.
func decodeElu(d *graph.Decoder) func([]float64) function {
	d.Required("alpha")
	alpha := d.Float("alpha", 1)
	return constantly(function{f64: func(x float64) float64 {
		if x >= 0 {
			return x
		}
		return alpha * math.Expm1(x)
	}})
}

// selu: lambda x of positive x, else lambda alpha (exp(x) - 1).
func selu(p []float64) function {
	alpha, lambda := p[0], p[1]
	return function{f64: func(x float64) float64 {
		if x > 0 {
			return lambda * x
		}
		return lambda * alpha * math.Expm1(x)
	}}
}

// hardSigmoid: alpha x + beta, clamped to [0, 1].
func hardSigmoid(p []float64) function {
	alpha, beta := p[0], p[1]
	return function{f64: func(x float64) float64 { return max(0, min(1, alpha*x+beta)) }}
}

// decodeLeakyRelu is the plugin's own form of a PRelu with one slope.
func decodeLeakyRelu(d *graph.Decoder) func([]float64) function {
	d.Required("negative_slope")
	slope := d.Float("negative_slope", 0)
	slope32 := float32(slope)
	return constantly(function{
		func(x float64) float64 {
			if x < 0 {
				return x * slope
			}
			return x
		},
		func(dst, src []float32) {
			for i, v := range src {
				dst[i] = either(v < 0, v*slope32, v)
			}
		},
	})
}

// decodePowerStatic is the plugin's own form of Power, Multiply and Add with constants of one element: (shift + scale x) to the power.
func decodePowerStatic(d *graph.Decoder) func([]float64) function {
	exponent, scale, shift := d.Float("power", 1), d.Float("scale", 1), d.Float("shift", 0)
	exponent32, scale32, shift32 := float32(exponent), float32(scale), float32(shift)
	f := function{f64: func(x float64) float64 { return power(scale*x+shift, exponent) }}
	f.f32 = func(dst, src []float32) {
		kernel.ScaleShift(dst, src, scale32, shift32)
		switch exponent32 {
		case 1:
		case 2:
			kernel.Multiply(dst, dst, dst)
		default:
			for i, v := range dst {
				dst[i] = power(v, exponent32)
			}
		}
	}
	return constantly(f)
}

// swish: x sigmoid(beta x), beta 1 when it is not given.
func swish(p []float64) function {
	beta := 1.0
	if len(p) > 0 {
		beta = p[0]
	}
	return swishOf(beta)
}

// decodeSwishCPU is the plugin's own form of Swish, with beta as an attribute.
func decodeSwishCPU(d *graph.Decoder) func([]float64) function {
	return constantly(swishOf(d.Float("alpha", 1)))
}

func swishOf(beta float64) function {
	beta32 := float32(beta)
	return function{
		func(x float64) float64 { return x * sigmoid(beta*x) },
		func(dst, src []float32) {
			var buf [block]float32
			s := buf[:len(src)]
			kernel.ScaleShift(s, src, beta32, 0)
			kernel.Sigmoid(s, s)
			kernel.Multiply(dst, src, s)
		},
	}
}

// decodeGelu: x times the normal distribution's probability below x, exact or approximated by tanh. Source: Hendrycks and Gimpel, 2016.
func decodeGelu(d *graph.Decoder) func([]float64) function {
	if d.Enum("approximation_mode", "ERF", "ERF", "TANH") == "TANH" {
		return constantly(function{geluTanh, geluTanh32})
	}
	return constantly(function{geluErf, geluErf32})
}

func geluErf(x float64) float64 { return x / 2 * (1 + math.Erf(x/math.Sqrt2)) }

func geluErf32(dst, src []float32) {
	var buf [block]float32
	e := buf[:len(src)]
	kernel.ScaleShift(e, src, 1/math.Sqrt2, 0)
	kernel.Erf(e, e)
	kernel.ScaleShift(e, e, 0.5, 0.5)
	kernel.Multiply(dst, src, e)
}

const geluCubic = 0.044715

var geluScale = math.Sqrt(2 / math.Pi)

func geluTanh(x float64) float64 { return x / 2 * (1 + math.Tanh(geluScale*(x+geluCubic*x*x*x))) }

func geluTanh32(dst, src []float32) {
	var buf [block]float32
	t := buf[:len(src)]
	scale := float32(geluScale)
	for i, v := range src {
		t[i] = scale * v * (1 + float32(geluCubic*v*v))
	}
	kernel.Tanh(t, t)
	for i, v := range src {
		dst[i] = 0.5 * v * (1 + t[i])
	}
}
