package compare

import (
	"fmt"

	"halfway/engine/tensor"
)

// A view is a tensor or a slice of it. Elements are read in chunks, converted to float64; nothing else is copied.
type view struct {
	tensor  *tensor.Tensor
	offset  int
	shape   []int
	strides []int
}

func whole(t *tensor.Tensor) view {
	v := view{tensor: t, shape: t.Shape, strides: make([]int, len(t.Shape))}
	stride := 1
	for i := len(t.Shape) - 1; i >= 0; i-- {
		v.strides[i] = stride
		stride *= t.Shape[i]
	}
	return v
}

// size is the number of elements.
func (v view) size() int {
	n := 1
	for _, d := range v.shape {
		n *= d
	}
	return n
}

// contiguous reports whether the elements follow one another in the tensor.
func (v view) contiguous() bool {
	stride := 1
	for i := len(v.shape) - 1; i >= 0; i-- {
		if v.shape[i] != 1 && v.strides[i] != stride {
			return false
		}
		stride *= v.shape[i]
	}
	return true
}

// flat is the same elements in the same order with as few rows as possible.
func (v view) flat() view {
	if v.contiguous() {
		return view{v.tensor, v.offset, []int{v.size()}, []int{1}}
	}
	return v
}

// A row is the elements along the last axis.
type row struct {
	tensor            *tensor.Tensor
	offset, stride, n int
}

// rows calls f with each pair of rows of two views of one shape. A view without axes is one row of one element.
func rows(a, b view, f func(a, b row)) {
	if a.size() == 0 {
		return
	}
	last := len(a.shape) - 1
	if last < 0 {
		f(row{a.tensor, a.offset, 1, 1}, row{b.tensor, b.offset, 1, 1})
		return
	}
	at := make([]int, last)
	i, j := a.offset, b.offset
	for {
		f(row{a.tensor, i, a.strides[last], a.shape[last]}, row{b.tensor, j, b.strides[last], b.shape[last]})
		d := last - 1
		for ; d >= 0; d-- {
			at[d]++
			i, j = i+a.strides[d], j+b.strides[d]
			if at[d] < a.shape[d] {
				break
			}
			i, j = i-at[d]*a.strides[d], j-at[d]*b.strides[d]
			at[d] = 0
		}
		if d < 0 {
			return
		}
	}
}

// chunk is how many elements are converted at a time: two chunks stay in the first-level cache.
const chunk = 512

// A reader holds the chunks of a pair of rows.
type reader struct{ a, b [chunk]float64 }

// each calls f with the elements of two rows of one length, a chunk at a time; start is the index of its first.
func (r *reader) each(a, b row, f func(start int, a, b []float64)) {
	for start := 0; start < a.n; start += chunk {
		n := min(chunk, a.n-start)
		a.load(r.a[:n], start)
		b.load(r.b[:n], start)
		f(start, r.a[:n], r.b[:n])
	}
}

// elements calls f with all elements of two views of one shape, a chunk at a time.
func elements(a, b view, f func(a, b []float64)) {
	var r reader
	if a.contiguous() && b.contiguous() {
		a, b = a.flat(), b.flat()
	}
	rows(a, b, func(a, b row) {
		r.each(a, b, func(_ int, a, b []float64) { f(a, b) })
	})
}

// load converts len(dst) elements from the given index on.
func (r row) load(dst []float64, start int) {
	from := r.offset + start*r.stride
	switch d := r.tensor.Any().(type) {
	case []float32:
		widen(dst, d, from, r.stride)
	case []float64:
		widen(dst, d, from, r.stride)
	case []int64:
		widen(dst, d, from, r.stride)
	case []int32:
		widen(dst, d, from, r.stride)
	case []int16:
		widen(dst, d, from, r.stride)
	case []int8:
		widen(dst, d, from, r.stride)
	case []uint64:
		widen(dst, d, from, r.stride)
	case []uint32:
		widen(dst, d, from, r.stride)
	case []uint16:
		widen(dst, d, from, r.stride)
	case []uint8:
		widen(dst, d, from, r.stride)
	case []bool:
		for i := range dst {
			dst[i] = 0
			if d[from+i*r.stride] {
				dst[i] = 1
			}
		}
	default:
		panic(fmt.Sprintf("compare: elements of type %T", d))
	}
}

type number interface {
	float32 | float64 | int64 | int32 | int16 | int8 | uint64 | uint32 | uint16 | uint8
}

func widen[E number](dst []float64, src []E, from, stride int) {
	if stride == 1 {
		for i, v := range src[from : from+len(dst)] {
			dst[i] = float64(v)
		}
		return
	}
	for i := range dst {
		dst[i] = float64(src[from+i*stride])
	}
}
