package kernel

import (
	"halfway/engine/tensor"
)

// A product is computed in tiles of tileRows x tileCols elements, whose sums stay in registers.
const (
	tileRows = 6
	tileCols = 16
)

// Rows that are left over, or all of a matrix, are computed one by one where they are up to fewRows, rowPanels panels of the right operand at a
// time: a tile costs as much as six rows.
const (
	fewRows   = 3
	rowPanels = 4
)

// A Matrix is a view of Data: element (i, j) is Data[i*RowStride+j*ColStride].
type Matrix struct {
	Data                 []float32
	Rows, Cols           int
	RowStride, ColStride int
}

// RowMajor is the matrix of rows x cols elements that lie one row after the other.
func RowMajor(data []float32, rows, cols int) Matrix {
	return Matrix{Data: data, Rows: rows, Cols: cols, RowStride: cols, ColStride: 1}
}

// Transposed is the same elements with rows and columns exchanged.
func (m Matrix) Transposed() Matrix {
	return Matrix{Data: m.Data, Rows: m.Cols, Cols: m.Rows, RowStride: m.ColStride, ColStride: m.RowStride}
}

// Left is the left operand of a product, packed in panels of tileRows rows: for each column the elements of the panel's rows. Rows beyond the
// last are 0.
type Left struct {
	rows, depth int
	data        []float32
}

// Right is the right operand of a product, packed in panels of tileCols columns: for each row the elements of the panel's columns.
// Columns beyond the last are 0.
type Right struct {
	depth, cols int
	data        []float32
}

// PackLeft packs m, rounded to the grid of t.
func (w *Workers) PackLeft(m Matrix, t tensor.DType) *Left {
	l := &Left{rows: m.Rows, depth: m.Cols, data: make([]float32, leftSize(m.Rows, m.Cols))}
	w.For(panels(m.Rows, tileRows), packGrain(m.Cols*tileRows), func(lo, hi int) { packLeft(l.data, m, t, lo, hi) })
	return l
}

// PackRight packs m, rounded to the grid of t.
func (w *Workers) PackRight(m Matrix, t tensor.DType) *Right {
	r := &Right{depth: m.Rows, cols: m.Cols, data: make([]float32, panels(m.Cols, tileCols)*tileCols*m.Rows)}
	w.For(panels(m.Cols, tileCols), packGrain(m.Rows*tileCols), func(lo, hi int) {
		for p := lo; p < hi; p++ {
			panel := r.data[p*m.Rows*tileCols:][:m.Rows*tileCols]
			packPanel(panel, m.Transposed(), p*tileCols, 0, m.Rows, tileCols)
			RoundTo(panel, t)
		}
	})
	return r
}

// packGrain is the number of panels of the given size that are worth a thread.
func packGrain(size int) int { return 1 + 1<<14/max(size, 1) }

func panels(n, size int) int { return (n + size - 1) / size }

func leftSize(rows, depth int) int { return panels(rows, tileRows) * tileRows * depth }

// packLeft packs the panels [lo, hi) of m to their places in dst.
func packLeft(dst []float32, m Matrix, t tensor.DType, lo, hi int) {
	for p := lo; p < hi; p++ {
		panel := dst[p*m.Cols*tileRows:][:m.Cols*tileRows]
		packPanel(panel, m, p*tileRows, 0, m.Cols, tileRows)
		RoundTo(panel, t)
	}
}

// packPanel writes the elements (row+i, k) of m for k in [k0, k1) and i in [0, width) to dst, those of one k together. Rows that m does
// not have are 0.
func packPanel(dst []float32, m Matrix, row, k0, k1, width int) {
	n, start := min(width, m.Rows-row), k0
	switch {
	case k0 == k1: // without rows the data has no elements
		return
	case n < width:
		clear(dst[:(k1-k0)*width])
	case m.RowStride == 1 && width == tileCols:
		for k := k0; k < k1; k++ {
			*(*[tileCols]float32)(dst[(k-k0)*tileCols:]) = [tileCols]float32(m.Data[k*m.ColStride+row:])
		}
		return
	case m.RowStride == 1:
		for k := k0; k < k1; k++ {
			copy(dst[(k-k0)*width:][:width], m.Data[k*m.ColStride+row:])
		}
		return
	}
	if m.ColStride == 1 {
		k0 = interleave(dst, m, row, n, k0, k1, width)
	}
	for i := range n {
		src := m.Data[(row+i)*m.RowStride:]
		for k := k0; k < k1; k++ {
			dst[(k-start)*width+i] = src[k*m.ColStride]
		}
	}
}
