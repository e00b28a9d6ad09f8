package tensor

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"github.com/x448/float16"
)

// WriteNPY writes t in the npy format, version 1.0, as numpy would. BF16 and the floats of 8 bits and fewer are written as f4, F16 as f2,
// integers narrower than a byte in a byte each.
func WriteNPY(w io.Writer, t *Tensor) error {
	if _, err := w.Write(npyHeaderOf(t)); err != nil {
		return err
	}
	return t.writeElements(w)
}

var npyDescrs = map[kept]string{
	keptF32: "<f4", keptF64: "<f8", keptI64: "<i8", keptI32: "<i4", keptI16: "<i2", keptI8: "|i1",
	keptU64: "<u8", keptU32: "<u4", keptU16: "<u2", keptU8: "|u1", keptBool: "|b1",
}

// npyHeaderOf is padded with spaces so that the data starts at a multiple of 64 bytes.
func npyHeaderOf(t *Tensor) []byte {
	descr := npyDescrs[dtypes[t.Type].kept]
	if t.Type == F16 {
		descr = "<f2"
	}
	var shape strings.Builder
	for _, d := range t.Shape {
		fmt.Fprintf(&shape, "%d, ", d)
	}
	tuple := strings.TrimSuffix(shape.String(), " ")
	if len(t.Shape) > 1 {
		tuple = strings.TrimSuffix(tuple, ",")
	}
	dict := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, tuple)
	padding := 63 - (10+len(dict))%64
	b := append([]byte(npyMagic), 1, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(dict)+padding+1))
	b = append(b, dict...)
	return append(b, strings.Repeat(" ", padding)+"\n"...)
}

func (t *Tensor) writeElements(w io.Writer) error {
	if t.Type == F16 {
		return writeHalves(w, t.F32s())
	}
	if littleEndian {
		_, err := w.Write(t.view())
		return err
	}
	return binary.Write(w, binary.LittleEndian, t.data)
}

func writeHalves(w io.Writer, values []float32) error {
	buffer := make([]byte, 0, 1<<15)
	for len(values) > 0 {
		buffer = buffer[:0]
		for _, v := range values[:min(len(values), cap(buffer)/2)] {
			buffer = binary.LittleEndian.AppendUint16(buffer, float16.Fromfloat32(v).Bits())
		}
		if _, err := w.Write(buffer); err != nil {
			return err
		}
		values = values[len(buffer)/2:]
	}
	return nil
}
