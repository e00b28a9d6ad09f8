package ops

import "halfway/engine/tensor"

// word holds the bits of an element for operations that only move elements.
type word interface {
	uint8 | uint16 | uint32 | uint64
}

// byWidth returns that of four functions, of which each handles elements of one width, which handles t's.
func byWidth[F any](t *tensor.Tensor, one, two, four, eight F) F {
	switch t.Type.KeptBytes() {
	case 1:
		return one
	case 2:
		return two
	case 4:
		return four
	}
	return eight
}

// byNumber returns that of ten functions, of which each handles elements kept in one Go type, which handles t's. Booleans are handled as uint8.
func byNumber[F any](t *tensor.Tensor, f32, f64, i64, i32, i16, i8, u64, u32, u16, u8 F) F {
	switch t.Any().(type) {
	case []float32:
		return f32
	case []float64:
		return f64
	case []int64:
		return i64
	case []int32:
		return i32
	case []int16:
		return i16
	case []int8:
		return i8
	case []uint64:
		return u64
	case []uint32:
		return u32
	case []uint16:
		return u16
	}
	return u8
}
