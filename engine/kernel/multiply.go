package kernel

import (
	"sync"

	"halfway/engine/tensor"
)

// Factors are the operands of products of equal size: product i reads the matrices Left[LeftOf[i]] and Right[RightOf[i]], rounded to the
// grids RoundLeft and RoundRight.
type Factors struct {
	Left, Right           []Matrix
	LeftOf, RightOf       []int
	RoundLeft, RoundRight tensor.DType
}

// Multiply computes the products of f to out, one after the other, by the rules of Product.
func (w *Workers) Multiply(f Factors, out []float32, e Epilogue) {
	rows, depth, cols := f.Left[0].Rows, f.Left[0].Cols, f.Right[0].Cols
	size, n := leftSize(rows, depth), panels(rows, tileRows)
	scratch := borrow(len(f.Left) * size)
	defer giveBack(scratch)
	w.For(len(f.Left)*n, packGrain(depth*tileRows), func(lo, hi int) {
		for p := lo; p < hi; p++ {
			packLeft((*scratch)[p/n*size:], f.Left[p/n], f.RoundLeft, p%n, p%n+1)
		}
	})
	w.Products(len(f.LeftOf), func(i int) Product {
		left := Left{rows: rows, depth: depth, data: (*scratch)[f.LeftOf[i]*size:][:size]}
		return Product{Out: out[i*rows*cols:], At: i * rows * cols, Stride: cols, Cols: cols, Left: &left, Right: unpacked{f.Right[f.RightOf[i]], f.RoundRight}, Epilogue: e}
	})
}

// one runs in the caller's thread.
var one = NewWorkers(1)

// MultiplySerial computes out = a x b in the caller's thread, by the rules of Product.
func MultiplySerial(out []float32, a, b Matrix, e Epilogue) {
	one.Multiply(Factors{Left: []Matrix{a}, Right: []Matrix{b}, LeftOf: []int{0}, RightOf: []int{0}}, out, e)
}

// MultiplyPacked computes out = m x r, where m is rounded to the grid of t.
func (w *Workers) MultiplyPacked(m Matrix, t tensor.DType, r *Right, out []float32, e Epilogue) {
	size := leftSize(m.Rows, m.Cols)
	scratch := borrow(size)
	defer giveBack(scratch)
	left := Left{rows: m.Rows, depth: m.Cols, data: *scratch}
	w.For(panels(m.Rows, tileRows), packGrain(m.Cols*tileRows), func(lo, hi int) { packLeft(*scratch, m, t, lo, hi) })
	w.Products(1, func(int) Product {
		return Product{Out: out, Stride: r.cols, Cols: r.cols, Left: &left, Right: r, Epilogue: e}
	})
}

var scratchPool = sync.Pool{New: func() any { return new([]float32) }}

// borrow returns n elements of no defined content.
func borrow(n int) *[]float32 {
	s := scratchPool.Get().(*[]float32)
	if cap(*s) < n {
		*s = make([]float32, n)
	}
	*s = (*s)[:n]
	return s
}

func giveBack(s *[]float32) { scratchPool.Put(s) }
