package ops

import (
	"fmt"
	"slices"
	"strings"

	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// A lane is one direction of one evaluation.
type lane[T real] struct {
	*recurrent
	workers      *kernel.Workers
	batch, steps int
	direction    int
	lengths      []int
	round        tensor.DType
	x, w, r, b   []T // b: one vector for the input's side
	attention    []T // nil without
	h, c         []T // states [B, H]
	y            []T // [B, D, T, H], nil for a cell
}

func recur[T real](r *recurrent, w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	p, _ := r.inputs()
	if r.peephole && len(in) > p.last && slices.ContainsFunc(floatValues(in[p.last].Tensor), func(v float64) bool { return v != 0 }) {
		return fmt.Errorf("input %d: peephole weights other than 0 are not supported", p.last)
	}
	data := func(i int) []T { return operandData[T](in[i], in[p.x].Round) }
	l := lane[T]{recurrent: r, workers: w, batch: in[p.x].Shape[0], steps: 1, round: in[p.x].Round, x: data(p.x)}
	if r.sequence {
		l.steps, l.y = in[p.x].Shape[1], tensor.Data[T](out[0])
		l.lengths = intValues(in[p.lengths].Tensor)
		clear(l.y)
		out = out[1:]
	}
	if r.attention {
		l.attention = tensor.Data[T](in[p.last].Tensor)
	}
	h, weights, recurrence, bias := data(p.h), weightData[T](in[p.w], l.round), weightData[T](in[p.r], l.round), tensor.Data[T](in[p.b].Tensor)
	for d := range r.reverse {
		l.direction = d
		l.w, l.r, l.b = slab(weights, d, len(r.reverse)), slab(recurrence, d, len(r.reverse)), slab(bias, d, len(r.reverse))
		l.h = l.states(h)
		if r.memory {
			l.c = l.states(operandData[T](in[p.c], in[p.c].Round))
		}
		l.run()
		if len(out) > 0 {
			l.store(tensor.Data[T](out[0]), l.h)
		}
		if len(out) > 1 {
			l.store(tensor.Data[T](out[1]), l.c)
		}
	}
	return nil
}

// operandData returns the elements of o, rounded to grid where o or the whole operation is.
func operandData[T real](o Operand, grid tensor.DType) []T {
	d := tensor.Data[T](o.Tensor)
	if o.Round != tensor.F32 && o.Round != tensor.Invalid {
		grid = o.Round
	}
	return roundedTo(slices.Clone(d), grid)
}

// weightData returns the elements of weights, on the grid of bf16 as the plugin's own conversion puts them there.
func weightData[T real](o Operand, grid tensor.DType) []T {
	if f, ok := any(tensor.Data[T](o.Tensor)).([]float32); ok && grid == tensor.BF16 {
		rounded := make([]float32, len(f))
		serial.RoundOddUp(rounded, f)
		return any(rounded).([]T)
	}
	return operandData[T](o, grid)
}

// roundedTo rounds x in place to grid, which does nothing for F32.
func roundedTo[T real](x []T, grid tensor.DType) []T {
	if f, ok := any(x).([]float32); ok && (grid == tensor.BF16 || grid == tensor.F16) {
		serial.Round(f, f, grid)
	}
	return x
}

// slab is the i-th of n equal parts of s.
func slab[T any](s []T, i, n int) []T { return s[len(s)/n*i:][:len(s)/n] }

// states gathers the states of the lane's direction from [B, D, H].
func (l *lane[T]) states(all []T) []T {
	s := make([]T, 0, l.batch*l.hidden)
	for b := range l.batch {
		s = append(s, all[(b*len(l.reverse)+l.direction)*l.hidden:][:l.hidden]...)
	}
	return s
}

// store is the inverse of states; the plugin's last state of an empty sequence is 0, whatever its first.
func (l *lane[T]) store(all, states []T) {
	for b := range l.batch {
		dst := all[(b*len(l.reverse)+l.direction)*l.hidden:][:l.hidden]
		if copy(dst, states[b*l.hidden:]); l.length(b) == 0 {
			clear(dst)
		}
	}
}

// run goes through the steps.
func (l *lane[T]) run() {
	rows, size := l.gates*l.hidden, len(l.x)/max(l.batch*l.steps, 1)
	inputs := make([]T, l.batch*l.steps*rows)
	multiplyTransposed(l.workers, inputs, l.x, l.w, rows, size)
	for i := range inputs {
		inputs[i] += l.b[i%rows]
	}
	recurrence := make([]T, l.batch*rows)
	for step := range l.steps {
		multiplyTransposed(l.workers, recurrence, l.h, l.r, rows, l.hidden)
		for b := range l.batch {
			if t, ok := l.time(b, step); ok {
				at := b*l.steps + t
				l.cell(b, at, inputs[at*rows:][:rows], recurrence[b*rows:][:rows])
				if l.y != nil {
					copy(l.y[((b*len(l.reverse)+l.direction)*l.steps+t)*l.hidden:], l.h[b*l.hidden:][:l.hidden])
				}
			}
		}
	}
}

// length is the number of steps of sequence b.
func (l *lane[T]) length(b int) int {
	if l.lengths == nil {
		return l.steps
	}
	return min(max(l.lengths[b], 0), l.steps)
}

// time is the place in sequence b that a step deals with, false when the sequence has ended.
func (l *lane[T]) time(b, step int) (int, bool) {
	length := l.length(b)
	if l.reverse[l.direction] {
		return length - 1 - step, step < length
	}
	return step, step < length
}

// cell updates the states of sequence b from W*x + b (x) and R*h (h), which it overwrites; at is the row of X.
func (l *lane[T]) cell(b, at int, x, h []T) {
	state := l.h[b*l.hidden:][:l.hidden]
	switch {
	case l.memory:
		l.lstm(x, h, state, l.c[b*l.hidden:][:l.hidden])
	case l.gates == 3:
		scale := T(1)
		if l.attention != nil {
			scale = 1 - l.attention[at]
		}
		l.gru(x, h, state, scale)
	default:
		addTo(x, h)
		l.gate(0, x)
		copy(state, x)
	}
	roundedTo(state, l.round)
}

func addTo[T real](dst, src []T) {
	for i, v := range src {
		dst[i] += v
	}
}

// gate clips x and applies the i-th activation.
func (l *lane[T]) gate(i int, x []T) {
	if limit := T(l.clip); limit > 0 {
		for i, v := range x {
			x[i] = min(max(v, -limit), limit)
		}
	}
	activate(l.activations[i], x)
}

// lstm: c = f*c + i*g, h = o*tanh(c).
func (l *lane[T]) lstm(x, h, state, memory []T) {
	addTo(x, h)
	part := func(gate byte) []T { return slab(x, strings.IndexByte(l.gateOrder, gate), 4) }
	forget, input, candidate, output := part('f'), part('i'), part('c'), part('o')
	l.gate(0, forget)
	l.gate(0, input)
	l.gate(1, candidate)
	l.gate(0, output)
	for i := range memory {
		memory[i] = T(forget[i]*memory[i]) + T(input[i]*candidate[i])
	}
	copy(state, memory)
	activate(l.activations[2], state)
	for i := range state {
		state[i] *= output[i]
	}
}

// gru: h = (1-z)*g + z*h, where the update gate z is scaled by the attention.
func (l *lane[T]) gru(x, h, state []T, scale T) {
	update, reset, candidate := slab(x, 0, 3), slab(x, 1, 3), slab(x, 2, 3)
	addTo(x[:2*l.hidden], h[:2*l.hidden])
	l.gate(0, update)
	l.gate(0, reset)
	recurrent := slab(h, 2, 3)
	if l.linear {
		addTo(recurrent, slab(l.b, 3, 4))
		for i, r := range reset {
			recurrent[i] *= r
		}
	} else {
		for i := range reset {
			reset[i] *= state[i]
		}
		roundedTo(reset, l.round)
		multiplyTransposed(l.workers, recurrent, reset, slab(l.r, 2, 3), l.hidden, l.hidden)
	}
	addTo(candidate, recurrent)
	l.gate(1, candidate)
	for i, z := range update {
		z *= scale
		state[i] = T(z*state[i]) + T((1-z)*candidate[i])
	}
}

// multiplyTransposed computes dst = a x bᵀ, where both operands have rows of depth elements and b has cols of them; every element is one
// chain of sums.
func multiplyTransposed[T real](w *kernel.Workers, dst, a, b []T, cols, depth int) {
	w.For(len(dst), 1+1<<14/max(depth, 1), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			sum := T(0)
			x, y := a[i/cols*depth:][:depth], b[i%cols*depth:][:depth]
			for k, v := range x {
				sum += T(v * y[k])
			}
			dst[i] = sum
		}
	})
}
