package ops

import (
	"math"

	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// intValues returns the elements of t as ints. Floats are truncated and what int does not have is clamped (NaN is 0).
func intValues(t *tensor.Tensor) []int {
	switch d := t.Any().(type) {
	case []float32:
		return mapValues(d, func(v float32) int { return truncate(float64(v)) })
	case []float64:
		return mapValues(d, truncate)
	case []int64:
		return mapValues(d, func(v int64) int { return int(v) })
	case []int32:
		return mapValues(d, func(v int32) int { return int(v) })
	case []int16:
		return mapValues(d, func(v int16) int { return int(v) })
	case []int8:
		return mapValues(d, func(v int8) int { return int(v) })
	case []uint64:
		return mapValues(d, func(v uint64) int { return int(min(v, math.MaxInt64)) })
	case []uint32:
		return mapValues(d, func(v uint32) int { return int(v) })
	case []uint16:
		return mapValues(d, func(v uint16) int { return int(v) })
	case []uint8:
		return mapValues(d, func(v uint8) int { return int(v) })
	}
	return mapValues(tensor.Data[bool](t), func(v bool) int {
		if v {
			return 1
		}
		return 0
	})
}

// floatValues returns the elements of t, which is of a float or integer type, as float64s.
func floatValues(t *tensor.Tensor) []float64 {
	switch d := t.Any().(type) {
	case []float32:
		return mapValues(d, func(v float32) float64 { return float64(v) })
	case []float64:
		return d
	}
	return mapValues(intValues(t), func(v int) float64 { return float64(v) })
}

func mapValues[S, D any](src []S, f func(S) D) []D {
	dst := make([]D, len(src))
	for i, v := range src {
		dst[i] = f(v)
	}
	return dst
}

// truncate is v without its fraction as an int, clamped; 0 for NaN.
func truncate(v float64) int {
	switch {
	case v != v:
		return 0
	case v >= math.MaxInt64:
		return math.MaxInt64
	case v <= math.MinInt64:
		return math.MinInt64
	}
	return int(v)
}

// f32Values returns the elements of a float tensor as float32s.
func f32Values(t *tensor.Tensor) []float32 {
	if d, ok := t.Any().([]float32); ok {
		return d
	}
	return mapValues(floatValues(t), func(v float64) float32 { return float32(v) })
}

// storeF32s stores values in a float tensor.
func storeF32s(t *tensor.Tensor, values []float32) {
	if d, ok := t.Any().([]float32); ok {
		copy(d, values)
		return
	}
	for i, v := range values {
		tensor.Data[float64](t)[i] = float64(v)
	}
}

// storeFloats stores values in a float tensor.
func storeFloats(t *tensor.Tensor, values []float64) {
	if d, ok := t.Any().([]float64); ok {
		copy(d, values)
		return
	}
	for i, v := range values {
		t.F32s()[i] = float32(v)
	}
}

// putInts stores f(i), converted, as each element of a tensor of integers.
func putInts(t *tensor.Tensor, f func(i int) int) {
	switch d := t.Any().(type) {
	case []int64:
		fillInts(d, f)
	case []int32:
		fillInts(d, f)
	case []int16:
		fillInts(d, f)
	case []int8:
		fillInts(d, f)
	case []uint64:
		fillInts(d, f)
	case []uint32:
		fillInts(d, f)
	case []uint16:
		fillInts(d, f)
	case []uint8:
		fillInts(d, f)
	}
}

func fillInts[E int64 | int32 | int16 | int8 | uint64 | uint32 | uint16 | uint8](d []E, f func(i int) int) {
	for i := range d {
		d[i] = E(f(i))
	}
}

// storeInts stores values in a tensor of an integer type.
func storeInts(t *tensor.Tensor, values []int) {
	putInts(t, func(i int) int { return values[i] })
}

// storeRounded stores values in a tensor of an integer type: rounded to nearest even and limited to what the type has; NaN is 0.
func storeRounded(t *tensor.Tensor, values []float32) {
	switch d := t.Any().(type) {
	case []uint8:
		if t.Type == tensor.U8 {
			kernel.RoundToUnsigned(d, values)
			return
		}
	case []int8:
		if t.Type == tensor.I8 {
			kernel.RoundToSigned(d, values)
			return
		}
	}
	bits := float64(t.Type.Bits())
	least, most := 0.0, math.Exp2(bits)-1
	if t.Type.IsSigned() {
		least, most = -math.Exp2(bits-1), math.Exp2(bits-1)-1
	}
	putInts(t, func(i int) int { return truncate(min(max(math.RoundToEven(float64(values[i])), least), most)) })
}

// slab is the i-th of n equal parts of s.
func slab[T any](s []T, i, n int) []T { return s[len(s)/n*i:][:len(s)/n] }

// rowOf is row i of a matrix with rows of n elements.
func rowOf[T any](m []T, i, n int) []T { return m[i*n:][:n] }
