package ops

import (
	"fmt"
	"math"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// Inverse (opset14): the inverses of square matrices, with adjoint transposed, by LU decomposition with partial pivoting. A singular
// matrix gives what division by zero gives.
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/matrix/Inverse_14.html
func init() {
	register("Inverse", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		return inverse{d.Bool("adjoint", false)}, d.Err()
	})
}

type inverse struct{ adjoint bool }

func (v inverse) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 1, 1); err != nil {
		return nil, err
	}
	if err := wantFloats(in, 0); err != nil {
		return nil, err
	}
	if s := in[0].Shape; s != nil && (len(s) < 2 || s[len(s)-1] != s[len(s)-2]) {
		return nil, fmt.Errorf("input 0 has shape %v, want square matrices", s)
	}
	return []Spec{{in[0].Type, in[0].Shape}}, nil
}

// MACs counts the decomposition and the solution of n systems.
func (v inverse) MACs(in []Arg, out []Spec) int64 {
	n := in[0].Shape[len(in[0].Shape)-1]
	return macs(out[0].Shape, n)
}

func (v inverse) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	if out[0].Len() == 0 {
		return nil
	}
	n := out[0].Shape[len(out[0].Shape)-1]
	w.For(out[0].Len()/(n*n), 1+expensiveGrain/(n*n*n), func(lo, hi int) {
		if out[0].Type == tensor.F64 {
			invertMatrices[float64](v, n, out[0], in[0].Tensor, lo, hi)
		} else {
			invertMatrices[float32](v, n, out[0], in[0].Tensor, lo, hi)
		}
	})
	return nil
}

func invertMatrices[E real](v inverse, n int, out, in *tensor.Tensor, lo, hi int) {
	src, dst := tensor.Data[E](in), tensor.Data[E](out)
	lu := make([]E, n*n)
	x, order := make([]E, n), make([]int, n)
	for ; lo < hi; lo++ {
		copy(lu, src[lo*n*n:])
		inv := dst[lo*n*n:][:n*n]
		decompose(lu, order, n)
		for column := range n {
			solve(lu, order, x, column)
			for row, value := range x {
				if v.adjoint {
					inv[column*n+row] = value
				} else {
					inv[row*n+column] = value
				}
			}
		}
		roundTo(out.Type, inv)
	}
}

// decompose overwrites a, n x n, with its factors: P*a = L*U, where L has ones on its diagonal and order is the permutation.
func decompose[E real](a []E, order []int, n int) {
	for i := range order {
		order[i] = i
	}
	for k := range n {
		pivot := k
		for i := k + 1; i < n; i++ {
			if math.Abs(float64(a[i*n+k])) > math.Abs(float64(a[pivot*n+k])) {
				pivot = i
			}
		}
		if pivot != k {
			order[k], order[pivot] = order[pivot], order[k]
			for j := range n {
				a[k*n+j], a[pivot*n+j] = a[pivot*n+j], a[k*n+j]
			}
		}
		for i := k + 1; i < n; i++ {
			a[i*n+k] /= a[k*n+k]
			subtractScaled(a[i*n+k+1:i*n+n], a[k*n+k+1:k*n+n], a[i*n+k])
		}
	}
}

// subtractScaled computes x -= y*factor.
func subtractScaled[E real](x, y []E, factor E) {
	for i, v := range y {
		x[i] -= E(v * factor)
	}
}

// solve computes one column x of the inverse of the decomposed matrix.
func solve[E real](lu []E, order []int, x []E, column int) {
	n := len(x)
	for i := range n {
		x[i] = 0
		if order[i] == column {
			x[i] = 1
		}
		for j, v := range x[:i] {
			x[i] -= E(lu[i*n+j] * v)
		}
	}
	for i := n - 1; i >= 0; i-- {
		for j := i + 1; j < n; j++ {
			x[i] -= E(lu[i*n+j] * x[j])
		}
		x[i] /= lu[i*n+i]
	}
}
