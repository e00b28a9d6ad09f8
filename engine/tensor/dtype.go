// Package tensor holds the values that flow through a network and the files they come from: element types, dense tensors, npy and npz
// archives, and read-only mappings of weight files.
//
// A Tensor is dense and row-major. Its elements are kept in the Go type that the engine computes in: the float types of 32 bits and
// fewer as float32 (values of F16 and BF16 tensors lie on their grid), f64 as float64, integers in their own width (types narrower than a
// byte one element a byte), booleans as bool. The package computes nothing but conversions between element types.
package tensor

import "fmt"

// DType is an element type, named as OpenVINO IR names it.
type DType uint8

// The element types. F32 also stands for "not reduced" where a DType names a rounding grid.
const (
	Invalid DType = iota
	F64
	F32
	F16
	BF16
	F8E4M3
	F8E5M2
	I64
	I32
	I16
	I8
	I4
	U64
	U32
	U16
	U8
	U4
	U1
	Bool
)

var dtypes = [...]struct {
	name string
	bits int
}{
	Invalid: {"invalid", 0},
	F64:     {"f64", 64}, F32: {"f32", 32}, F16: {"f16", 16}, BF16: {"bf16", 16}, F8E4M3: {"f8e4m3", 8}, F8E5M2: {"f8e5m2", 8},
	I64: {"i64", 64}, I32: {"i32", 32}, I16: {"i16", 16}, I8: {"i8", 8}, I4: {"i4", 4},
	U64: {"u64", 64}, U32: {"u32", 32}, U16: {"u16", 16}, U8: {"u8", 8}, U4: {"u4", 4}, U1: {"u1", 1},
	Bool: {"boolean", 8},
}

// ParseDType returns the type that IR calls name, in either case and with the names of the port attribute too ("f32", "FP32", "BOOL").
func ParseDType(name string) (DType, error) {
	switch name {
	case "FP64":
		return F64, nil
	case "FP32":
		return F32, nil
	case "FP16":
		return F16, nil
	case "BOOL", "bool":
		return Bool, nil
	}
	for d := F64; d <= Bool; d++ {
		if equalFold(dtypes[d].name, name) {
			return d, nil
		}
	}
	return Invalid, fmt.Errorf("element type %q is not known", name)
}

func equalFold(lower, s string) bool {
	if len(lower) != len(s) {
		return false
	}
	for i := range s {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

func (d DType) String() string { return dtypes[d].name }

// Bits is the size of one stored element in bits.
func (d DType) Bits() int { return dtypes[d].bits }

// IsFloat reports whether d is a floating-point type.
func (d DType) IsFloat() bool { return d >= F64 && d <= F8E5M2 }

// IsInteger reports whether d is a signed or unsigned integer type (booleans are not).
func (d DType) IsInteger() bool { return d >= I64 && d <= U1 }
