package ops

import "math"

// Scratcher is implemented by operations that may need much more memory than their inputs and outputs take.
type Scratcher interface {
	// Scratch is the number of bytes, at most, that an evaluation in so many threads takes beside inputs and outputs, whose shapes are known;
	// math.MaxInt64 where it overflows. What is no more than 16 times the size of inputs and outputs need not be counted.
	Scratch(in []Arg, out []Spec, threads int) int64
}

// ScratchOf is the Scratch of op, 0 where it is no Scratcher or shapes of inputs are not known.
func ScratchOf(op Op, in []Arg, out []Spec, threads int) int64 {
	if s, ok := op.(Scratcher); ok && shapesKnown(in) {
		return s.Scratch(in, out, threads)
	}
	return 0
}

// MemoryOf is size times the numbers, none of them negative.
func MemoryOf(size int, numbers ...int) int64 {
	n := int64(size)
	for _, v := range numbers {
		if v > 0 && n > math.MaxInt64/int64(v) {
			return math.MaxInt64
		}
		n *= int64(v)
	}
	return n
}

// Together is that of numbers of bytes, none of them negative.
func Together(bytes ...int64) int64 {
	n := int64(0)
	for _, b := range bytes {
		if n > math.MaxInt64-b {
			return math.MaxInt64
		}
		n += b
	}
	return n
}
