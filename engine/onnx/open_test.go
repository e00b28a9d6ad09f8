package onnx_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"halfway/engine/onnx"
)

// sparse writes a model of count MatMuls with weights of size by size each, which are holes in the file.
func sparse(t testing.TB, count, size int) string {
	data := 4 * size * size
	var parts [][]byte // a graph's fields; each initializer's data follows in the file
	length := 0
	for i := range count {
		head := tensorOf(fmt.Sprintf("w%d", i), []int64{int64(size), int64(size)}, nil)
		head = protowire.AppendVarint(protowire.AppendTag(head, 9, protowire.BytesType), uint64(data))
		field := protowire.AppendVarint(protowire.AppendTag(nil, 5, protowire.BytesType), uint64(len(head)+data))
		parts = append(parts, append(field, head...))
		length += len(field) + len(head) + data
	}
	nodes := append(value(11, "v0", 1, int64(size)), value(12, fmt.Sprintf("v%d", count), 1, int64(size))...)
	for i := range count {
		nodes = append(nodes, node("MatMul", "", []string{fmt.Sprintf("v%d", i), fmt.Sprintf("w%d", i)}, []string{fmt.Sprintf("v%d", i+1)})...)
	}
	path := filepath.Join(t.TempDir(), "sparse.onnx")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	at := int64(0)
	write := func(b []byte, hole int) {
		if _, err := f.WriteAt(b, at); err != nil {
			t.Fatal(err)
		}
		at += int64(len(b) + hole)
	}
	write(append(varint(1, 8), lengthy(8, varint(2, 17))...), 0)
	write(protowire.AppendVarint(protowire.AppendTag(nil, 7, protowire.BytesType), uint64(length+len(nodes))), 0)
	for _, p := range parts {
		write(p, data)
	}
	write(nodes, 0)
	return path
}

// BenchmarkOpen opens and translates a model of 340 MB with 288 weights: it reads what lies between the weights, not them.
func BenchmarkOpen(b *testing.B) {
	path := sparse(b, 288, 544)
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	before := resident()
	b.ReportAllocs()
	for b.Loop() {
		if err := read(path); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(info.Size())/1e6, "file-MB")
	b.ReportMetric(float64(resident()-before)/1e6, "resident-MB")
}

// resident is the size of the process in memory; 0 where the system does not say.
func resident() int {
	b, err := os.ReadFile("/proc/self/statm")
	fields := bytes.Fields(b)
	if err != nil || len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.Atoi(string(fields[1]))
	return pages * os.Getpagesize()
}

// TestOpenReadsNoWeights opens a model of 64 MB with far fewer bytes than that.
func TestOpenReadsNoWeights(t *testing.T) {
	path := sparse(t, 16, 1000)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := read(path); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 4<<20 {
		t.Errorf("%d bytes were allocated for a model of 64 MB", used)
	}
}

// TestNames has what OpenVINO 2026.4.1 calls the operations that it makes of nodes, as ov.Core().read_model lists them; inner operations, which it
// numbers, are left out.
func TestNames(t *testing.T) {
	in, out := value(11, "x", 1, 3, 4, 4), value(12, "y")
	weights := func(name string, dims ...int64) []byte {
		n := int64(4)
		for _, d := range dims {
			n *= d
		}
		return initializer(name, dims, lengthy(9, make([]byte, n)))
	}
	for _, test := range []struct {
		name  string
		graph [][]byte
		want  []string
	}{
		{"a node keeps its name, what gives an output has that of the output",
			[][]byte{node("Tanh", "t", []string{"x"}, []string{"a"}), node("Relu", "r", []string{"a"}, []string{"y"})}, []string{"Tanh t", "Relu y"}},
		{"a node without a name has that of its output",
			[][]byte{node("Tanh", "", []string{"x"}, []string{"a"}), node("Relu", "", []string{"a"}, []string{"y"})}, []string{"Tanh a", "Relu y"}},
		{"a Dropout gives its name to what it passes on",
			[][]byte{node("Tanh", "t", []string{"x"}, []string{"a"}), node("Dropout", "dr", []string{"a"}, []string{"b"}), node("Relu", "r", []string{"b"}, []string{"y"})},
			[]string{"Tanh dr", "Relu y"}},
		{"a convolution with a bias",
			[][]byte{weights("w", 2, 3, 1, 1), weights("b", 2), node("Conv", "c", []string{"x", "w", "b"}, []string{"a"}), node("Relu", "r", []string{"a"}, []string{"y"})},
			[]string{"Convolution c/WithoutBiases", "Add c", "Relu y"}},
		{"a convolution without one",
			[][]byte{weights("w", 2, 3, 1, 1), node("Conv", "c", []string{"x", "w"}, []string{"a"}), node("Relu", "r", []string{"a"}, []string{"y"})},
			[]string{"Convolution c", "Relu y"}},
		{"a split without a name has that of its last output",
			[][]byte{node("Split", "", []string{"x"}, []string{"p", "q", "r"}, attr("axis", 2, varint(3, 1))), node("Relu", "z", []string{"q"}, []string{"y"})},
			[]string{"Split r", "Relu y"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, err := onnx.Open(save(t, model(slices.Concat(in, slices.Concat(test.graph...), out))))
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			g, err := m.Graph(nil)
			if err != nil {
				t.Fatal(err)
			}
			order, err := g.Order()
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, n := range order {
				if !slices.Contains([]string{"Parameter", "Constant", "Result", "Reshape"}, n.Op) {
					got = append(got, n.Op+" "+n.Name)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("operations %q, want %q", got, test.want)
			}
		})
	}
}

// TestOutputNames has outputs that only pass on what has other names in the file, and one value that is two outputs.
func TestOutputNames(t *testing.T) {
	m, err := onnx.Open(save(t, model(slices.Concat(value(11, "x", 1, 2), node("Tanh", "t", []string{"x"}, []string{"inner"}),
		node("Identity", "i", []string{"inner"}, []string{"first"}), node("Identity", "j", []string{"inner"}, []string{"second"}),
		value(12, "second"), value(12, "first")))))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	g, err := m.Graph(nil)
	if err != nil {
		t.Fatal(err)
	}
	if first, second := g.OutputName(0), g.OutputName(1); first != "second" || second != "first" {
		t.Errorf("outputs %q and %q, want \"second\" and \"first\"", first, second)
	}
}
