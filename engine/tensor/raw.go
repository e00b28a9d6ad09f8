package tensor

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"

	"github.com/x448/float16"
)

// Raw is a constant as its file stores it: little-endian elements, types narrower than a byte packed. Bytes usually lies in a Mapping, so
// whatever reads them runs under Guard.
type Raw struct {
	Type  DType
	Shape []int
	Bytes []byte

	// Compute, when it is set, makes the elements in place of Bytes, of which there are none then: those of a constant that follows from
	// others and is only computed when it is needed. It is kept from then on, as all is that it is computed from; Takes is the number of bytes
	// that it takes itself then.
	Compute func() (*Tensor, error)
	From    []*Raw
	Takes   int64
}

// Footprint is the number of bytes that computing r takes, with all that it is computed from but what is in seen, which it is added to;
// math.MaxInt64 where it overflows.
func (r *Raw) Footprint(seen map[*Raw]bool) int64 {
	if seen[r] {
		return 0
	}
	seen[r] = true
	n := r.Takes
	for _, from := range r.From {
		if m := from.Footprint(seen); m > math.MaxInt64-n {
			n = math.MaxInt64
		} else {
			n += m
		}
	}
	return n
}

// StoredBytes is the size in bytes of elements of type t in a file; the last byte of packed types may be partly used.
func StoredBytes(t DType, elements int) int64 {
	if t.Bits() >= 8 {
		return int64(elements) * int64(t.Bits()/8)
	}
	perByte := 8 / max(t.Bits(), 1)
	return int64((elements + perByte - 1) / perByte)
}

// Decode returns the elements in the Go type that tensors keep them in. Where that is also how the file stores them, they are not copied:
// the tensor then lies in r.Bytes, and must not be written to. Bytes of another number than the type and shape need are an error.
func (r Raw) Decode() (*Tensor, error) {
	if r.Compute != nil {
		return r.Compute()
	}
	n, err := Elements(r.Shape)
	if err != nil {
		return nil, err
	}
	if r.Type == Invalid {
		return nil, fmt.Errorf("elements of an unknown type cannot be decoded")
	}
	if want := StoredBytes(r.Type, n); int64(len(r.Bytes)) != want {
		return nil, fmt.Errorf("%s%v needs %d bytes, found %d", r.Type, r.Shape, want, len(r.Bytes))
	}
	return &Tensor{Type: r.Type, Shape: copyShape(r.Shape), data: r.elements(n)}, nil
}

func (r Raw) elements(n int) any {
	b := r.Bytes
	switch r.Type {
	case F64:
		return load(b, n, func(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) })
	case F32:
		return load(b, n, func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) })
	case I64:
		return load(b, n, func(b []byte) int64 { return int64(binary.LittleEndian.Uint64(b)) })
	case I32:
		return load(b, n, func(b []byte) int32 { return int32(binary.LittleEndian.Uint32(b)) })
	case I16:
		return load(b, n, func(b []byte) int16 { return int16(binary.LittleEndian.Uint16(b)) })
	case U64:
		return load(b, n, binary.LittleEndian.Uint64)
	case U32:
		return load(b, n, binary.LittleEndian.Uint32)
	case U16:
		return load(b, n, binary.LittleEndian.Uint16)
	case I8:
		return load(b, n, func(b []byte) int8 { return int8(b[0]) })
	case U8:
		return load(b, n, func(b []byte) uint8 { return b[0] })
	case Bool:
		return loadBools(b)
	}
	return r.widened(n)
}

// widened decodes the types that tensors keep in a wider Go type than the file does.
func (r Raw) widened(n int) any {
	b := r.Bytes
	switch r.Type {
	case F16:
		return each(n, func(i int) float32 { return float16.Frombits(binary.LittleEndian.Uint16(b[2*i:])).Float32() })
	case BF16:
		return each(n, func(i int) float32 { return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b[2*i:])) << 16) })
	case F8E4M3:
		return each(n, func(i int) float32 { return f8e4m3[b[i]] })
	case F8E5M2:
		return each(n, func(i int) float32 { return float16.Frombits(uint16(b[i]) << 8).Float32() })
	case F8E8M0:
		return each(n, func(i int) float32 { return f8e8m0[b[i]] })
	case NF4:
		return each(n, func(i int) float32 { return nf4[nibble(b, i)] })
	case F4E2M1:
		return each(n, func(i int) float32 { return f4e2m1[nibble(b, i)] })
	case I4:
		return each(n, func(i int) int8 { return int8(nibble(b, i)<<4) >> 4 })
	case U4:
		return each(n, func(i int) uint8 { return nibble(b, i) })
	case U2:
		return each(n, func(i int) uint8 { return b[i/4] >> (i % 4 * 2) & 3 })
	}
	return each(n, func(i int) uint8 { return b[i/8] >> (7 - i%8) & 1 }) // of U1 alone the first element is the highest bit
}

// nibble returns the i-th half byte, the low one first.
func nibble(b []byte, i int) uint8 { return b[i/2] >> (i % 2 * 4) & 15 }

func each[E Element](n int, f func(i int) E) []E {
	r := make([]E, n)
	for i := range r {
		r[i] = f(i)
	}
	return r
}

var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// load returns n little-endian elements: b itself where the machine can read them there, else what decode makes of each.
func load[E Element](b []byte, n int, decode func([]byte) E) []E {
	var e E
	size := int(unsafe.Sizeof(e))
	if n == 0 {
		return []E{}
	}
	start := unsafe.Pointer(unsafe.SliceData(b))
	if littleEndian && uintptr(start)%unsafe.Alignof(e) == 0 {
		return unsafe.Slice((*E)(start), n)
	}
	return each(n, func(i int) E { return decode(b[i*size:]) })
}

// loadBools copies only bytes that are no valid Go booleans.
func loadBools(b []byte) []bool {
	for _, v := range b {
		if v > 1 {
			return each(len(b), func(i int) bool { return b[i] != 0 })
		}
	}
	return load(b, len(b), func(b []byte) bool { return b[0] != 0 })
}
