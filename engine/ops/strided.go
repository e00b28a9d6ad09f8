package ops

import (
	"slices"

	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// A layout says where the elements of an array lie in a tensor: (i, j, ...) at offset + i*strides[0] + j*strides[1] + ...
// Strides may be zero or negative.
type layout struct {
	offset  int
	strides []int
}

// dense is the layout of a row-major array.
func dense(shape []int) layout {
	l := layout{strides: make([]int, len(shape))}
	n := 1
	for i := len(shape) - 1; i >= 0; i-- {
		l.strides[i] = n
		n *= shape[i]
	}
	return l
}

// A span is one loop of a movement: n steps of the given strides.
type span struct{ n, to, from int }

// A movement copies an array between two layouts: loops over outer, in each a band of rows.
type movement struct {
	outer    []span
	rows     span
	row      span
	to, from int
	band     int // rows that are done at a time
	bands    int // of all rows
	tasks    int // bands of all outer steps
}

// bandElements is the size of a band from which on it has fewer than bandRows rows, so that there are bands for all threads.
const (
	bandRows     = 64
	bandElements = 1 << 16
)

// move copies an array of the given shape from one layout in src to another in dst, a tensor of the same type.
func move(w *kernel.Workers, shape []int, dst *tensor.Tensor, to layout, src *tensor.Tensor, from layout) {
	if slices.Contains(shape, 0) {
		return
	}
	m := newMovement(shape, to, from)
	byWidth(dst, moveBits[uint8], moveBits[uint16], moveBits[uint32], moveBits[uint64])(w, m, dst, src)
}

// copyAll copies the elements of src, which has as many as dst.
func copyAll(w *kernel.Workers, dst, src *tensor.Tensor) {
	flat := []int{dst.Len()}
	move(w, flat, dst, dense(flat), src, dense(flat))
}

// fill sets every element of dst to the first of value.
func fill(w *kernel.Workers, dst, value *tensor.Tensor) {
	flat := []int{dst.Len()}
	move(w, flat, dst, dense(flat), value, layout{strides: []int{0}})
}

func newMovement(shape []int, to, from layout) *movement {
	loops := spans(shape, to.strides, from.strides)
	m := &movement{row: loops[len(loops)-1], to: to.offset, from: from.offset}
	loops = loops[:len(loops)-1]
	i := len(loops) - 1
	if m.row.from != 1 && m.row.from != 0 { // the loop that reads consecutive elements, if any, goes next to that which writes them
		if j := slices.IndexFunc(loops, func(s span) bool { return s.from == 1 }); j >= 0 {
			i = j
		}
	}
	m.rows = loops[i]
	m.outer = slices.Delete(loops, i, i+1)
	m.band = bandRows
	if m.rows.from != 1 { // not a transposition, which reads bands of whole lines
		m.band = min(bandRows, max(bandElements/m.row.n, 1))
	}
	m.bands = (m.rows.n + m.band - 1) / m.band
	m.tasks = m.bands
	for _, s := range m.outer {
		m.tasks *= s.n
	}
	return m
}

// spans returns the loops over shape, at least two: without those of one step, and adjacent ones that step like one joined.
func spans(shape, to, from []int) []span {
	var r []span
	for i, n := range shape {
		s := span{n, to[i], from[i]}
		if n == 1 {
			continue
		}
		if k := len(r) - 1; k >= 0 && r[k].to == s.to*n && r[k].from == s.from*n {
			r[k] = span{r[k].n * n, s.to, s.from}
			continue
		}
		r = append(r, s)
	}
	for len(r) < 2 {
		r = slices.Insert(r, 0, span{n: 1, to: 1, from: 1})
	}
	return r
}

func moveBits[E word](w *kernel.Workers, m *movement, d, s *tensor.Tensor) {
	dst, src := tensor.Bits[E](d), tensor.Bits[E](s)
	if m.tasks == 1 && m.rows.n == 1 { // one run: the threads share it
		w.For(m.row.n, bandElements, func(lo, hi int) {
			moveRows(dst, src, m.to+lo*m.row.to, m.from+lo*m.row.from, m.rows, span{hi - lo, m.row.to, m.row.from})
		})
		return
	}
	work := min(m.rows.n, m.band) * m.row.n
	w.For(m.tasks, 1+1<<15/work, func(lo, hi int) {
		m.each(lo, hi, func(to, from, rows int) { moveRows(dst, src, to, from, span{rows, m.rows.to, m.rows.from}, m.row) })
	})
}

// each calls f for the bands lo to hi with the position of their first element and their number of rows.
func (m *movement) each(lo, hi int, f func(to, from, rows int)) {
	band, step := lo%m.bands, lo/m.bands
	index := make([]int, len(m.outer))
	to, from := m.to, m.from
	for i := len(m.outer) - 1; i >= 0; i-- {
		s := m.outer[i]
		index[i] = step % s.n
		step /= s.n
		to, from = to+index[i]*s.to, from+index[i]*s.from
	}
	for ; lo < hi; lo++ {
		first := band * m.band
		f(to+first*m.rows.to, from+first*m.rows.from, min(m.band, m.rows.n-first))
		if band++; band < m.bands {
			continue
		}
		band = 0
		for i := len(m.outer) - 1; i >= 0; i-- {
			s := m.outer[i]
			to, from = to+s.to, from+s.from
			if index[i]++; index[i] < s.n {
				break
			}
			index[i] = 0
			to, from = to-s.n*s.to, from-s.n*s.from
		}
	}
}

// moveRows copies rows, choosing the loop by how the elements lie.
func moveRows[E word](dst, src []E, to, from int, rows, row span) {
	switch {
	case row.to == 1 && row.from == 1 && row.n >= 8:
		for i := range rows.n {
			copy(dst[to+i*rows.to:][:row.n], src[from+i*rows.from:][:row.n])
		}
	case row.to == 1 && row.from == 0:
		for i := range rows.n {
			fillRun(dst[to+i*rows.to:][:row.n], src[from+i*rows.from])
		}
	case row.to == 1 && rows.from == 1:
		transposeRows(dst, src, to, from, rows, row)
	case row.to == 1:
		for i := range rows.n {
			k := from + i*rows.from
			d := dst[to+i*rows.to:][:row.n]
			for j := range d {
				d[j] = src[k]
				k += row.from
			}
		}
	default:
		for i := range rows.n {
			t, k := to+i*rows.to, from+i*rows.from
			for range row.n {
				dst[t] = src[k]
				t, k = t+row.to, k+row.from
			}
		}
	}
}

// fillRun sets all elements of d, which is not empty, to v.
func fillRun[E word](d []E, v E) {
	short := d[:min(len(d), 16)]
	for i := range short {
		short[i] = v
	}
	for n := len(short); n < len(d); n *= 2 {
		copy(d[n:], d[:n])
	}
}

// tileSide is the side of the tiles in which a matrix is transposed: a row of them is at least one line of the cache for all but bytes.
const tileSide = 16

// transposeRows writes rows of consecutive elements that are read down columns, tile by tile through a buffer, so that lines of the cache are
// read and written as a whole: strides that are powers of two map all of a tile's lines to the same few places.
func transposeRows[E word](dst, src []E, to, from int, rows, row span) {
	var tile [tileSide][tileSide]E
	for j := 0; j < row.n; j += tileSide {
		for i := 0; i < rows.n; i += tileSide {
			t, f := to+i*rows.to+j, from+j*row.from+i
			if i+tileSide > rows.n || j+tileSide > row.n {
				transposeEdge(dst, src, t, f, span{min(tileSide, rows.n-i), rows.to, 1}, span{min(tileSide, row.n-j), 1, row.from})
				continue
			}
			for k := range tileSide {
				for l, v := range (*[tileSide]E)(src[f+k*row.from:]) {
					tile[l][k] = v
				}
			}
			for l := range tileSide {
				*(*[tileSide]E)(dst[t+l*rows.to:]) = tile[l]
			}
		}
	}
}

// transposeEdge transposes less than a tile.
func transposeEdge[E word](dst, src []E, to, from int, rows, row span) {
	for j := range row.n {
		for i, v := range src[from+j*row.from:][:rows.n] {
			dst[to+i*rows.to+j] = v
		}
	}
}
