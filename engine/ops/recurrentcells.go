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
	x, b         []T // b: one vector for the input's side
	w, r         projection[T]
	resetR       projection[T] // the candidate's part of R of a GRU that resets first
	attention    []T           // nil without
	peepholes    []T           // of the gates i, o and f, [3*H]; nil without
	h, c         []T           // states [B, H]
	y            []T           // [B, D, T, H], nil for a cell

	inputs, recurrence []T // W*x + b [B, T, G*H] and R*h [B, G*H]
	reset, candidate   []T // of a GRU that resets first: what R is multiplied by, and the product [B, H]
}

func recur[T real](r *recurrent, w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	p, _ := r.inputs()
	if r.peephole && !r.onnx && len(in) > p.last && slices.ContainsFunc(floatValues(in[p.last].Tensor), func(v float64) bool { return v != 0 }) {
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
	h, weights, recurrence, bias := data(p.h), projections[T](r, w, in, p.w), projections[T](r, w, in, p.r), tensor.Data[T](in[p.b].Tensor)
	for d := range r.reverse {
		l.direction = d
		l.w, l.r, l.b = weights[d], recurrence[d], slab(bias, d, len(r.reverse))
		if r.resetsFirst() {
			l.resetR = recurrence[len(r.reverse)+d]
		}
		if r.onnx && len(in) > p.last {
			l.peepholes = slab(data(p.last), d, len(r.reverse))
		}
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

// roundedTo rounds x in place to grid, which does nothing for F32.
func roundedTo[T real](x []T, grid tensor.DType) []T {
	if f, ok := any(x).([]float32); ok && (grid == tensor.BF16 || grid == tensor.F16) {
		serial.Round(f, f, grid)
	}
	return x
}

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
	rows := l.gates * l.hidden
	l.inputs, l.recurrence = make([]T, l.batch*l.steps*rows), make([]T, l.batch*rows)
	project(l.workers, l.inputs, l.x, l.w)
	for i := range l.inputs {
		l.inputs[i] += l.b[i%rows]
	}
	if l.resetsFirst() {
		l.reset, l.candidate = make([]T, l.batch*l.hidden), make([]T, l.batch*l.hidden)
	}
	for step := range l.steps {
		project(l.workers, l.recurrence, l.h, l.r)
		if l.resetsFirst() {
			l.eachRow(step, l.resetState)
			project(l.workers, l.candidate, l.reset, l.resetR)
		}
		l.eachRow(step, l.cell)
	}
}

// eachRow calls f for every sequence that has not ended before step, with the row of X that the step deals with.
func (l *lane[T]) eachRow(step int, f func(b, at int)) {
	l.workers.For(l.batch, 1+1024/l.hidden, func(lo, hi int) {
		for b := lo; b < hi; b++ {
			if t, ok := l.time(b, step); ok {
				f(b, b*l.steps+t)
			}
		}
	})
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

// cell updates the states of sequence b and writes Y; at is the row of X. Its rows of inputs (W*x + b) and recurrence (R*h) are overwritten.
func (l *lane[T]) cell(b, at int) {
	rows := l.gates * l.hidden
	x, h, state := rowOf(l.inputs, at, rows), rowOf(l.recurrence, b, rows), rowOf(l.h, b, l.hidden)
	switch {
	case l.memory:
		l.lstm(x, h, state, rowOf(l.c, b, l.hidden))
	case l.gates == 3:
		scale := T(1)
		if l.attention != nil {
			scale = 1 - l.attention[at]
		}
		l.gru(b, x, h, state, scale)
	default:
		addTo(x, h)
		l.gate(0, x)
		copy(state, x)
	}
	roundedTo(state, l.round)
	if l.y != nil {
		copy(rowOf(l.y, (b*len(l.reverse)+l.direction)*l.steps+at%l.steps, l.hidden), state)
	}
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
	l.peek(input, memory, 0)
	l.peek(forget, memory, 2)
	l.gate(0, forget)
	l.gate(0, input)
	l.gate(1, candidate)
	for i := range memory {
		memory[i] = T(forget[i]*memory[i]) + T(input[i]*candidate[i])
	}
	l.peek(output, memory, 1)
	l.gate(0, output)
	copy(state, memory)
	activate(l.activations[2], state)
	for i := range state {
		state[i] *= output[i]
	}
}

// peek adds what a gate sees of the cell state through its peephole, if there are any.
func (l *lane[T]) peek(gate, memory []T, peephole int) {
	if l.peepholes == nil {
		return
	}
	for i, p := range slab(l.peepholes, peephole, 3) {
		gate[i] += T(p * memory[i])
	}
}

// resetsFirst reports whether the reset gate is applied to the state before it is multiplied by R.
func (r *recurrent) resetsFirst() bool { return r.gates == 3 && !r.linear }

// resetState computes the gates of a GRU and what the candidate's part of R is multiplied by.
func (l *lane[T]) resetState(b, at int) {
	rows := l.gates * l.hidden
	l.gruGates(rowOf(l.inputs, at, rows), rowOf(l.recurrence, b, rows))
	reset, dst := slab(rowOf(l.inputs, at, rows), 1, 3), rowOf(l.reset, b, l.hidden)
	for i, s := range rowOf(l.h, b, l.hidden) {
		dst[i] = reset[i] * s
	}
	roundedTo(dst, l.round)
}

// gruGates makes the first two thirds of x the update and the reset gate.
func (l *lane[T]) gruGates(x, h []T) {
	addTo(x[:2*l.hidden], h[:2*l.hidden])
	l.gate(0, x[:2*l.hidden])
}

// gru: h = (1-z)*g + z*h, where the update gate z is scaled by the attention.
func (l *lane[T]) gru(b int, x, h, state []T, scale T) {
	candidate := slab(x, 2, 3)
	if l.linear {
		l.gruGates(x, h)
		recurrent := slab(h, 2, 3)
		addTo(recurrent, slab(l.b, 3, 4))
		for i, r := range slab(x, 1, 3) {
			recurrent[i] *= r
		}
		addTo(candidate, recurrent)
	} else {
		addTo(candidate, rowOf(l.candidate, b, l.hidden))
	}
	l.gate(1, candidate)
	for i, z := range slab(x, 0, 3) {
		z *= scale
		state[i] = T(z*state[i]) + T((1-z)*candidate[i])
	}
}
