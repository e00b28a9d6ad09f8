package ops

import (
	"fmt"
	"math"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// Det is ONNX's operator of this name: the determinants of square matrices, by elimination with partial pivoting in f64.
// https://onnx.ai/onnx/operators/onnx__Det.html The plugin has no such node.
func init() { register("Det", func(*graph.Node) (Op, error) { return det{}, nil }) }

type det struct{}

func (det) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 1, 1); err != nil {
		return nil, err
	}
	if err := wantFloats(in, 0); err != nil {
		return nil, err
	}
	s := in[0].Shape
	if s == nil {
		return []Spec{{Type: in[0].Type}}, nil
	}
	if len(s) < 2 || s[len(s)-1] != s[len(s)-2] {
		return nil, fmt.Errorf("input 0 has shape %v, want square matrices", s)
	}
	return []Spec{{in[0].Type, joinShapes(s[:len(s)-2])}}, nil
}

func (det) Eval(_ *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	n := in[0].Shape[len(in[0].Shape)-1]
	matrices := append([]float64{}, floatValues(in[0].Tensor)...)
	results := make([]float64, out[0].Len())
	for i := range results {
		results[i] = determinant(matrices[i*n*n:][:n*n], n)
	}
	storeFloats(out[0], results)
	return nil
}

// determinant changes m, which has n rows.
func determinant(m []float64, n int) float64 {
	product := 1.0
	for k := range n {
		pivot := k
		for i := k + 1; i < n; i++ {
			if math.Abs(m[i*n+k]) > math.Abs(m[pivot*n+k]) {
				pivot = i
			}
		}
		if m[pivot*n+k] == 0 {
			return 0
		}
		if pivot != k {
			product = -product
			for j := range n {
				m[k*n+j], m[pivot*n+j] = m[pivot*n+j], m[k*n+j]
			}
		}
		product *= m[k*n+k]
		for i := k + 1; i < n; i++ {
			factor := m[i*n+k] / m[k*n+k]
			for j := k; j < n; j++ {
				m[i*n+j] -= float64(factor * m[k*n+j])
			}
		}
	}
	return product
}
