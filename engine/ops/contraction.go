package ops

import (
	"slices"

	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// A contraction multiplies and sums factors of an Einsum whose labels have the given sizes.
type contraction struct {
	w     *kernel.Workers
	sizes map[axisLabel]int
}

// view is the layout of f with the given axes; an axis that f lacks, or has with size 1, is repeated.
func (f factor) view(labels []axisLabel, sizes map[axisLabel]int) layout {
	l := layout{f.layout.offset, make([]int, len(labels))}
	for i, label := range labels {
		if a := slices.Index(f.labels, label); a >= 0 && f.shape[a] == sizes[label] {
			l.strides[i] = f.layout.strides[a]
		}
	}
	return l
}

// arranged copies f to a row-major array with the given axes.
func (c contraction) arranged(f factor, labels ...[]axisLabel) (*tensor.Tensor, error) {
	all := slices.Concat(labels...)
	shape := sizesOf(all, c.sizes)
	if _, err := tensor.Elements(shape); err != nil {
		return nil, err
	}
	t := tensor.New(f.data.Type, shape...)
	move(c.w, shape, t, dense(shape), f.data, f.view(all, c.sizes))
	return t, nil
}

// contract multiplies a and b and sums over the labels that are not needed later. The labels of the product are those of both (the batch),
// those of a alone (the rows) and those of b alone (the columns).
func (c contraction) contract(a, b factor, later []axisLabel) (factor, error) {
	var err error
	if a, err = c.sum(a, union(b.labels, later)); err != nil {
		return factor{}, err
	}
	if b, err = c.sum(b, union(a.labels, later)); err != nil {
		return factor{}, err
	}
	both := keep(a.labels, b.labels)
	batch, depth := keep(both, later), drop(both, later)
	rows, columns := drop(a.labels, both), drop(b.labels, both)
	left, err := c.arranged(a, batch, rows, depth)
	if err != nil {
		return factor{}, err
	}
	right, err := c.arranged(b, batch, depth, columns)
	if err != nil {
		return factor{}, err
	}
	labels := slices.Concat(batch, rows, columns)
	shape := sizesOf(labels, c.sizes)
	if _, err := tensor.Elements(shape); err != nil {
		return factor{}, err
	}
	r := factor{labels, shape, tensor.New(a.data.Type, shape...), dense(shape)}
	p := batchProduct{product(sizesOf(batch, c.sizes)), product(sizesOf(rows, c.sizes)), product(sizesOf(depth, c.sizes)),
		product(sizesOf(columns, c.sizes))}
	if r.data.Len() > 0 && p.depth > 0 {
		p.multiply(c.w, r.data, left, right)
	}
	return r, nil
}

// sum sums f over the labels that are not in kept.
func (c contraction) sum(f factor, kept []axisLabel) (factor, error) {
	rest := keep(f.labels, kept)
	if len(rest) == len(f.labels) {
		return f, nil
	}
	summed := drop(f.labels, kept)
	t, err := c.arranged(f, rest, summed)
	if err != nil {
		return factor{}, err
	}
	shape := sizesOf(rest, c.sizes)
	r := factor{rest, shape, tensor.New(t.Type, shape...), dense(shape)}
	if n := r.data.Len(); n > 0 {
		byNumber(t, sumLines[float32], sumLines[float64], sumLines[int64], sumLines[int32], sumLines[int16], sumLines[int8], sumLines[uint64],
			sumLines[uint32], sumLines[uint16], sumLines[uint8])(c.w, r.data, t, t.Len()/n)
	}
	return r, nil
}

// sumLines sums lines of size consecutive elements.
func sumLines[E number](w *kernel.Workers, out, in *tensor.Tensor, size int) {
	dst, src := tensor.Data[E](out), tensor.Data[E](in)
	w.For(len(dst), 1+cheapGrain/(1+size), func(lo, hi int) {
		for ; lo < hi; lo++ {
			var sum E
			for _, v := range src[lo*size:][:size] {
				sum += v
			}
			dst[lo] = sum
		}
	})
}

// A batchProduct multiplies matrices of rows x depth by matrices of depth x columns.
type batchProduct struct{ batch, rows, depth, columns int }

func (p batchProduct) multiply(w *kernel.Workers, out, left, right *tensor.Tensor) {
	if _, ok := out.Any().([]float32); ok {
		index := make([]int, p.batch)
		f := kernel.Factors{LeftOf: index, RightOf: index, Left: matrices(left.F32s(), p.rows, p.depth, false),
			Right: matrices(right.F32s(), p.depth, p.columns, false)}
		for i := range index {
			index[i] = i
		}
		w.Multiply(f, out.F32s(), kernel.Epilogue{})
		return
	}
	byNumber(out, multiplyBatch[float32], multiplyBatch[float64], multiplyBatch[int64], multiplyBatch[int32], multiplyBatch[int16],
		multiplyBatch[int8], multiplyBatch[uint64], multiplyBatch[uint32], multiplyBatch[uint16], multiplyBatch[uint8])(w, p, out, left, right)
}

func multiplyBatch[E number](w *kernel.Workers, p batchProduct, out, left, right *tensor.Tensor) {
	dst, a, b := tensor.Data[E](out), tensor.Data[E](left), tensor.Data[E](right)
	w.For(p.batch*p.rows, 1+cheapGrain/(1+p.depth*p.columns), func(lo, hi int) {
		for ; lo < hi; lo++ {
			row := dst[lo*p.columns:][:p.columns]
			for k, x := range a[lo*p.depth:][:p.depth] {
				for j, y := range b[(lo/p.rows*p.depth+k)*p.columns:][:p.columns] {
					row[j] += E(x * y)
				}
			}
		}
	})
}
