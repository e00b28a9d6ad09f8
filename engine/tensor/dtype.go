// Package tensor holds the values that flow through a network and the files they come from: element types, dense tensors, npy and npz
// archives, and read-only mappings of weight files.
//
// A Tensor is dense and row-major. Its elements are kept in the Go type that the engine computes in: the float types of 32 bits and
// fewer as float32 (values of F16 and BF16 tensors lie on their grid), f64 as float64, integers in their own width (types narrower than a
// byte one element a byte), booleans as bool. The package computes nothing but conversions between element types.
package tensor

import (
	"fmt"
	"strings"
)

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
	F8E8M0
	NF4
	F4E2M1
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
	U2
	U1
	Bool
)

// kept is the Go type that elements are kept in.
type kept uint8

const (
	keptNone kept = iota
	keptF32
	keptF64
	keptI64
	keptI32
	keptI16
	keptI8
	keptU64
	keptU32
	keptU16
	keptU8
	keptBool
)

var keptBytes = [...]int{
	keptNone: 1, keptF32: 4, keptF64: 8, keptI64: 8, keptI32: 4, keptI16: 2, keptI8: 1, keptU64: 8, keptU32: 4, keptU16: 2, keptU8: 1, keptBool: 1,
}

var dtypes = [...]struct {
	name string
	bits int
	kept kept
}{
	Invalid: {"invalid", 0, keptNone},
	F64:     {"f64", 64, keptF64}, F32: {"f32", 32, keptF32}, F16: {"f16", 16, keptF32}, BF16: {"bf16", 16, keptF32},
	F8E4M3: {"f8e4m3", 8, keptF32}, F8E5M2: {"f8e5m2", 8, keptF32}, F8E8M0: {"f8e8m0", 8, keptF32},
	NF4: {"nf4", 4, keptF32}, F4E2M1: {"f4e2m1", 4, keptF32},
	I64: {"i64", 64, keptI64}, I32: {"i32", 32, keptI32}, I16: {"i16", 16, keptI16}, I8: {"i8", 8, keptI8}, I4: {"i4", 4, keptI8},
	U64: {"u64", 64, keptU64}, U32: {"u32", 32, keptU32}, U16: {"u16", 16, keptU16}, U8: {"u8", 8, keptU8},
	U4: {"u4", 4, keptU8}, U2: {"u2", 2, keptU8}, U1: {"u1", 1, keptU8},
	Bool: {"boolean", 8, keptBool},
}

// portNames are the names of an IR port's precision attribute that are not the type's own name in capitals.
var portNames = map[string]DType{"FP64": F64, "FP32": F32, "FP16": F16, "BOOL": Bool, "BIN": U1}

// ParseDType returns the type that IR calls name, in either case and with the names of the port attribute too ("f32", "FP32", "BOOL").
func ParseDType(name string) (DType, error) {
	if d, ok := portNames[strings.ToUpper(name)]; ok {
		return d, nil
	}
	for d := F64; d <= Bool; d++ {
		if strings.EqualFold(dtypes[d].name, name) {
			return d, nil
		}
	}
	return Invalid, fmt.Errorf("element type %q is not known", name)
}

func (d DType) String() string { return dtypes[d].name }

// Bits is the size of one stored element in bits.
func (d DType) Bits() int { return dtypes[d].bits }

// KeptBytes is the size of one element of type d in memory, which for the small floats is that of float32.
func (d DType) KeptBytes() int { return keptBytes[dtypes[d].kept] }

// IsFloat reports whether d is a floating-point type.
func (d DType) IsFloat() bool { return d >= F64 && d <= F4E2M1 }

// IsInteger reports whether d is a signed or unsigned integer type (booleans are not).
func (d DType) IsInteger() bool { return d >= I64 && d <= U1 }

// IsSigned reports whether d is a float or a signed integer type.
func (d DType) IsSigned() bool { return d >= F64 && d <= I4 }
