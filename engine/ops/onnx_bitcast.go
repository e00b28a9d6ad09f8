package ops

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/x448/float16"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// BitCast is ONNX's operator of this name: the same bits as elements of another type of the same width, a whole number of bytes.
// https://onnx.ai/onnx/operators/onnx__BitCast.html The plugin has no such node.
func init() {
	register("BitCast", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		d.Required("output_type")
		return bitCast{d.DType("output_type", tensor.Invalid)}, d.Err()
	})
}

type bitCast struct{ to tensor.DType }

func (b bitCast) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 1, 1); err != nil {
		return nil, err
	}
	t := in[0].Type
	if t.Bits() != b.to.Bits() || t.Bits() < 8 || t.Bits() == 8 && t.IsFloat() {
		return nil, fmt.Errorf("the bits of %s can't be read as %s", t, b.to)
	}
	return []Spec{{b.to, in[0].Shape}}, nil
}

func (b bitCast) Eval(_ *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	raw := tensor.Raw{Type: b.to, Shape: in[0].Shape}
	var err error
	if raw.Bytes, err = storedBytes(in[0].Tensor); err != nil {
		return err
	}
	t, err := raw.Decode()
	if err == nil {
		copyAll(serial, out[0], t)
	}
	return err
}

// storedBytes are the elements as a file stores them.
func storedBytes(t *tensor.Tensor) ([]byte, error) {
	d := t.Any()
	switch t.Type {
	case tensor.F16:
		d = mapValues(t.F32s(), func(v float32) uint16 { return float16.Fromfloat32(v).Bits() })
	case tensor.BF16:
		d = mapValues(t.F32s(), func(v float32) uint16 { return uint16(math.Float32bits(v) >> 16) })
	}
	return binary.Append(nil, binary.LittleEndian, d)
}
