package tensor

import (
	"fmt"
	"math"
	"math/bits"
)

// Element is a Go type that a tensor keeps its elements in.
type Element interface {
	float32 | float64 | int64 | int32 | int16 | int8 | uint64 | uint32 | uint16 | uint8 | bool
}

// A Tensor is a dense row-major array. A scalar has an empty Shape. Several tensors may share their elements; whoever writes to one must
// own it.
type Tensor struct {
	Type  DType
	Shape []int

	data any // a slice of the element's Go type, length Len()
}

// New returns a zeroed tensor. The shape's product must fit in memory; Elements checks it.
func New(t DType, shape ...int) *Tensor {
	n, err := Elements(shape)
	if err != nil {
		panic(err)
	}
	r := &Tensor{Type: t, Shape: append([]int(nil), shape...)}
	switch t {
	case F32, F16, BF16, F8E4M3, F8E5M2:
		r.data = make([]float32, n)
	case F64:
		r.data = make([]float64, n)
	case I64:
		r.data = make([]int64, n)
	case I32:
		r.data = make([]int32, n)
	case I16:
		r.data = make([]int16, n)
	case I8, I4:
		r.data = make([]int8, n)
	case U64:
		r.data = make([]uint64, n)
	case U32:
		r.data = make([]uint32, n)
	case U16:
		r.data = make([]uint16, n)
	case U8, U4, U1:
		r.data = make([]uint8, n)
	case Bool:
		r.data = make([]bool, n)
	default:
		panic("tensor.New: invalid element type")
	}
	return r
}

// Of wraps data, which is not copied, in a tensor of type t. It panics when the number of elements is not the shape's or when t does not
// keep its elements as E.
func Of[E Element](t DType, data []E, shape ...int) *Tensor {
	r := &Tensor{Type: t, Shape: append([]int(nil), shape...), data: data}
	if r.Len() != len(data) {
		panic(fmt.Sprintf("tensor.Of: %d elements for shape %v", len(data), shape))
	}
	if probe := New(t, 0); fmt.Sprintf("%T", probe.data) != fmt.Sprintf("%T", r.data) {
		panic(fmt.Sprintf("tensor.Of: %s is kept as %T, not %T", t, probe.data, r.data))
	}
	return r
}

// Data returns the elements of t, shared. It panics when they are not kept as E.
func Data[E Element](t *Tensor) []E {
	d, ok := t.data.([]E)
	if !ok {
		panic(fmt.Sprintf("tensor.Data: %s elements are kept as %T", t.Type, t.data))
	}
	return d
}

// F32s returns the elements of a tensor whose type is kept as float32.
func (t *Tensor) F32s() []float32 { return Data[float32](t) }

// Any returns the elements, shared, as a slice of one of the Element types, for type switches.
func (t *Tensor) Any() any { return t.data }

// Len is the number of elements.
func (t *Tensor) Len() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Bytes is the memory that the elements take.
func (t *Tensor) Bytes() int64 { return int64(t.Len()) * int64(max(t.Type.KeptBytes(), 1)) }

// KeptBytes is the size of one element of type d in memory, which for the small floats is that of float32.
func (d DType) KeptBytes() int {
	switch d {
	case F64, I64, U64:
		return 8
	case F32, F16, BF16, F8E4M3, F8E5M2, I32, U32:
		return 4
	case I16, U16:
		return 2
	}
	return 1
}

// Reshape returns a tensor of another shape with the same number of elements, which it shares with t.
func (t *Tensor) Reshape(shape ...int) *Tensor {
	r := &Tensor{Type: t.Type, Shape: append([]int(nil), shape...), data: t.data}
	if r.Len() != t.Len() {
		panic(fmt.Sprintf("tensor.Reshape: %v to %v", t.Shape, shape))
	}
	return r
}

// Clone returns a copy with elements of its own.
func (t *Tensor) Clone() *Tensor {
	r := New(t.Type, t.Shape...)
	switch d := t.data.(type) {
	case []float32:
		copy(r.data.([]float32), d)
	case []float64:
		copy(r.data.([]float64), d)
	case []int64:
		copy(r.data.([]int64), d)
	case []int32:
		copy(r.data.([]int32), d)
	case []int16:
		copy(r.data.([]int16), d)
	case []int8:
		copy(r.data.([]int8), d)
	case []uint64:
		copy(r.data.([]uint64), d)
	case []uint32:
		copy(r.data.([]uint32), d)
	case []uint16:
		copy(r.data.([]uint16), d)
	case []uint8:
		copy(r.data.([]uint8), d)
	case []bool:
		copy(r.data.([]bool), d)
	}
	return r
}

// MaxElements bounds the elements of one tensor: larger shapes are refused as hostile or absurd.
const MaxElements = 1 << 38

// Elements is the product of shape, or an error when a dimension is negative or the product is above MaxElements.
func Elements(shape []int) (int, error) {
	n := uint64(1)
	for _, d := range shape {
		if d < 0 {
			return 0, fmt.Errorf("shape %v has a negative dimension", shape)
		}
		hi, lo := bits.Mul64(n, uint64(d))
		if hi != 0 || lo > math.MaxInt64 {
			return 0, fmt.Errorf("shape %v overflows", shape)
		}
		n = lo
	}
	if n > MaxElements {
		return 0, fmt.Errorf("shape %v has %d elements, more than the limit of %d", shape, n, uint64(MaxElements))
	}
	return int(n), nil
}
