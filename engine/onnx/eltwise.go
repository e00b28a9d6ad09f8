package onnx

import "halfway/engine/graph"

func init() {
	for onnxName, name := range map[string]string{"Add": "Add", "Sub": "Subtract", "Mul": "Multiply", "Div": "Divide", "Pow": "Power"} {
		register(onnxName, broadcast(name))
	}
	for onnxName, name := range map[string]string{"Relu": "Relu", "Tanh": "Tanh", "Sigmoid": "Sigmoid", "Sqrt": "Sqrt", "Exp": "Exp"} {
		register(onnxName, unary(name))
	}
}

func unary(name string) operator {
	return func(c *call) ([]graph.Port, error) { return c.one(name, nil, c.input(0)) }
}

// broadcast translates an operator with numpy's broadcasting (opset 7 and newer).
func broadcast(name string) operator {
	return func(c *call) ([]graph.Port, error) {
		return c.one(name, graph.Attrs{"auto_broadcast": "numpy"}, c.input(0), c.input(1))
	}
}
