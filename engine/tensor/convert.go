package tensor

import (
	"fmt"
	"math"
)

// ConvertExact returns t as type to, or an error that names the first element whose value type to does not have. Booleans are 0 and 1; NaN
// converts between floats only; t itself is returned when it has the type already.
func ConvertExact(t *Tensor, to DType) (*Tensor, error) {
	if t.Type == to {
		return t, nil
	}
	if !convertible(t.Type) || !convertible(to) {
		return nil, fmt.Errorf("no conversion from %s to %s", t.Type, to)
	}
	r := New(to, t.Shape...)
	i, value := convertElements(t, r)
	if i >= 0 {
		return nil, fmt.Errorf("element %d is %v, which %s does not have", i, value, to)
	}
	return r, nil
}

// convertible excludes the types that only constants have.
func convertible(t DType) bool {
	switch t {
	case Invalid, F8E4M3, F8E5M2, F8E8M0, NF4, F4E2M1, I4, U4, U2, U1:
		return false
	}
	return true
}

// convertElements returns the index and value of the first element that does not convert, or -1.
func convertElements(t, r *Tensor) (int, any) {
	switch d := t.data.(type) {
	case []float32:
		return fromFloats(d, r)
	case []float64:
		return fromFloats(d, r)
	case []int64:
		return fromInts(d, r)
	case []int32:
		return fromInts(d, r)
	case []int16:
		return fromInts(d, r)
	case []int8:
		return fromInts(d, r)
	case []uint64:
		return fromInts(d, r)
	case []uint32:
		return fromInts(d, r)
	case []uint16:
		return fromInts(d, r)
	case []uint8:
		return fromInts(d, r)
	}
	bools := Data[bool](t)
	ones := make([]uint8, len(bools))
	for i, b := range bools {
		if b {
			ones[i] = 1
		}
	}
	return fromInts(ones, r)
}

type integer interface {
	int64 | int32 | int16 | int8 | uint64 | uint32 | uint16 | uint8
}

func fromFloats[S float32 | float64](src []S, r *Tensor) (int, any) {
	put := r.putter()
	for i, v := range src {
		f := float64(v)
		ok := false
		switch {
		case r.Type.IsFloat():
			ok = put.float(i, f)
		case f == math.Trunc(f) && f >= 0 && f < 1<<64:
			ok = put.magnitude(i, uint64(f), false)
		case f == math.Trunc(f) && f < 0 && f >= -1<<63:
			ok = put.magnitude(i, uint64(-f), true)
		}
		if !ok {
			return i, v
		}
	}
	return -1, nil
}

func fromInts[S integer](src []S, r *Tensor) (int, any) {
	put := r.putter()
	float := r.Type.IsFloat()
	for i, v := range src {
		magnitude := uint64(v)
		if v < 0 {
			magnitude = -magnitude
		}
		ok := false
		if !float {
			ok = put.magnitude(i, magnitude, v < 0)
		} else if f := float64(v); f < 1<<64 && uint64(math.Abs(f)) == magnitude {
			ok = put.float(i, f)
		}
		if !ok {
			return i, v
		}
	}
	return -1, nil
}

// putter stores values in a tensor; its functions report whether the type has the value.
type putter struct {
	float     func(i int, v float64) bool
	magnitude func(i int, v uint64, negative bool) bool
}

func (t *Tensor) putter() putter {
	switch d := t.data.(type) {
	case []float32:
		return putter{float: func(i int, v float64) bool {
			d[i] = float32(v)
			return v != v || float64(d[i]) == v && Round(t.Type, d[i]) == d[i]
		}}
	case []float64:
		return putter{float: func(i int, v float64) bool { d[i] = v; return true }}
	case []bool:
		return putter{magnitude: func(i int, v uint64, _ bool) bool { d[i] = v == 1; return v <= 1 }}
	case []int64:
		return signed(d, math.MaxInt64)
	case []int32:
		return signed(d, math.MaxInt32)
	case []int16:
		return signed(d, math.MaxInt16)
	case []int8:
		return signed(d, math.MaxInt8)
	case []uint64:
		return unsigned(d, math.MaxUint64)
	case []uint32:
		return unsigned(d, math.MaxUint32)
	case []uint16:
		return unsigned(d, math.MaxUint16)
	}
	return unsigned(t.data.([]uint8), math.MaxUint8)
}

func signed[D integer](d []D, limit uint64) putter {
	return putter{magnitude: func(i int, v uint64, negative bool) bool {
		d[i] = D(v)
		if negative {
			d[i] = -d[i]
			return v <= limit+1
		}
		return v <= limit
	}}
}

func unsigned[D integer](d []D, limit uint64) putter {
	return putter{magnitude: func(i int, v uint64, negative bool) bool {
		d[i] = D(v)
		return v <= limit && (!negative || v == 0)
	}}
}
