package engine

import (
	"math/bits"
)

// A Set is a set of candidates by their position in Engine.Candidates. The zero Set is empty. Sets are values: no method changes its
// receiver's elements but Add and Remove, and those only on a set that Clone or a constructor returned.
type Set struct{ words []uint64 }

// Prefix is the set that CNT=k enforces: indices 0..k of every graph; k < 0 is the empty set.
func Prefix(candidates []Candidate, k int) Set {
	s := NewSet(len(candidates))
	for i, c := range candidates {
		if c.Index <= k {
			s.Add(i)
		}
	}
	return s
}

// All is the set of all n candidates.
func All(n int) Set {
	s := NewSet(n)
	for i := range n {
		s.Add(i)
	}
	return s
}

// NewSet returns an empty set with room for n candidates.
func NewSet(n int) Set { return Set{make([]uint64, (n+63)/64)} }

// SetOf returns the set of the given positions.
func SetOf(positions ...int) Set {
	var s Set
	for _, p := range positions {
		s.Add(p)
	}
	return s
}

// Add puts position i into s.
func (s *Set) Add(i int) {
	for len(s.words) <= i/64 {
		s.words = append(s.words, 0)
	}
	s.words[i/64] |= 1 << (i % 64)
}

// Remove takes position i out of s.
func (s *Set) Remove(i int) {
	if i/64 < len(s.words) {
		s.words[i/64] &^= 1 << (i % 64)
	}
}

// Has reports whether position i is in s.
func (s Set) Has(i int) bool { return i/64 < len(s.words) && s.words[i/64]>>(i%64)&1 == 1 }

// Len is the number of elements.
func (s Set) Len() int {
	n := 0
	for _, w := range s.words {
		n += bits.OnesCount64(w)
	}
	return n
}

// Clone returns a copy that can be changed.
func (s Set) Clone() Set { return Set{append([]uint64(nil), s.words...)} }

// Minus returns the elements of s that are not in t.
func (s Set) Minus(t Set) Set { return s.combine(t, func(a, b uint64) uint64 { return a &^ b }) }

// Union returns the elements of s and of t.
func (s Set) Union(t Set) Set { return s.combine(t, func(a, b uint64) uint64 { return a | b }) }

// Intersect returns the elements that s and t share.
func (s Set) Intersect(t Set) Set { return s.combine(t, func(a, b uint64) uint64 { return a & b }) }

func (s Set) combine(t Set, f func(a, b uint64) uint64) Set {
	r := Set{make([]uint64, max(len(s.words), len(t.words)))}
	for i := range r.words {
		r.words[i] = f(s.word(i), t.word(i))
	}
	return r
}

func (s Set) word(i int) uint64 {
	if i < len(s.words) {
		return s.words[i]
	}
	return 0
}

// Equal reports whether s and t have the same elements.
func (s Set) Equal(t Set) bool {
	for i := range max(len(s.words), len(t.words)) {
		if s.word(i) != t.word(i) {
			return false
		}
	}
	return true
}

// Positions returns the elements in ascending order.
func (s Set) Positions() []int {
	var r []int
	for i, w := range s.words {
		for ; w != 0; w &= w - 1 {
			r = append(r, i*64+bits.TrailingZeros64(w))
		}
	}
	return r
}

// Runs yields the first and the last position of every stretch of elements that follow one another.
func (s Set) Runs(yield func(first, last int) bool) {
	for first := s.next(0, 0); first < 64*len(s.words); {
		end := s.next(first, ^uint64(0))
		if !yield(first, end-1) {
			return
		}
		first = s.next(end, 0)
	}
}

// next is the first position from i on whose bit, exclusively ored with that of flip, is set; one behind all words where there is none.
func (s Set) next(i int, flip uint64) int {
	for n := i / 64; n < len(s.words); n++ {
		w := s.words[n] ^ flip
		if n == i/64 {
			w &= ^uint64(0) << (i % 64)
		}
		if w != 0 {
			return n*64 + bits.TrailingZeros64(w)
		}
	}
	return 64 * len(s.words)
}

// String is a short text that is equal for equal sets: the words in hexadecimal without trailing zeros.
func (s Set) String() string {
	const digits = "0123456789abcdef"
	n := len(s.words)
	for n > 0 && s.words[n-1] == 0 {
		n--
	}
	b := make([]byte, 0, 16*n)
	for _, w := range s.words[:n] {
		for range 16 {
			b = append(b, digits[w&15])
			w >>= 4
		}
	}
	return string(b)
}
