package onnx_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// Messages of onnx.proto, written field by field, so that tests can also write what no library would.

func lengthy(number protowire.Number, b []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), b)
}

func text(number protowire.Number, s string) []byte { return lengthy(number, []byte(s)) }

func varint(number protowire.Number, v int64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, number, protowire.VarintType), uint64(v))
}

func texts(number protowire.Number, list []string) []byte {
	var b []byte
	for _, s := range list {
		b = append(b, text(number, s)...)
	}
	return b
}

// node is a field of a graph.
func node(op, name string, in, out []string, attrs ...[]byte) []byte {
	return lengthy(1, slices.Concat(texts(1, in), texts(2, out), text(3, name), text(4, op), slices.Concat(attrs...)))
}

// attr is a field of a node: a name, a kind and what it holds.
func attr(name string, kind int64, value []byte) []byte {
	return lengthy(5, slices.Concat(text(1, name), value, varint(20, kind)))
}

// tensorOf is a TensorProto of f32, whose data is in other fields.
func tensorOf(name string, dims []int64, data []byte) []byte {
	var b []byte
	for _, d := range dims {
		b = append(b, varint(1, d)...)
	}
	return slices.Concat(b, varint(2, 1), text(8, name), data)
}

func initializer(name string, dims []int64, data []byte) []byte {
	return lengthy(5, tensorOf(name, dims, data))
}

// outside says that a tensor's data lies in a file.
func outside(location string) []byte {
	return append(varint(14, 1), lengthy(13, append(text(1, "location"), text(2, location)...))...)
}

// outsideAt is outside with an offset and a length in the file, any text.
func outsideAt(location, offset, length string) []byte {
	b := outside(location)
	for _, e := range [][2]string{{"offset", offset}, {"length", length}} {
		b = append(b, lengthy(13, append(text(1, e[0]), text(2, e[1])...))...)
	}
	return b
}

// value is a field of a graph, 11 for an input and 12 for an output, of f32.
func value(number protowire.Number, name string, dims ...int64) []byte {
	var shape []byte
	for _, d := range dims {
		shape = append(shape, lengthy(1, varint(1, d))...)
	}
	return lengthy(number, append(text(1, name), lengthy(2, lengthy(1, append(varint(1, 1), lengthy(2, shape)...)))...))
}

// model has a graph of the given fields and opset 17, and further fields.
func model(graph []byte, more ...[]byte) []byte {
	return slices.Concat(varint(1, 8), lengthy(7, graph), lengthy(8, varint(2, 17)), slices.Concat(more...))
}

// function is a field of a model: a function of the domain "f" of one input x and one output y.
func function(name string, nodes ...[]byte) []byte {
	var body []byte
	for _, n := range nodes {
		_, _, skip := protowire.ConsumeTag(n)
		inner, _ := protowire.ConsumeBytes(n[skip:])
		body = append(body, lengthy(7, inner)...)
	}
	return lengthy(25, slices.Concat(text(1, name), text(4, "x"), text(5, "y"), body, text(10, "f")))
}

// save writes a model into a folder of its own.
func save(t testing.TB, b []byte) string {
	path := filepath.Join(t.TempDir(), "model.onnx")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
