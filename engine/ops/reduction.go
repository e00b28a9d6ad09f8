package ops

import (
	"slices"

	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// A reduction is the order of the elements of one shape when some of its axes are reduced. Axes of one kind that lie side by side are one,
// axes of size 1 are left out.
type reduction struct {
	kept, reduced []axis
	outputs       int // product of the kept axes
	count         int // product of the reduced axes
}

// axis is n elements, stride apart.
type axis struct{ n, stride int }

// newReduction reduces the given axes, which are normalized.
func newReduction(shape, axes []int) *reduction {
	r := &reduction{outputs: 1, count: 1}
	stride := 1
	var before *[]axis
	for i := len(shape) - 1; i >= 0; i-- {
		list, total := &r.kept, &r.outputs
		if slices.Contains(axes, i) {
			list, total = &r.reduced, &r.count
		}
		n := shape[i]
		*total *= n
		switch {
		case n == 1:
		case list == before:
			(*list)[len(*list)-1].n *= n
		default:
			*list = append(*list, axis{n, stride})
			before = list
		}
		stride *= n
	}
	slices.Reverse(r.kept)
	slices.Reverse(r.reduced)
	return r
}

// offset is where element i of the axes lies.
func offset(axes []axis, i int) int {
	at := 0
	for a := len(axes) - 1; a > 0; a-- {
		at += i % axes[a].n * axes[a].stride
		i /= axes[a].n
	}
	if len(axes) > 0 {
		at += i * axes[0].stride
	}
	return at
}

// inner is the number of elements that follow each other from element i of axes on, at most n of them.
func inner(axes []axis, i, n int) int {
	last := len(axes) - 1
	if last < 0 || axes[last].stride != 1 {
		return 1
	}
	return min(n, axes[last].n-i%axes[last].n)
}

// dense reports whether the elements of each output lie side by side.
func (r *reduction) dense() bool {
	return len(r.reduced) == 0 || len(r.reduced) == 1 && r.reduced[0].stride == 1
}

// eachGroup calls f with the elements of each output side by side: in place where they lie so, else in a copy (dst and src are the same then).
func eachGroup[E real](w *kernel.Workers, r *reduction, in, out *tensor.Tensor, f func(dst, src []E)) {
	src, dst := tensor.Data[E](in), tensor.Data[E](out)
	w.For(r.outputs, max(1, cheapGrain/max(r.count, 1)), func(lo, hi int) {
		var buf []E
		for o := lo; o < hi; o++ {
			at := offset(r.kept, o)
			if r.dense() {
				f(dst[at:at+r.count], src[at:at+r.count])
				roundTo(out.Type, dst[at:at+r.count])
				continue
			}
			if buf == nil {
				buf = make([]E, r.count)
			}
			for i := range buf {
				buf[i] = src[at+offset(r.reduced, i)]
			}
			f(buf, buf)
			roundTo(out.Type, buf)
			for i, v := range buf {
				dst[at+offset(r.reduced, i)] = v
			}
		}
	})
}

// reducer is what is done with the elements of one output: steps from start in several chains, whose results are joined in pairs.
type reducer[E number] struct {
	start  E
	step   func(partial, v E) E
	join   func(a, b E) E
	finish func(v E, count int) E // nil for nothing
	sum    bool                   // step and join are addition
}

// folding is a reducer whose step and join are the same.
func folding[E number](start E, f func(a, b E) E) reducer[E] {
	return reducer[E]{start: start, step: f, join: f}
}

// reduceLeaf is the number of elements up to which one output's are folded one after the other in each of the chains of fold.
const reduceLeaf = 128

// reduceWidth is the number of outputs that lie side by side and are reduced together.
const reduceWidth = 256

// reduceAll writes the reduction of in to out.
func reduceAll[E number](w *kernel.Workers, r *reduction, in, out *tensor.Tensor, with reducer[E]) {
	src, dst := elements[E](in), elements[E](out)
	w.For(r.outputs, max(1, cheapGrain/max(r.count, 1)), func(lo, hi int) {
		var scratch []E
		for at := lo; at < hi; {
			width := min(inner(r.kept, at, hi-at), reduceWidth)
			if scratch == nil {
				scratch = make([]E, 64*reduceWidth)
			}
			acc := dst[at : at+width]
			with.tree(r, src[offset(r.kept, at):], acc, scratch, 0, r.count)
			if with.finish != nil {
				for i, v := range acc {
					acc[i] = with.finish(v, r.count)
				}
			}
			at += width
		}
		roundTo(out.Type, dst[lo:hi])
	})
}

// tree folds elements i to i+n of the outputs side by side that begin at src into acc.
func (with *reducer[E]) tree(r *reduction, src, acc, scratch []E, i, n int) {
	if n > reduceLeaf {
		half := (n/2 + reduceLeaf - 1) / reduceLeaf * reduceLeaf
		other := scratch[:len(acc)]
		with.tree(r, src, acc, scratch[len(acc):], i, half)
		with.tree(r, src, other, scratch[len(acc):], i+half, n-half)
		with.joinAll(acc, other)
		return
	}
	for j := range acc {
		acc[j] = with.start
	}
	for end := i + n; i < end; {
		at := offset(r.reduced, i)
		if len(acc) > 1 {
			with.stepAll(acc, src[at:])
			i++
			continue
		}
		run := inner(r.reduced, i, end-i)
		partial := [1]E{with.fold(src[at : at+run])}
		with.joinAll(acc, partial[:])
		i += run
	}
}

func (with *reducer[E]) joinAll(acc, other []E) {
	if with.sum {
		with.stepAll(acc, other)
		return
	}
	for j, v := range other[:len(acc)] {
		acc[j] = with.join(acc[j], v)
	}
}

func (with *reducer[E]) stepAll(acc, src []E) {
	src = src[:len(acc)]
	if with.sum {
		for j, v := range src {
			acc[j] += v
		}
		return
	}
	for j, v := range src {
		acc[j] = with.step(acc[j], v)
	}
}

// fold folds elements that follow each other, in eight chains.
func (with *reducer[E]) fold(src []E) E {
	if with.sum {
		return sum(src)
	}
	var c [8]E
	for i := range c {
		c[i] = with.start
	}
	for i, v := range src {
		c[i&7] = with.step(c[i&7], v)
	}
	for n := 4; n > 0; n /= 2 {
		for i := range n {
			c[i] = with.join(c[i], c[i+n])
		}
	}
	return c[0]
}

// sum adds in eight chains.
func sum[E number](src []E) E {
	var a, b, c, d, e, f, g, h E
	for ; len(src) >= 8; src = src[8:] {
		a += src[0]
		b += src[1]
		c += src[2]
		d += src[3]
		e += src[4]
		f += src[5]
		g += src[6]
		h += src[7]
	}
	a, b, c, d = a+e, b+f, c+g, d+h
	for _, v := range src {
		a += v
	}
	return (a + c) + (b + d)
}
