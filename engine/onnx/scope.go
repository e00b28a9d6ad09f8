package onnx

import (
	"fmt"
	"os"
	"strings"
)

// Scope returns the version of the default operators that the model at path uses, and whether its inputs and outputs are all tensors of
// numbers and no operator is one of training: what can be expected to run.
func Scope(path string) (opset int, tensors bool, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, false, err
	}
	m, err := parseModel(b)
	if err != nil || m.graph == nil {
		return 0, false, fmt.Errorf("%s: not an ONNX model, or damaged: %w", path, err)
	}
	tensors = true
	for domain := range m.opsets {
		tensors = tensors && !strings.Contains(domain, "training")
	}
	const text = 8
	for _, v := range append(m.graph.inputs, m.graph.outputs...) {
		tensors = tensors && v.kind == "tensor" && v.elemType != text
	}
	return m.opsets[""], tensors, nil
}
