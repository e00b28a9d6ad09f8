package ops

import (
	"unsafe"

	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// roundTo puts results of type t, of which the smaller floats are computed in f32, on the grid of t.
func roundTo[E tensor.Element](t tensor.DType, d []E) {
	switch t {
	case tensor.F16, tensor.BF16:
		kernel.RoundTo(any(d).([]float32), t)
	case tensor.F8E4M3, tensor.F8E5M2:
		f := any(d).([]float32)
		for i, v := range f {
			f[i] = float8s[t].round(v, false)
		}
	}
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
