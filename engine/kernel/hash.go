package kernel

import (
	"encoding/binary"
	"math/bits"

	"halfway/engine/tensor"
)

const (
	hashLanes  = 16
	hashStripe = 8 * hashLanes      // bytes
	hashBlock  = 512 * hashStripe   // bytes that are hashed on their own
	hashStep   = 0x9e3779b97f4a7c15 // added to the keys from stripe to stripe, so that the order of stripes counts
	hashMix    = 0xbf58476d1ce4e5b9 // of splitmix64 (Steele, Lea and Flood, 2014)
)

// Hash returns a hash of t's type, shape and bits that is the same in every run. It runs at memory speed and spreads well, and is no defence
// against inputs made to collide: confirm a match by tensor.Equal.
//
// Each block sums, in 16 lanes, the elements and the products of their halves after a key is added to their bits, as XXH3 does (Collet, 2019).
func (w *Workers) Hash(t *tensor.Tensor) uint64 {
	data := t.Memory()
	blocks := make([]uint64, panels(len(data), hashBlock))
	w.For(len(blocks), 4, func(lo, hi int) {
		for b := lo; b < hi; b++ {
			blocks[b] = hashBytes(data[b*hashBlock : min((b+1)*hashBlock, len(data))])
		}
	})
	h := mixHash(uint64(t.Type), uint64(len(t.Shape)))
	for _, d := range t.Shape {
		h = mixHash(h, uint64(d))
	}
	for _, b := range blocks {
		h = mixHash(h, b)
	}
	return h
}

// mixHash joins two hashes.
func mixHash(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^hashStep, b^hashMix)
	return hi ^ lo ^ bits.RotateLeft64(a, 23)
}

// hashBytes hashes one block.
func hashBytes(data []byte) uint64 {
	var sums, keys [hashLanes]uint64
	for i := range keys {
		keys[i] = hashMix * uint64(2*i+1)
	}
	n := len(data) / hashStripe
	hashStripes(&sums, &keys, data[:n*hashStripe])
	if rest := data[n*hashStripe:]; len(rest) > 0 {
		var last [hashStripe]byte
		copy(last[:], rest)
		hashStripes(&sums, &keys, last[:])
	}
	h := uint64(len(data))
	for _, s := range sums {
		h = mixHash(h, s)
	}
	return h
}

// hashGeneric adds stripes to sums and moves the keys on.
func hashGeneric(sums, keys *[hashLanes]uint64, data []byte) {
	for ; len(data) >= hashStripe; data = data[hashStripe:] {
		for i := range sums {
			x := binary.LittleEndian.Uint64(data[8*i:])
			k := x ^ keys[i]
			sums[i^1] += x
			sums[i] += k >> 32 * (k & (1<<32 - 1))
			keys[i] += hashStep
		}
	}
}
