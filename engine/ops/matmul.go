package ops

import (
	"fmt"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

func init() { register("MatMul", newMatMul) }

// matMul is MatMul-1: numpy's matmul with optional transposition of the last two dimensions; operands of rank 1 are a row and a column,
// which are never transposed and whose dimension the result lacks. f64 is summed in f64, integers in their own type.
type matMul struct{ transposeA, transposeB bool }

func newMatMul(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	m := &matMul{transposeA: d.Bool("transpose_a", false), transposeB: d.Bool("transpose_b", false)}
	return m, d.Err()
}

// RoundsOperands makes it a Rounder.
func (m *matMul) RoundsOperands() {}

func (m *matMul) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 2, 2); err != nil {
		return nil, err
	}
	if in[0].Type != in[1].Type || in[0].Type == tensor.Bool {
		return nil, fmt.Errorf("inputs are %s and %s, want one number type", in[0].Type, in[1].Type)
	}
	if !shapesKnown(in) {
		return []Spec{{Type: in[0].Type}}, nil
	}
	s, err := m.sizes(in[0].Shape, in[1].Shape)
	if err != nil {
		return nil, err
	}
	return []Spec{{in[0].Type, s.out}}, nil
}

// MACs counts every product of two elements.
func (m *matMul) MACs(in []Arg, out []Spec) int64 {
	s, err := m.sizes(in[0].Shape, in[1].Shape)
	if err != nil {
		return 0
	}
	return macs(out[0].Shape, s.depth)
}

// wantAlike checks that the given inputs, those that there are, are floats kept alike: all of them f64 or none.
func wantAlike(in []Arg, inputs ...int) error {
	for _, i := range inputs {
		if i < len(in) && (!in[i].Type.IsFloat() || (in[i].Type == tensor.F64) != (in[0].Type == tensor.F64)) {
			return fmt.Errorf("input %d is %s, want a float type like that of input 0, %s", i, in[i].Type, in[0].Type)
		}
	}
	return nil
}

// macs is the number of multiply-adds for a result of the given shape with depth of them an element.
func macs(shape []int, depth int) int64 {
	n := int64(depth)
	for _, d := range shape {
		n *= int64(d)
	}
	return n
}

// matMulSizes are the sizes of one MatMul. Product i of the batch reads matrix a[i] of the first and b[i] of the second operand.
type matMulSizes struct {
	rows, cols, depth int
	batch             []int
	out               []int
}

func (m *matMul) sizes(a, b []int) (s matMulSizes, err error) {
	if len(a) == 0 || len(b) == 0 {
		return s, fmt.Errorf("inputs have shapes %v and %v, want at least one dimension", a, b)
	}
	a2, b2 := matrixOf(a, m.transposeA, true), matrixOf(b, m.transposeB, false)
	s.rows, s.depth, s.cols = a2[0], a2[1], b2[1]
	if s.depth != b2[0] {
		return s, fmt.Errorf("shapes %v and %v do not fit: %d columns, but %d rows", a, b, s.depth, b2[0])
	}
	if s.batch, err = broadcastShapes(batchOf(a), batchOf(b)); err != nil {
		return s, fmt.Errorf("shapes %v and %v: %w", a, b, err)
	}
	s.out = slices.Clone(s.batch)
	if len(a) > 1 {
		s.out = append(s.out, s.rows)
	}
	if len(b) > 1 {
		s.out = append(s.out, s.cols)
	}
	return s, nil
}

// matrixOf returns rows and columns of the last two dimensions of shape; a vector is a row or a column.
func matrixOf(shape []int, transpose, row bool) [2]int {
	n := len(shape)
	switch {
	case n == 1 && row:
		return [2]int{1, shape[0]}
	case n == 1:
		return [2]int{shape[0], 1}
	case transpose:
		return [2]int{shape[n-1], shape[n-2]}
	}
	return [2]int{shape[n-2], shape[n-1]}
}

func batchOf(shape []int) []int { return shape[:max(len(shape)-2, 0)] }

// broadcastShapes aligns a and b at their ends; dimensions must be equal or 1.
func broadcastShapes(a, b []int) ([]int, error) {
	out := make([]int, max(len(a), len(b)))
	for i := range out {
		x, y := 1, 1
		if j := i - len(out) + len(a); j >= 0 {
			x = a[j]
		}
		if j := i - len(out) + len(b); j >= 0 {
			y = b[j]
		}
		if x != y && x != 1 && y != 1 {
			return nil, fmt.Errorf("batch dimensions %v and %v do not broadcast", a, b)
		}
		out[i] = x
		if x == 1 {
			out[i] = y
		}
	}
	return out, nil
}

// batchIndex returns for every position in batch the index of the part of an operand with batch dimensions own that it reads.
func batchIndex(batch, own []int) []int {
	index := []int{0}
	for i, d := range batch {
		next := make([]int, 0, len(index)*d)
		size := 1
		if j := i - len(batch) + len(own); j >= 0 {
			size = own[j]
		}
		for _, base := range index {
			for k := range d {
				next = append(next, base*size+k%size)
			}
		}
		index = next
	}
	return index
}

