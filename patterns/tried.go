package patterns

// tried is a set of bits, one for each instruction and offset that an attempt has reached.
type tried struct {
	bits []uint64
	log  []int32 // those set
}

// maxTried bounds the bits of one set: with its log they take up to 132 MiB.
const maxTried = 1 << 25

// first adds a bit and reports whether it is new.
func (t *tried) first(bit int) bool {
	word, mask := bit/64, uint64(1)<<(bit%64)
	if t.bits[word]&mask != 0 {
		return false
	}
	t.bits[word] |= mask
	t.log = append(t.log, int32(bit))
	return true
}

// forget removes all bits but the first known that were added.
func (t *tried) forget(known int) {
	for _, bit := range t.log[known:] {
		t.bits[bit/64] &^= 1 << (bit % 64)
	}
	t.log = t.log[:known]
}

// resetTried prepares for a new tag. With references there are no sets, and none where they would be too large.
func (b *backtracker) resetTried() {
	bits := len(b.code) * (len(b.tag) + 1)
	if b.backrefs || bits > maxTried {
		b.tried = nil
		return
	}
	for _, t := range b.tried {
		t.forget(0)
		if missing := bits/64 + 1 - len(t.bits); missing > 0 {
			t.bits = append(t.bits, make([]uint64, missing)...)
		}
	}
	if len(b.tried) == 0 {
		b.tried = []*tried{{bits: make([]uint64, bits/64+1)}}
	}
}

// triedAt returns the set of a nesting of lookaheads.
func (b *backtracker) triedAt(nested int) *tried {
	for len(b.tried) <= nested {
		b.tried = append(b.tried, &tried{bits: make([]uint64, len(b.tried[0].bits))})
	}
	return b.tried[nested]
}
