package tensor

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"unsafe"
)

// view returns the elements' memory, shared.
func (t *Tensor) view() []byte {
	switch d := t.data.(type) {
	case []float32:
		return viewOf(d)
	case []float64:
		return viewOf(d)
	case []int64:
		return viewOf(d)
	case []int32:
		return viewOf(d)
	case []int16:
		return viewOf(d)
	case []int8:
		return viewOf(d)
	case []uint64:
		return viewOf(d)
	case []uint32:
		return viewOf(d)
	case []uint16:
		return viewOf(d)
	case []uint8:
		return d
	case []bool:
		return viewOf(d)
	}
	return nil
}

func viewOf[E Element](d []E) []byte {
	var e E
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(d))), len(d)*int(unsafe.Sizeof(e)))
}

// Equal reports whether a and b have the same type, the same shape and the same bits: NaNs of equal bits are equal, 0 and -0 are not.
func Equal(a, b *Tensor) bool {
	return a.Type == b.Type && slices.Equal(a.Shape, b.Shape) && bytes.Equal(a.view(), b.view())
}

// HashBits returns a hash of t's type, shape and bits that is the same in every run. It is fast (memory speed), spreads well, and is no
// defence against inputs made to collide: confirm a match by Equal.
func HashBits(t *Tensor) uint64 {
	h := mix(uint64(t.Type)^salt[0], uint64(len(t.Shape))^salt[1])
	for _, d := range t.Shape {
		h = mix(h^uint64(d), salt[2])
	}
	return hashBytes(t.view(), h)
}

// salt are odd constants with as many ones as zeros in every byte, as wyhash uses them.
var salt = [...]uint64{0xa0761d6478bd642f, 0xe7037ed1a0b428db, 0x8ebc6af09c88c6e3, 0x589965cc75374cc3}

// mix folds the 128-bit product of a and b.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// hashBytes is the loop of wyhash (final version 4) with four independent chains of 16 bytes each.
func hashBytes(b []byte, seed uint64) uint64 {
	n := uint64(len(b))
	word := binary.LittleEndian.Uint64
	h0, h1, h2, h3 := seed, seed, seed, seed
	for ; len(b) >= 64; b = b[64:] {
		h0 = mix(word(b[0:8])^salt[0], word(b[8:16])^h0)
		h1 = mix(word(b[16:24])^salt[1], word(b[24:32])^h1)
		h2 = mix(word(b[32:40])^salt[2], word(b[40:48])^h2)
		h3 = mix(word(b[48:56])^salt[3], word(b[56:64])^h3)
	}
	h := h0 ^ h1 ^ h2 ^ h3
	if len(b) > 0 {
		var rest [64]byte
		copy(rest[:], b)
		for i := 0; i < len(b); i += 16 {
			h = mix(word(rest[i:])^salt[1], word(rest[i+8:])^h)
		}
	}
	return mix(h^salt[0], n^salt[1])
}

// Digest returns the SHA-256 of t's type, shape and bits.
func Digest(t *Tensor) []byte {
	h := sha256.New()
	head := append([]byte(t.Type.String()), 0)
	head = binary.LittleEndian.AppendUint64(head, uint64(len(t.Shape)))
	for _, d := range t.Shape {
		head = binary.LittleEndian.AppendUint64(head, uint64(d))
	}
	h.Write(head)
	h.Write(t.view())
	return h.Sum(nil)
}

// Bits returns the memory of the elements as unsigned integers of their width, shared: for what moves elements without looking at them.
// It panics when E is not as wide as the elements are kept.
func Bits[E uint8 | uint16 | uint32 | uint64](t *Tensor) []E {
	var e E
	b := t.view()
	if size := int(unsafe.Sizeof(e)); size != t.Type.KeptBytes() {
		panic(fmt.Sprintf("tensor.Bits: %s elements are kept in %d bytes, not %d", t.Type, t.Type.KeptBytes(), size))
	}
	return unsafe.Slice((*E)(unsafe.Pointer(unsafe.SliceData(b))), t.Len())
}