func (m *matMul) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	s, err := m.sizes(in[0].Shape, in[1].Shape)
	if err != nil {
		return err
	}
	if out[0].Len() == 0 {
		return nil
	}
	a, b := batchIndex(s.batch, batchOf(in[0].Shape)), batchIndex(s.batch, batchOf(in[1].Shape))
	switch d := out[0].Any().(type) {
	case []float32:
		m.multiply(w, s, a, b, in, out[0], kernel.Epilogue{})
	case []float64:
		multiplyAny(w, m, s, a, b, in, d)
	case []int64:
		multiplyAny(w, m, s, a, b, in, d)
	case []int32:
		multiplyAny(w, m, s, a, b, in, d)
	case []int16:
		multiplyAny(w, m, s, a, b, in, d)
	case []int8:
		multiplyBytes(w, m, s, a, b, in, d)
	case []uint64:
		multiplyAny(w, m, s, a, b, in, d)
	case []uint32:
		multiplyAny(w, m, s, a, b, in, d)
	case []uint16:
		multiplyAny(w, m, s, a, b, in, d)
	case []uint8:
		multiplyBytes(w, m, s, a, b, in, d)
	}
	return nil
}

// multiply computes the products of floats, with a bias of e behind them.
func (m *matMul) multiply(w *kernel.Workers, s matMulSizes, a, b []int, in []Operand, out *tensor.Tensor, e kernel.Epilogue) {
	e.Round = typeGrid(out.Type)
	if s.depth == 0 {
		clear(out.F32s())
		for i := range min(len(e.ColBias), 1) * out.Len() {
			out.F32s()[i] = e.ColBias[i%s.cols]
		}
		kernel.RoundTo(out.F32s(), e.Round)
		return
	}
	f := kernel.Factors{LeftOf: a, RightOf: b, RoundLeft: in[0].reading(), RoundRight: in[1].reading()}
	left, right := in[0].F32s(), in[1].F32s()
	transposeA, transposeB := m.transposeA && len(in[0].Shape) > 1, m.transposeB && len(in[1].Shape) > 1
	if b[len(b)-1] == 0 && len(a)*s.rows*s.depth == len(left) && !transposeA { // one product of all rows
		s.rows *= len(a)
		f.LeftOf, f.RightOf = []int{0}, []int{0}
	}
	f.Left = matrices(left, s.rows, s.depth, transposeA)
	f.Right = matrices(right, s.depth, s.cols, transposeB)
	w.Multiply(f, out.F32s(), e)
}

// matrices are the matrices that data holds one after the other; without elements there is one.
func matrices(data []float32, rows, cols int, transposed bool) []kernel.Matrix {
	r := []kernel.Matrix{}
	for i := range max(len(data)/max(rows*cols, 1), 1) {
		r = append(r, matrix(data[i*rows*cols:], rows, cols, transposed))
	}
	return r
}

// matrix is the rows x cols matrix that data holds row by row, or column by column when it is transposed.
func matrix(data []float32, rows, cols int, transposed bool) kernel.Matrix {
	if transposed {
		return kernel.RowMajor(data, cols, rows).Transposed()
	}
	return kernel.RowMajor(data, rows, cols)
}

// typeGrid is the grid that the elements of type t lie on, F32 for none.
func typeGrid(t tensor.DType) tensor.DType {
	if t == tensor.F16 || t == tensor.BF16 {
		return t
	}
	return tensor.F32
}

// multiplyBytes computes a MatMul of 8 bits, whose sums saturate as in the CPU plugin.
func multiplyBytes[E int8 | uint8](w *kernel.Workers, m *matMul, s matMulSizes, a, b []int, in []Operand, out []E) {
	wide := make([]Operand, len(in))
	for i, operand := range in {
		wide[i] = Operand{Tensor: tensor.New(tensor.I32, operand.Shape...)}
		convertIntegers(w, tensor.Data[E](operand.Tensor), wide[i].Tensor)
	}
	sums := make([]int32, len(out))
	multiplyAny(w, m, s, a, b, wide, sums)
	for i, v := range sums {
		out[i] = saturated[E](int(v))
	}
}

// multiplyAny computes a MatMul of any other type, row by row.
func multiplyAny[E number](w *kernel.Workers, m *matMul, s matMulSizes, a, b []int, in []Operand, out []E) {
	left, right := tensor.Data[E](in[0].Tensor), tensor.Data[E](in[1].Tensor)
	rowStep, depthStep := s.depth, 1
	if m.transposeA && len(in[0].Shape) > 1 {
		rowStep, depthStep = 1, s.rows
	}
	rightStep, colStep := s.cols, 1
	if m.transposeB && len(in[1].Shape) > 1 {
		rightStep, colStep = 1, s.depth
	}
	w.For(len(a)*s.rows, 1+1<<14/max(s.cols*s.depth, 1), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			x, y := left[a[r/s.rows]*s.rows*s.depth+r%s.rows*rowStep:], right[b[r/s.rows]*s.depth*s.cols:]
			row := out[r*s.cols:][:s.cols]
			clear(row)
			for k := range s.depth {
				for j := range row {
					row[j] += x[k*depthStep] * y[k*rightStep+j*colStep]
				}
			}
		}
	})
}
