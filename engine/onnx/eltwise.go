package onnx

import (
	"math"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

func init() {
	for onnxName, name := range map[string]string{"Add": "Add", "Sub": "Subtract", "Mul": "Multiply", "Div": "Divide",
		"Equal": "Equal", "Greater": "Greater", "GreaterOrEqual": "GreaterEqual", "Less": "Less", "LessOrEqual": "LessEqual",
		"And": "LogicalAnd", "Or": "LogicalOr", "Xor": "LogicalXor",
		"BitwiseAnd": "BitwiseAnd", "BitwiseOr": "BitwiseOr", "BitwiseXor": "BitwiseXor"} {
		register(onnxName, broadcast(name))
	}
	for onnxName, name := range map[string]string{"Relu": "Relu", "Tanh": "Tanh", "Sigmoid": "Sigmoid", "Sqrt": "Sqrt", "Exp": "Exp",
		"Log": "Log", "Abs": "Abs", "Neg": "Negative", "Floor": "Floor", "Ceil": "Ceiling", "Sign": "Sign", "Erf": "Erf",
		"Sin": "Sin", "Cos": "Cos", "Tan": "Tan", "Sinh": "Sinh", "Cosh": "Cosh", "Asin": "Asin", "Acos": "Acos", "Atan": "Atan",
		"Asinh": "Asinh", "Acosh": "Acosh", "Atanh": "Atanh", "Softplus": "SoftPlus", "Softsign": "SoftSign", "Mish": "Mish",
		"HardSwish": "HSwish", "Not": "LogicalNot", "BitwiseNot": "BitwiseNot", "IsNaN": "IsNaN"} {
		register(onnxName, unary(name))
	}
	for onnxName, name := range map[string]string{"Max": "Maximum", "Min": "Minimum", "Sum": "Add"} {
		register(onnxName, variadic(name))
	}
	register("Pow", power)
	register("Mean", mean)
	register("Mod", modulo)
	register("Round", func(c *call) []graph.Port {
		return c.one("Round", graph.Attrs{"mode": "half_to_even"}, c.input(0))
	})
	register("Reciprocal", reciprocal)
	register("IsInf", isInf)
	register("Where", func(c *call) []graph.Port {
		return c.one("Select", graph.Attrs{"auto_broadcast": "numpy"}, c.input(0), c.input(1), c.input(2))
	})
	register("BitShift", bitShift)
}

func unary(name string) operator {
	return func(c *call) []graph.Port { return c.one(name, nil, c.input(0)) }
}

// broadcast translates an operator with numpy's broadcasting (opset 7 and newer).
func broadcast(name string) operator {
	return func(c *call) []graph.Port {
		a, b := c.input(0), c.input(1)
		attrs := numpyBroadcast()
		if name == "Divide" && c.kind(a).IsInteger() {
			attrs["m_pythondiv"] = "false" // quotients of integers are cut towards zero
		}
		return c.one(name, attrs, a, b)
	}
}

func numpyBroadcast() graph.Attrs { return graph.Attrs{"auto_broadcast": "numpy"} }

// variadic translates an operator of any number of inputs as a chain.
func variadic(name string) operator {
	return func(c *call) []graph.Port {
		sum := c.input(0)
		for i := 1; i < len(c.in); i++ {
			sum = c.op(name, numpyBroadcast(), sum, c.input(i))
		}
		return []graph.Port{sum}
	}
}

// power computes in the type of the base, or where the exponent's has fractions or digits that the base's lacks, in that.
func power(c *call) []graph.Port {
	a, b := c.input(0), c.input(1)
	base, exponent := c.kind(a), c.kind(b)
	if !exponent.IsFloat() || base.IsFloat() && base.Bits() >= exponent.Bits() {
		return c.one("Power", numpyBroadcast(), a, c.convert(b, base))
	}
	y := c.op("Power", numpyBroadcast(), c.convert(a, exponent), b)
	return []graph.Port{c.convert(y, base)}
}

func mean(c *call) []graph.Port {
	sum := variadic("Add")(c)
	return c.one("Divide", numpyBroadcast(), sum[0], c.scalar(c.kind(c.in[0]), float64(len(c.in))))
}

// modulo is Mod, whose result has the dividend's sign with fmod, else the divisor's.
func modulo(c *call) []graph.Port {
	name := "FloorMod"
	if c.int("fmod", 0) != 0 {
		name = "Mod"
	}
	return c.one(name, numpyBroadcast(), c.input(0), c.input(1))
}

func reciprocal(c *call) []graph.Port {
	return c.one("Divide", numpyBroadcast(), c.scalar(c.kind(c.input(0)), 1), c.input(0))
}

func isInf(c *call) []graph.Port {
	return c.one("IsInf", graph.Attrs{"detect_negative": boolean(c.int("detect_negative", 1)), "detect_positive": boolean(c.int("detect_positive", 1))},
		c.input(0))
}

func boolean(v int) string {
	if v != 0 {
		return "true"
	}
	return "false"
}

func bitShift(c *call) []graph.Port {
	name := "BitwiseLeftShift"
	if c.string("direction", "") == "RIGHT" {
		name = "BitwiseRightShift"
	}
	return c.one(name, numpyBroadcast(), c.input(0), c.input(1))
}

// finite is v, or the largest float in its direction: an IR's data element has no infinities.
func finite(v float64) float64 {
	return max(min(v, math.MaxFloat32), -math.MaxFloat32)
}

// isScalarValue reports the value of a floating-point or integer input of one element that is known.
func (c *call) scalarValue(p graph.Port) (float64, bool) {
	v := c.known[p].Value
	if v == nil || v.Len() != 1 {
		return 0, false
	}
	t, err := tensor.ConvertExact(v, tensor.F64)
	if err != nil {
		return 0, false
	}
	return tensor.Data[float64](t)[0], true
}
