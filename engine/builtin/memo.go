package builtin

import (
	"container/heap"
	"encoding/binary"
	"slices"

	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// A value is one array that some run computed. Two values of one slot with the same id have the same bits; values with different ids
// usually differ.
type value struct {
	id      uint32
	tensor  *tensor.Tensor // nil when its elements were dropped
	head    *tensor.Tensor // type and shape of elements that were dropped
	from    *derivation    // how to compute it again; nil for parameters, which keep their elements
	grid    bool           // every element is known to lie on the reduced grid
	rounded *value         // this value rounded to the grid: itself when nothing changes, nil when not known yet
	bytes   int64          // of the elements that dropping frees; 0 when they are somebody else's
	cost    float64        // of computing it again when its operands are there
	digest  []byte         // of type, shape and bits, once asked for

	uses     int // readers that still need the elements; 0 makes it droppable
	priority float64
	place    int // index in the heap of droppable values, -1 outside
}

// A derivation is one evaluation: a step with the rounding of its ports and the values that it reads. It determines the values that it
// gives. A derivation without a step rounds its operand to the grid.
type derivation struct {
	step  *step
	round rounds
	in    []*value
	out   []*value

	constant bool // no parameter or state is behind it
}

// rounds says which operands a step rounds itself and which results are rounded.
type rounds struct{ in, out []bool }

// A memo keeps values from one run to the next. A derivation is looked up by what determines it, so what it finds is exact by construction,
// whatever was dropped in between. When the elements of unused values exceed the budget, those that are cheapest to compute again for
// their size go first (GreedyDual-Size, Cao and Irani 1997).
type memo struct {
	workers     *kernel.Workers // hash
	pool        tensor.Pool     // of the values' elements
	budget      int64
	ids         uint32
	derivations map[string]*derivation // of what parameters or state are behind
	constants   map[string]*derivation // of all else
	contents    map[content][]*value
	droppable   valueHeap
	present     int64   // bytes of values that are there
	held        int64   // bytes of those of them that are droppable
	clock       float64 // priority of the value that was dropped last
	key         []byte  // scratch
}

// content finds values of one slot that may be equal.
type content struct {
	slot int
	hash uint64
}

// maxAlike bounds the values of one content that were dropped and would be compared once they are there again.
const maxAlike = 16

// maxDerivations bounds the memory of the lookups; beyond it the memo starts afresh.
const maxDerivations = 1 << 20

func newMemo(budget int64, w *kernel.Workers) *memo {
	m := &memo{budget: budget, workers: w}
	m.reset()
	return m
}

func (m *memo) reset() {
	m.derivations, m.constants, m.contents = map[string]*derivation{}, map[string]*derivation{}, map[content][]*value{}
	m.droppable, m.present, m.held, m.clock = nil, 0, 0, 0
}

// begin prepares for a run: without a budget nothing is remembered from the one before but what the model's constants alone determine, by whose
// keys operations know the weights that they keep packed.
func (m *memo) begin() {
	switch {
	case len(m.derivations)+len(m.constants) > maxDerivations:
		m.reset()
	case m.budget == 0:
		m.derivations, m.contents = map[string]*derivation{}, map[content][]*value{}
	}
}

func (m *memo) newValue(t *tensor.Tensor) *value {
	m.ids++
	return &value{id: m.ids, tensor: t, place: -1}
}

// unrounded returns the elements that d's only result has before it is rounded, nil where they are not there.
func (m *memo) unrounded(d *derivation) *tensor.Tensor {
	if d.round.out == nil || len(d.round.out) > 1 {
		return nil
	}
	m.setKey(d.step, rounds{in: d.round.in}, d.in)
	for _, derivations := range []map[string]*derivation{m.derivations, m.constants} {
		if exact := derivations[string(m.key)]; exact != nil && exact.out != nil {
			return exact.out[0].tensor
		}
	}
	return nil
}

// setKey sets the scratch to the key of a derivation.
func (m *memo) setKey(s *step, round rounds, in []*value) {
	k := binary.LittleEndian.AppendUint32(m.key[:0], uint32(s.index))
	for _, b := range round.in {
		k = append(k, bit(b))
	}
	for _, b := range round.out {
		k = append(k, bit(b))
	}
	for _, v := range in {
		k = binary.LittleEndian.AppendUint32(k, v.id)
	}
	m.key = k
}

// derive returns the derivation of s with these operands, and whether it was known.
func (m *memo) derive(s *step, round rounds, in []*value) (*derivation, bool) {
	m.setKey(s, round, in)
	derivations, constant := m.derivations, !slices.ContainsFunc(in, func(v *value) bool { return !v.constant() })
	if constant {
		derivations = m.constants
	}
	if d, ok := derivations[string(m.key)]; ok {
		return d, true
	}
	d := &derivation{step: s, round: round, in: in, constant: constant}
	derivations[string(m.key)] = d
	return d, false
}

// constant reports whether v is known to follow from the model's constants alone.
func (v *value) constant() bool { return v.from != nil && v.from.constant }

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// intern returns the value of slot with the elements of t: one that is there already when its bits are equal, so that a difference which
// rounding or an integer type removes ends here.
func (m *memo) intern(slot int, t *tensor.Tensor) (v *value, known bool) {
	c := content{slot, m.workers.Hash(t)}
	for _, v := range m.contents[c] {
		if v.tensor != nil && tensor.Equal(v.tensor, t) {
			return v, true
		}
	}
	v = m.newValue(t)
	alike := m.contents[c]
	if len(alike) >= maxAlike { // nearly all were dropped: a loop gives the same value again and again
		alike = slices.DeleteFunc(alike, func(v *value) bool { return v.tensor == nil })
	}
	m.contents[c] = append(alike, v)
	return v, false
}

// retain keeps the elements of v, if they are there or once they are, until release.
func (m *memo) retain(v *value) {
	v.uses++
	if v.place >= 0 {
		heap.Remove(&m.droppable, v.place)
		m.held -= v.bytes
	}
}

// release undoes one retain.
func (m *memo) release(v *value) {
	v.uses--
	if v.uses == 0 && v.tensor != nil && v.bytes > 0 {
		v.priority = m.clock + v.cost/float64(v.bytes)
		heap.Push(&m.droppable, v)
		m.held += v.bytes
	}
}

// trim drops elements until the budget holds.
func (m *memo) trim() { m.dropTo(m.budget) }

// dropTo drops elements that nothing holds until they take so many bytes at most.
func (m *memo) dropTo(most int64) {
	for m.held > most && len(m.droppable) > 0 {
		v := heap.Pop(&m.droppable).(*value)
		m.held -= v.bytes
		m.present -= v.bytes
		m.clock = v.priority
		t := v.tensor
		v.head, v.tensor = t.Head(), nil
		m.pool.Release(t)
	}
}

// valueHeap orders values by what to drop first.
type valueHeap []*value

func (h valueHeap) Len() int { return len(h) }
func (h valueHeap) Less(i, j int) bool {
	if h[i].priority != h[j].priority {
		return h[i].priority < h[j].priority
	}
	return h[i].id < h[j].id
}
func (h valueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// Push adds a value; it is called by container/heap.
func (h *valueHeap) Push(x any) {
	v := x.(*value)
	v.place = len(*h)
	*h = append(*h, v)
}

// Pop removes the last value; it is called by container/heap.
func (h *valueHeap) Pop() any {
	old := *h
	v := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	v.place = -1
	return v
}
