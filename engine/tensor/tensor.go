package tensor

import (
	"fmt"
	"math"
	"math/bits"
	"unsafe"
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

	data  any    // a slice of the element's Go type, length Len()
	piece *piece // of a Pool, nil for memory that none takes back
}

// New returns a zeroed tensor. The shape's product must fit in memory; Elements checks it.
func New(t DType, shape ...int) *Tensor {
	n, err := Elements(shape)
	if err != nil {
		panic(err)
	}
	words := make([]uint64, words(n, t))
	return &Tensor{Type: t, Shape: copyShape(shape), data: elementsIn(dtypes[t].kept, unsafe.Pointer(unsafe.SliceData(words)), n)}
}

// words is the number of words of 8 bytes, at least one, that n elements of type t take.
func words(n int, t DType) int { return max((n*t.KeptBytes()+7)/8, 1) }

// copyShape never returns nil, which readers of shapes take for "not known".
func copyShape(shape []int) []int { return append([]int{}, shape...) }

// Of wraps data, which is not copied, in a tensor of type t. It panics when the number of elements is not the shape's or when t does not
// keep its elements as E.
func Of[E Element](t DType, data []E, shape ...int) *Tensor {
	r := &Tensor{Type: t, Shape: copyShape(shape), data: data}
	if r.Len() != len(data) {
		panic(fmt.Sprintf("tensor.Of: %d elements for shape %v", len(data), shape))
	}
	if dtypes[t].kept != keptAs[E]() {
		panic(fmt.Sprintf("tensor.Of: %s is not kept as %T", t, data))
	}
	return r
}

func keptAs[E Element]() kept {
	var e E
	switch any(e).(type) {
	case float32:
		return keptF32
	case float64:
		return keptF64
	case int64:
		return keptI64
	case int32:
		return keptI32
	case int16:
		return keptI16
	case int8:
		return keptI8
	case uint64:
		return keptU64
	case uint32:
		return keptU32
	case uint16:
		return keptU16
	case uint8:
		return keptU8
	}
	return keptBool
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
func (t *Tensor) Bytes() int64 { return int64(t.Len()) * int64(t.Type.KeptBytes()) }

// Reshape returns a tensor of another shape with the same number of elements, which it shares with t.
func (t *Tensor) Reshape(shape ...int) *Tensor {
	r := &Tensor{Type: t.Type, Shape: copyShape(shape), data: t.data}
	if r.Len() != t.Len() {
		panic(fmt.Sprintf("tensor.Reshape: %v to %v", t.Shape, shape))
	}
	return r
}

// Head returns a tensor of t's type and shape without elements: whoever reads them panics.
func (t *Tensor) Head() *Tensor { return &Tensor{Type: t.Type, Shape: t.Shape} }

// Clone returns a copy with elements of its own.
func (t *Tensor) Clone() *Tensor {
	r := New(t.Type, t.Shape...)
	copy(r.view(), t.view())
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
