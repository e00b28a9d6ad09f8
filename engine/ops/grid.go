package ops

import (
	"unsafe"

	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// roundTo puts results of type t, of which f16 and bf16 are computed in f32, on the grid of t.
func roundTo[E tensor.Element](t tensor.DType, d []E) {
	if t != tensor.F16 && t != tensor.BF16 {
		return
	}
	kernel.RoundTo(any(d).([]float32), t)
}

// elements returns those of t, which are kept as E, or as bool where E is uint8: 0 and 1 then.
func elements[E tensor.Element](t *tensor.Tensor) []E {
	if b, ok := t.Any().([]bool); ok {
		if bytes, ok := any(bytesOf(b)).([]E); ok {
			return bytes
		}
	}
	return tensor.Data[E](t)
}

// bytesOf returns booleans as 0 and 1, shared; nothing else may be written to them.
func bytesOf(b []bool) []uint8 {
	return unsafe.Slice((*uint8)(unsafe.Pointer(unsafe.SliceData(b))), len(b))
}
