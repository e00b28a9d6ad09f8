package onnx

import (
	"encoding/binary"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// field is one field of a message.
type field struct {
	number protowire.Number
	kind   protowire.Type
	value  uint64 // of varints and fixed ones
	bytes  []byte
}

// eachField calls visit for each field of a message.
func eachField(b []byte, visit func(f field) error) error {
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return fmt.Errorf("not an ONNX file, or damaged: %w", protowire.ParseError(n))
		}
		b = b[n:]
		f := field{number: number, kind: kind}
		switch kind {
		case protowire.VarintType:
			f.value, n = protowire.ConsumeVarint(b)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(b)
			f.value = uint64(v)
		case protowire.Fixed64Type:
			f.value, n = protowire.ConsumeFixed64(b)
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(b)
		default:
			n = protowire.ConsumeFieldValue(number, kind, b)
		}
		if n < 0 {
			return fmt.Errorf("not an ONNX file, or truncated: %w", protowire.ParseError(n))
		}
		b = b[n:]
		if err := visit(f); err != nil {
			return err
		}
	}
	return nil
}

// appendVarints adds one number or, where they are packed, several.
func appendVarints(list []int64, f field) ([]int64, error) {
	err := eachVarint(f, func(v uint64) error {
		list = append(list, int64(v))
		return tooLong(len(list))
	})
	return list, err
}

func tooLong(n int) error {
	if n > maxList {
		return fmt.Errorf("a list of more than %d numbers", maxList)
	}
	return nil
}

// eachVarint visits one number or, where they are packed, several.
func eachVarint(f field, visit func(v uint64) error) error {
	if f.kind == protowire.VarintType {
		return visit(f.value)
	}
	for b := f.bytes; len(b) > 0; {
		v, n := protowire.ConsumeVarint(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		if err := visit(v); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

func appendDims(list []int, f field) ([]int, error) {
	err := eachVarint(f, func(v uint64) error {
		if int64(v) < 0 || len(list) == maxRank {
			return fmt.Errorf("a tensor has the dimension %d after %v, expected at most %d dimensions that are not negative", int64(v), list, maxRank)
		}
		list = append(list, int(v))
		return nil
	})
	return list, err
}

func appendFloats(list []float32, f field) ([]float32, error) {
	if f.kind == protowire.Fixed32Type {
		list = append(list, math.Float32frombits(uint32(f.value)))
		return list, tooLong(len(list))
	}
	if len(f.bytes)%4 != 0 {
		return nil, fmt.Errorf("%d bytes of floats", len(f.bytes))
	}
	if err := tooLong(len(list) + len(f.bytes)/4); err != nil {
		return nil, err
	}
	for b := f.bytes; len(b) > 0; b = b[4:] {
		list = append(list, math.Float32frombits(binary.LittleEndian.Uint32(b)))
	}
	return list, nil
}
