package ops

import (
	"sync"

	"halfway/engine/tensor"
)

// packed keeps one operation's weights as a kernel wants them, for each grid that they are rounded to. It serves several goroutines and goes
// with the operation.
type packed[T any] struct {
	mu      sync.Mutex
	entries map[tensor.DType]packedEntry[T]
}

type packedEntry[T any] struct {
	key   uint64
	value T
}

// get returns the packed form of o, from pack where it is not kept. Operands without a key are packed each time.
func (p *packed[T]) get(o Operand, pack func() T) T {
	if o.Key == 0 {
		return pack()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if e, ok := p.entries[o.Round]; ok && e.key == o.Key {
		return e.value
	}
	if p.entries == nil {
		p.entries = map[tensor.DType]packedEntry[T]{}
	}
	v := pack()
	p.entries[o.Round] = packedEntry[T]{o.Key, v}
	return v
}

// has reports whether get finds o packed.
func (p *packed[T]) has(o Operand) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	e, ok := p.entries[o.Round]
	return ok && o.Key != 0 && e.key == o.Key
}

// Packed makes an operation that embeds p a Packer: input 1 is its weights.
func (p *packed[T]) Packed(i int, in []Operand) bool { return i == 1 && p.has(in[i]) }
