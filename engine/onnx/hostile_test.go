package onnx_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"halfway/engine/onnx"
)

// relu is a whole model with a node of the given initializer beside it.
func withInitializer(dims []int64, data []byte) []byte {
	return model(slices.Concat(value(11, "x", 2), initializer("w", dims, data), node("Add", "sum", []string{"x", "w"}, []string{"y"}), value(12, "y", 2)))
}

// TestHostileFiles holds what is no model, or one that lies, against the error that it should give.
func TestHostileFiles(t *testing.T) {
	call := func(name string) []byte { // a node that calls a function
		n := node(name, name, []string{"x"}, []string{"y"})
		_, _, skip := protowire.ConsumeTag(n)
		inner, _ := protowire.ConsumeBytes(n[skip:])
		return lengthy(1, append(slices.Clone(inner), text(7, "f")...))
	}
	deep := slices.Concat(value(12, "y"), node("Relu", "", []string{"x"}, []string{"y"}))
	for range 80 {
		deep = slices.Concat(value(12, "y"), node("If", "n", []string{"c"}, []string{"y"}, attr("then_branch", 5, lengthy(6, deep))))
	}
	ends := func(graph ...[]byte) []byte {
		return model(slices.Concat(value(11, "x", 2), slices.Concat(graph...), value(12, "y", 2)))
	}
	doubling := []([]byte){ends(call("f0"))}
	for i := range 40 { // each calls the next twice: 2^40 nodes
		two := []([]byte){node("Identity", "", []string{"x"}, []string{"y"})}
		if i < 39 {
			first, second := call(fmt.Sprintf("f%d", i+1)), call(fmt.Sprintf("f%d", i+1))
			two = []([]byte){first, second}
		}
		doubling = append(doubling, function(fmt.Sprintf("f%d", i), two...))
	}
	body := func(graph ...[]byte) []byte { return attr("body", 5, lengthy(6, slices.Concat(graph...))) }
	step := slices.Concat(value(11, "p", 1), node("Relu", "", []string{"p"}, []string{"q"}), value(12, "q", 1))
	huge := withInitializer([]int64{1 << 40}, lengthy(4, make([]byte, 8)))
	for _, test := range []struct {
		name string
		file []byte
		want string // in the error
	}{
		{"empty", nil, "empty"},
		{"no protobuf", []byte("hello, this is text"), "ONNX"},
		{"no graph", varint(1, 8), "no graph"},
		{"truncated", ends(node("Relu", "r", []string{"x"}, []string{"y"}))[:40], "truncated"},
		{"an operator that does not exist", ends(node("Frobnicate", "frob", []string{"x"}, []string{"y"})), `Frobnicate (opset 17), for example node "frob"`},
		{"a cycle", ends(node("Add", "a", []string{"x", "q"}, []string{"p"}), node("Relu", "b", []string{"p"}, []string{"q"}),
			node("Relu", "c", []string{"q"}, []string{"y"})), `node "a" (Add): nothing gives the value "q"`},
		{"an order in which a node comes before its input", ends(node("Relu", "late", []string{"p"}, []string{"y"}), node("Relu", "p", []string{"x"}, []string{"p"})),
			`node "late" (Relu): nothing gives the value "p"`},
		{"a missing input", ends(node("Add", "a", []string{"x"}, []string{"y"})), `node "a" (Add): input 1 is missing`},
		{"a bias for groups that do not fit", model(slices.Concat(value(11, "x", 1, 1, 4), initializer("w", []int64{1, 1, 1}, lengthy(9, make([]byte, 4))),
			node("Conv", "c", []string{"x", "w", "w"}, []string{"y"}, attr("group", 2, varint(3, 3))), value(12, "y", 1, 1, 4))), "do not fit 3 groups"},
		{"activations of no direction", model(slices.Concat(value(11, "x", 1, 1, 1), initializer("w", []int64{2, 1, 1}, lengthy(9, make([]byte, 8))),
			node("RNN", "r", []string{"x", "w", "w"}, []string{"y"}, attr("activations", 8, text(9, "Tanh")), attr("direction", 3, text(4, "bidirectional")),
				attr("hidden_size", 2, varint(3, 1))), value(12, "y", 1, 2, 1, 1))), "1 activations for 2 directions"},
		{"directions of more outputs than a Scan has", ends(node("Scan", "s", []string{"x"}, []string{"y"}, body(step), attr("num_scan_inputs", 2, varint(3, 1)),
			attr("scan_output_directions", 7, slices.Concat(varint(8, 1), varint(8, 1))))), "scan_output_directions has 2 values"},
		{"a Loop whose body gives no condition", ends(node("Loop", "l", []string{"x", ""}, []string{"y"}, body(value(11, "i"), value(11, "go")))),
			"does not fit its inputs"},
		{"an axis that the input does not have", model(slices.Concat(value(11, "x", 2), initializer("s", []int64{2}, lengthy(9, make([]byte, 8))),
			node("QuantizeLinear", "q", []string{"x", "s"}, []string{"y"}, attr("axis", 2, varint(3, 7))), value(12, "y", 2))), `node "q" (QuantizeLinear)`},
		{"no version of the operators", slices.Concat(varint(1, 8), lengthy(8, append(text(1, "other"), varint(2, 3)...)), lengthy(7, slices.Concat(value(11, "x", 2),
			node("Relu", "r", []string{"x"}, []string{"y"}), value(12, "y", 2)))), `node "r" (Relu): opset 0 of the domain "" is not known`},
		{"a Slice without its starts", ends(node("Slice", "s", []string{"x"}, []string{"y"})), `node "s" (Slice): input 1 is missing`},
		{"a negative dimension", withInitializer([]int64{-1}, nil), "dimension -1"},
		{"dimensions that overflow", withInitializer([]int64{1 << 40, 1 << 40}, nil), "w"},
		{"a terabyte that is not there", huge, `initializer "w"`},
		{"more dimensions than any tensor has", withInitializer(slices.Repeat([]int64{1}, 1000), nil), "64 dimensions"},
		{"fewer bytes than the shape needs", withInitializer([]int64{2}, lengthy(9, make([]byte, 4))), "needs 8 bytes, found 4"},
		{"more elements than the shape has", withInitializer([]int64{2}, lengthy(4, make([]byte, 400))), "more elements"},
		{"a function that calls itself", model(slices.Concat(value(11, "x", 2), call("loop"), value(12, "y", 2)), function("loop", call("loop"))), "deeper than 64"},
		{"functions that double", slices.Concat(doubling...), "more than"},
		{"graphs nested too deep", model(deep), "nested deeper than 64"},
		{"more outputs than a split has", ends(node("Split", "s", []string{"x"}, []string{"y"}, attr("num_outputs", 2, varint(3, 1<<40)))), "num_outputs"},
		{"an attribute of very many numbers", ends(node("Relu", "r", []string{"x"}, []string{"y"}, attr("v", 7, lengthy(8, make([]byte, 1<<24+1))))), "more than 16777216 numbers"},
		{"data above the folder", withInitializer([]int64{2}, outside("../secret")), "does not lie in the model's folder"},
		{"data at an absolute path", withInitializer([]int64{2}, outside("/etc/passwd")), "does not lie in the model's folder"},
		{"data that is not there", withInitializer([]int64{2}, outside("nowhere.bin")), "nowhere.bin"},
		{"data that is a folder", withInitializer([]int64{2}, outside(".")), "regular file"},
		{"data from a negative offset", withInitializer([]int64{2}, outsideAt("model.onnx", "-4", "8")), `offset="-4": expected a number of bytes`},
		{"data beyond the end", withInitializer([]int64{2}, outsideAt("model.onnx", "4611686018427387904", "8")), "are beyond the end of"},
		{"data whose end overflows", withInitializer([]int64{2}, outsideAt("model.onnx", "9223372036854775807", "8")), "are beyond the end of"},
		{"data from no offset", withInitializer([]int64{2}, outsideAt("model.onnx", "x", "8")), `offset="x": expected a number of bytes`},
		{"data of another length than the shape has", withInitializer([]int64{2}, outsideAt("model.onnx", "0", "4")), `initializer "w"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := read(save(t, test.file))
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "model.onnx") {
				t.Errorf("error %q, want one that names model.onnx and says %q", err, test.want)
			}
		})
	}
}

// read opens and translates a model.
func read(path string) error {
	m, err := onnx.Open(path)
	if err != nil {
		return err
	}
	defer m.Close()
	_, err = m.Graph(nil)
	return err
}

// TestExternalDataThroughLink has data whose file is a link that leads out of the model's folder.
func TestExternalDataThroughLink(t *testing.T) {
	path := save(t, withInitializer([]int64{2}, outside("link.bin")))
	target := filepath.Join(t.TempDir(), "data.bin")
	if err := os.WriteFile(target, make([]byte, 8), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, filepath.Join(filepath.Dir(path), "link.bin")); err != nil {
		t.Skip(err)
	}
	if err := read(path); err == nil || !strings.Contains(err.Error(), "link.bin") {
		t.Errorf("error %v, want one about link.bin", err)
	}
}

// TestExternalDataInAPipe has data in a pipe that nobody writes to: an error, not a process that waits.
func TestExternalDataInAPipe(t *testing.T) {
	path := save(t, withInitializer([]int64{2}, outside("pipe")))
	if err := exec.Command("mkfifo", filepath.Join(filepath.Dir(path), "pipe")).Run(); err != nil {
		t.Skip(err)
	}
	if err := read(path); err == nil || !strings.Contains(err.Error(), `"pipe" is no regular file`) {
		t.Errorf("error %v, want one about the pipe", err)
	}
}

// TestManyMessages has a file of a few megabytes that says little many times: an error, not memory.
func TestManyMessages(t *testing.T) {
	empty := lengthy(1, nil) // a node
	path := save(t, model(slices.Repeat(empty, 1<<22+1)))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := read(path)
	runtime.ReadMemStats(&after)
	if err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("error %v, want one about the number of nodes", err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 2<<30 {
		t.Errorf("%d bytes were allocated", used)
	}
}

// TestNamesOfAnyBytes has names that are not UTF-8: they stay as they are.
func TestNamesOfAnyBytes(t *testing.T) {
	odd := "a\xff\nb"
	path := save(t, model(slices.Concat(value(11, "x", 2), node("Relu", odd, []string{"x"}, []string{"p"}), node("Tanh", "", []string{"p"}, []string{"y"}),
		value(12, "y", 2))))
	m, err := onnx.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	g, err := m.Graph(nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := g.Nodes[1]; n.Op != "Relu" || n.Name != odd {
		t.Errorf("node %s %q, want Relu %q", n.Op, n.Name, odd)
	}
}

// FuzzOpen reads any bytes as a model: an error, or a graph that can be ordered.
func FuzzOpen(f *testing.F) {
	models, err := filepath.Glob("testdata/contrib/*.onnx")
	if err != nil || len(models) == 0 {
		f.Fatalf("no models: %v", err)
	}
	for _, path := range models {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add(withInitializer([]int64{2}, lengthy(9, make([]byte, 8))))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := onnx.Open(save(t, b))
		if err != nil {
			return
		}
		defer m.Close()
		m.Inputs()
		m.Files()
		g, err := m.Graph(nil)
		if err != nil {
			return
		}
		if _, err := g.Order(); err != nil {
			t.Errorf("a graph that cannot be ordered: %v", err)
		}
	})
}
