package ops

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// TestMoveAgainstElementwise moves arrays between random layouts, with strides of any order, zero and negative, and compares with moving one
// element at a time.
func TestMoveAgainstElementwise(t *testing.T) {
	sizes := []int{1, 2, 3, 5, 15, 16, 17, 33, 64, 65, 130}
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 0))
		shape := make([]int, r.IntN(5))
		n := 1
		for i := range shape {
			shape[i] = sizes[r.IntN(len(sizes))]
			if n *= shape[i]; n > 1<<16 {
				n /= shape[i]
				shape[i] = 1
			}
		}
		kind := []tensor.DType{tensor.F32, tensor.I64, tensor.I16, tensor.U8}[r.IntN(4)]
		to, from := randomLayout(r, shape, false), randomLayout(r, shape, true)
		src, dst, want := tensor.New(kind, extent(shape, from)), tensor.New(kind, extent(shape, to)), tensor.New(kind, extent(shape, to))
		fillRandom(r, src)
		moveElements(shape, want, to, src, from)
		w := kernel.NewWorkers(1 + int(seed%3))
		move(w, shape, dst, to, src, from)
		w.Close()
		if !tensor.Equal(dst, want) {
			t.Errorf("seed %d: %s%v from %v to %v differs", seed, kind, shape, from, to)
		}
	}
}

// randomLayout gives each axis its own elements, in random order; an axis that is read may be repeated or reversed.
func randomLayout(r *rand.Rand, shape []int, read bool) layout {
	l := layout{strides: make([]int, len(shape))}
	step := 1 + r.IntN(4)/3
	order := r.Perm(len(shape))
	if r.IntN(3) == 0 {
		slices.Sort(order)
		slices.Reverse(order)
	}
	for _, axis := range order {
		l.strides[axis] = step
		step = step*shape[axis] + r.IntN(2)*r.IntN(3)
		switch {
		case read && r.IntN(6) == 0:
			l.strides[axis] = 0
		case read && r.IntN(6) == 0:
			l.offset += (shape[axis] - 1) * l.strides[axis]
			l.strides[axis] *= -1
		}
	}
	l.offset += r.IntN(3)
	return l
}

// extent is the number of elements that a layout reaches.
func extent(shape []int, l layout) int {
	last := l.offset
	for i, n := range shape {
		last += max(0, (n-1)*l.strides[i])
	}
	return last + 1
}

func fillRandom(r *rand.Rand, t *tensor.Tensor) {
	switch d := t.Any().(type) {
	case []float32:
		for i := range d {
			d[i] = r.Float32()
		}
	default:
		putInts(t, func(int) int { return r.Int() })
	}
}

func moveElements(shape []int, dst *tensor.Tensor, to layout, src *tensor.Tensor, from layout) {
	index := make([]int, len(shape))
	for {
		d, s := to.offset, from.offset
		for i, at := range index {
			d, s = d+at*to.strides[i], s+at*from.strides[i]
		}
		byWidth(dst, moveOne[uint8], moveOne[uint16], moveOne[uint32], moveOne[uint64])(dst, d, src, s)
		axis := len(shape) - 1
		for ; axis >= 0; axis-- {
			if index[axis]++; index[axis] < shape[axis] {
				break
			}
			index[axis] = 0
		}
		if axis < 0 {
			return
		}
	}
}

func moveOne[E word](dst *tensor.Tensor, to int, src *tensor.Tensor, from int) {
	tensor.Bits[E](dst)[to] = tensor.Bits[E](src)[from]
}

// TestSpansJoin checks that axes which lie together are one loop.
func TestSpansJoin(t *testing.T) {
	for _, c := range []struct {
		reason          string
		shape, to, from []int
		want            []span
	}{
		{"a whole array is one run", []int{2, 3, 4}, []int{12, 4, 1}, []int{12, 4, 1}, []span{{1, 1, 1}, {24, 1, 1}}},
		{"rows of a wider array", []int{2, 3, 4}, []int{12, 4, 1}, []int{30, 10, 1}, []span{{6, 4, 10}, {4, 1, 1}}},
		{"axes of one step do not count", []int{1, 5, 1}, []int{5, 1, 1}, []int{9, 2, 7}, []span{{1, 1, 1}, {5, 1, 2}}},
		{"a repeated pair of axes", []int{2, 3, 4}, []int{12, 4, 1}, []int{0, 0, 1}, []span{{6, 4, 0}, {4, 1, 1}}},
	} {
		if got := spans(c.shape, c.to, c.from); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: %v, want %v", c.reason, got, c.want)
		}
	}
}
