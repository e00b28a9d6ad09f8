package tensor

import (
	"math/bits"
	"unsafe"
)

// A Pool lends memory for the elements of tensors and takes it back: memory that is new to the process costs more than most operations that
// fill it. It lends pieces of a few large chunks, the least that is large enough or nearly so, and joins neighbours that are given back (Masmano
// et al., TLSF, ECRTS 2004). It is for one goroutine at a time.
type Pool struct {
	Size int64 // bytes of the first chunk, at least what is asked for; chunks that are idle beyond that are left to the collector

	// Fill is what every byte of New's elements is set to where it is not 0: a test sees by it who takes them for zeros.
	Fill byte

	total, idle int         // lines in all chunks
	lists       [128]*piece // what is idle, by class
	spare       *piece      // unused ones
}

// A piece is a part of a chunk. Memory is divided by lines, so that no vector lies across two lines of the cache.
type piece struct {
	chunk        []uint64
	first, lines int // in chunk

	before, after  *piece // in chunk
	nextUp, nextDn *piece // in the list of its class, while it is idle
	users          int    // tensors that share it
}

const (
	lineWords = 8
	minChunk  = 1 << 12 // lines
	maxFirst  = 1 << 24 // lines of the first chunk
)

// pieceClass is the class of a piece of n lines, four for each power of two: the greatest all of whose pieces have at most n.
func pieceClass(n int) int {
	if n < 8 {
		return n
	}
	shift := bits.Len(uint(n)) - 3
	return 4*shift + n>>shift
}

// New returns a tensor whose elements have no defined content. The shape's product must fit in memory; Elements checks it.
func (p *Pool) New(t DType, shape ...int) *Tensor {
	n, err := Elements(shape)
	if err != nil {
		panic(err)
	}
	m := p.take((words(n, t) + lineWords - 1) / lineWords)
	r := &Tensor{Type: t, Shape: copyShape(shape), piece: m}
	r.data = elementsIn(dtypes[t].kept, unsafe.Pointer(&m.chunk[m.first*lineWords]), n)
	if p.Fill != 0 {
		b := r.view()
		for i := range b {
			b[i] = p.Fill
		}
	}
	return r
}

// take returns a piece of n lines with one user.
func (p *Pool) take(n int) *piece {
	class := pieceClass(n)
	m := p.lists[class]
	if m == nil || m.lines < n { // of its own class only the first is tried: any of the next is large enough
		for class++; class < len(p.lists) && p.lists[class] == nil; class++ {
		}
		if m = nil; class < len(p.lists) {
			m = p.lists[class]
		}
	}
	if m == nil {
		m = p.grow(n)
	}
	p.unlist(m)
	if m.lines > n {
		rest := p.newPiece()
		*rest = piece{chunk: m.chunk, first: m.first + n, lines: m.lines - n, before: m, after: m.after}
		if m.after != nil {
			m.after.before = rest
		}
		m.after, m.lines = rest, n
		p.list(rest)
	}
	m.users = 1
	return m
}

// grow adds a chunk of at least n lines and returns all of it.
func (p *Pool) grow(n int) *piece {
	lines := max(n, minChunk, p.total/16)
	if p.total == 0 {
		lines = max(lines, int(min(p.Size/(8*lineWords), maxFirst)))
	}
	m := p.newPiece()
	*m = piece{chunk: make([]uint64, lines*lineWords), lines: lines}
	p.total += lines
	p.list(m)
	return m
}

func (p *Pool) newPiece() *piece {
	m := p.spare
	if m == nil {
		return &piece{}
	}
	p.spare = m.after
	return m
}

// list puts m among what is idle.
func (p *Pool) list(m *piece) {
	head := &p.lists[pieceClass(m.lines)]
	m.users, m.nextDn, m.nextUp = 0, *head, nil
	if *head != nil {
		(*head).nextUp = m
	}
	*head = m
	p.idle += m.lines
}

func (p *Pool) unlist(m *piece) {
	if m.nextUp != nil {
		m.nextUp.nextDn = m.nextDn
	} else {
		p.lists[pieceClass(m.lines)] = m.nextDn
	}
	if m.nextDn != nil {
		m.nextDn.nextUp = m.nextUp
	}
	p.idle -= m.lines
}

// Release gives up t, which nobody may use any more. What it shares with others can be lent again when all are given up. A tensor that is not of
// a pool is left to the collector.
func (p *Pool) Release(t *Tensor) {
	m := t.piece
	if m == nil {
		return
	}
	t.piece, t.data = nil, nil
	if m.users--; m.users > 0 {
		return
	}
	if m.after != nil && m.after.users == 0 {
		p.unlist(m.after)
		p.join(m)
	}
	if m.before != nil && m.before.users == 0 {
		m = m.before
		p.unlist(m)
		p.join(m)
	}
	if m.before == nil && m.after == nil && 8*lineWords*int64(p.idle) > p.Size {
		p.total -= m.lines
		return
	}
	p.list(m)
}

// Idle is the number of bytes that are not lent.
func (p *Pool) Idle() int64 { return 8 * lineWords * int64(p.idle) }

// Shrink leaves chunks of which nothing is lent to the collector, and reports whether there were any.
func (p *Pool) Shrink() (some bool) {
	for _, m := range p.lists {
		for ; m != nil; m = m.nextDn {
			if m.before == nil && m.after == nil {
				p.unlist(m)
				p.total -= m.lines
				some = true
			}
		}
	}
	return some
}

// join adds the piece after m to m.
func (p *Pool) join(m *piece) {
	gone := m.after
	m.lines, m.after = m.lines+gone.lines, gone.after
	if m.after != nil {
		m.after.before = m
	}
	*gone = piece{after: p.spare}
	p.spare = gone
}

// View is Reshape for a tensor that its owner releases by itself: memory of a pool is lent again once both are given up.
func (t *Tensor) View(shape ...int) *Tensor {
	r := t.Reshape(shape...)
	if r.piece = t.piece; r.piece != nil {
		r.piece.users++
	}
	return r
}

// elementsIn is n elements that start at p, as a slice of their Go type.
func elementsIn(k kept, p unsafe.Pointer, n int) any {
	switch k {
	case keptF32:
		return unsafe.Slice((*float32)(p), n)
	case keptF64:
		return unsafe.Slice((*float64)(p), n)
	case keptI64:
		return unsafe.Slice((*int64)(p), n)
	case keptI32:
		return unsafe.Slice((*int32)(p), n)
	case keptI16:
		return unsafe.Slice((*int16)(p), n)
	case keptI8:
		return unsafe.Slice((*int8)(p), n)
	case keptU64:
		return unsafe.Slice((*uint64)(p), n)
	case keptU32:
		return unsafe.Slice((*uint32)(p), n)
	case keptU16:
		return unsafe.Slice((*uint16)(p), n)
	case keptU8:
		return unsafe.Slice((*uint8)(p), n)
	case keptBool:
		return unsafe.Slice((*bool)(p), n)
	}
	panic("tensor: invalid element type")
}
