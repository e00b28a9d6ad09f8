package ops

import (
	"fmt"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

func init() { register("FullyConnected", newFullyConnected) }

// fullyConnected is the plugin's FullyConnected: input 0 [..., K] times constant weights of K x N, or N x K with transpose_b, plus an optional
// bias of N elements. Weights of several matrices are each for their part of the batch, as in a MatMul.
type fullyConnected struct {
	transposeB bool
	packed[*kernel.Right]
}

func newFullyConnected(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	f := &fullyConnected{transposeB: d.Bool("transpose_b", true)}
	return f, d.Err()
}

// RoundsOperands makes it a Rounder.
func (f *fullyConnected) RoundsOperands() {}

func (f *fullyConnected) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 2, 3); err != nil {
		return nil, err
	}
	if err := wantAlike(in, 0, 1, 2); err != nil {
		return nil, err
	}
	if !shapesKnown(in) {
		return []Spec{{Type: in[0].Type}}, nil
	}
	x, weights := in[0].Shape, in[1].Shape
	if len(x) < 1 || len(weights) < 2 {
		return nil, fmt.Errorf("inputs have shapes %v and %v, want ranks of at least 1 and 2", x, weights)
	}
	depth, cols := f.sizes(weights)
	if x[len(x)-1] != depth {
		return nil, fmt.Errorf("shapes %v and %v do not fit: %d columns, but %d rows", x, weights, x[len(x)-1], depth)
	}
	if len(in) == 3 {
		if n, err := tensor.Elements(in[2].Shape); err != nil || n != cols && n != 1 {
			return nil, fmt.Errorf("bias has shape %v, want %d elements", in[2].Shape, cols)
		}
	}
	if !oneMatrix(weights) {
		return (&matMul{transposeB: f.transposeB}).Infer(in[:2])
	}
	var out []int
	for range len(weights) - len(x) {
		out = append(out, 1)
	}
	return []Spec{{in[0].Type, append(append(out, x[:len(x)-1]...), cols)}}, nil
}

// oneMatrix reports whether the dimensions but the last two are 1.
func oneMatrix(shape []int) bool {
	return !slices.ContainsFunc(batchOf(shape), func(d int) bool { return d != 1 })
}

func (f *fullyConnected) sizes(weights []int) (depth, cols int) {
	m := matrixOf(weights, f.transposeB, false)
	return m[0], m[1]
}

// MACs counts every product of two elements.
func (f *fullyConnected) MACs(in []Arg, out []Spec) int64 {
	return macs(out[0].Shape, in[0].Shape[len(in[0].Shape)-1])
}

func (f *fullyConnected) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	return f.EvalThen(w, in, out, nil)
}

// EvalThen makes it a Leader.
func (f *fullyConnected) EvalThen(w *kernel.Workers, in []Operand, out []*tensor.Tensor, then func(x []float32, at int)) error {
	depth, cols := f.sizes(in[1].Shape)
	if out[0].Len() == 0 {
		return nil
	}
	if out[0].Type == tensor.F64 {
		return f.eval64(w, in, out)
	}
	e := kernel.Epilogue{Round: typeGrid(out[0].Type), Then: then}
	if len(in) == 3 {
		e.ColBias = channelBias(in[2], cols)
	}
	if m := (&matMul{transposeB: f.transposeB}); !oneMatrix(in[1].Shape) {
		s, err := m.sizes(in[0].Shape, in[1].Shape)
		if err != nil {
			return err
		}
		m.multiply(w, s, batchIndex(s.batch, batchOf(in[0].Shape)), batchIndex(s.batch, batchOf(in[1].Shape)), in, out[0], e)
		return nil
	}
	y := out[0].F32s()
	right := f.get(in[1], func() *kernel.Right { return w.PackRight(matrix(in[1].F32s(), depth, cols, f.transposeB), in[1].Round) })
	rows := len(y) / cols
	w.MultiplyPacked(kernel.RowMajor(in[0].F32s(), rows, depth), in[0].reading(), right, y, e)
	return nil
}

// eval64 computes in f64.
func (f *fullyConnected) eval64(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	if err := (&matMul{transposeB: f.transposeB}).Eval(w, in[:2], out); err != nil || len(in) < 3 {
		return err
	}
	y, bias := tensor.Data[float64](out[0]), tensor.Data[float64](in[2].Tensor)
	_, cols := f.sizes(in[1].Shape)
	for i := range y {
		y[i] += bias[i%cols%len(bias)]
	}
	return nil
}

// channelBias returns the bias of each of n channels, rounded as its operand says; a single element is everybody's.
func channelBias(b Operand, n int) []float32 {
	bias, src := make([]float32, n), b.F32s()
	for i := range bias {
		bias[i] = src[i%len(src)]
	}
	kernel.RoundTo(bias, b.Round)
	return bias
}
