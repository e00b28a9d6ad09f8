package tensor

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"unsafe"
)

// Memory returns the elements' bytes in the machine's order, shared.
func (t *Tensor) Memory() []byte { return t.view() }

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
