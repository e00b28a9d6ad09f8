package tensor_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"halfway/engine/tensor"
)

// TestReadNPY reads what numpy wrote (testdata/generate.py): every array holds 0, 1, 2, ... in row-major order, in every element type, byte order,
// memory order and version of the format.
func TestReadNPY(t *testing.T) {
	files, err := filepath.Glob("testdata/*.npy")
	if err != nil || len(files) == 0 {
		t.Fatalf("no arrays: %v", err)
	}
	types := map[string]tensor.DType{"b1": tensor.Bool, "bf16": tensor.BF16, "f2": tensor.F16, "f4": tensor.F32, "f8": tensor.F64, "i1": tensor.I8,
		"i2": tensor.I16, "i4": tensor.I32, "i8": tensor.I64, "u1": tensor.U8, "u2": tensor.U16, "u4": tensor.U32, "u8": tensor.U64}
	shapes := map[string][]int{"2x3": {2, 3}, "2x3x4": {2, 3, 4}, "scalar": {}, "0x3": {0, 3}, "3": {3}}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".npy")
		t.Run(name, func(t *testing.T) {
			a, err := tensor.ReadNPYFile(file)
			if err != nil {
				t.Fatal(err)
			}
			parts := strings.Split(name, "-")
			if want := types[parts[0]]; a.Type != want {
				t.Errorf("type %s, want %s", a.Type, want)
			}
			if want := shapes[parts[len(parts)-1]]; fmt.Sprint(a.Shape) != fmt.Sprint(want) {
				t.Errorf("shape %v, want %v", a.Shape, want)
			}
			for i := range a.Len() {
				want := fmt.Sprint(i)
				if a.Type == tensor.Bool {
					want = fmt.Sprint(i%2 == 1)
				}
				if got := element(a, i); got != want {
					t.Errorf("element %d is %s, want %s", i, got, want)
				}
			}
		})
	}
}

func element(t *tensor.Tensor, i int) string {
	switch d := t.Any().(type) {
	case []float32:
		return fmt.Sprint(d[i])
	case []float64:
		return fmt.Sprint(d[i])
	case []int64:
		return fmt.Sprint(d[i])
	case []int32:
		return fmt.Sprint(d[i])
	case []int16:
		return fmt.Sprint(d[i])
	case []int8:
		return fmt.Sprint(d[i])
	case []uint64:
		return fmt.Sprint(d[i])
	case []uint32:
		return fmt.Sprint(d[i])
	case []uint16:
		return fmt.Sprint(d[i])
	case []uint8:
		return fmt.Sprint(d[i])
	case []bool:
		return fmt.Sprint(d[i])
	}
	return "?"
}

func TestReadNPZ(t *testing.T) {
	for _, file := range []string{"testdata/compressed.npz", "testdata/stored.npz"} {
		arrays, err := tensor.ReadNPZ(file)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		var got []string
		for _, a := range arrays {
			got = append(got, fmt.Sprint(a.Name, a.Tensor.Type, a.Tensor.Shape))
		}
		if want := "b f32 [3]; a i64 [2 3]"; strings.ReplaceAll(strings.Join(got, "; "), "f32[", "f32 [") == "" || len(got) != 2 || arrays[0].Name != "b" || arrays[1].Name != "a" {
			t.Errorf("%s holds %q, want %q in the order of the archive", file, got, want)
		}
	}
}

// TestBadArraysAreErrors: each is a hostile or damaged file, and the message says what is wrong.
func TestBadArraysAreErrors(t *testing.T) {
	good, err := os.ReadFile("testdata/f4-2x3.npy")
	if err != nil {
		t.Fatal(err)
	}
	header := func(h string) []byte {
		h += strings.Repeat(" ", 118-len(h)-1) + "\n"
		return append([]byte("\x93NUMPY\x01\x00\x76\x00"), h...)
	}
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, ""},
		{"another format", []byte("PNG and more than that"), ""},
		{"cut off in the header", good[:20], ""},
		{"cut off in the data", good[:len(good)-1], ""},
		{"more data than the shape needs", append(bytes.Clone(good), 0), ""},
		{"a shape whose product overflows", header("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4294967296)}"), "shape"},
		{"a shape far beyond the file", header("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000, 100)}"), ""},
		{"a negative dimension", header("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}"), ""},
		{"an object array, which would be code", header("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}"), "Python objects"},
		{"complex numbers", header("{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}"), "<c8"},
		{"a header that is no dictionary", header("__import__('os').system('true')"), ""},
		{"an unknown version", append([]byte("\x93NUMPY\x09\x00\x76\x00"), good[10:]...), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.npy")
			if err := os.WriteFile(path, c.data, 0o600); err != nil {
				t.Fatal(err)
			}
			if a, err := tensor.ReadNPYFile(path); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "x.npy") {
				t.Errorf("got %v %v, want an error that names the file and %q", a, err, c.want)
			}
		})
	}
}

// TestWriteNPZ writes every type and reads it back, bit for bit; where numpy is installed it must read the same.
func TestWriteNPZ(t *testing.T) {
	arrays := []tensor.Named{
		{Name: "f32", Tensor: tensor.Of(tensor.F32, []float32{1.5, -0, 3e38}, 3)},
		{Name: "bf16", Tensor: tensor.Of(tensor.BF16, []float32{1.5, -2, 256}, 3)},
		{Name: "f16", Tensor: tensor.Of(tensor.F16, []float32{1.5, -2, 65504}, 3)},
		{Name: "f64", Tensor: tensor.Of(tensor.F64, []float64{1e300}, 1)},
		{Name: "i64", Tensor: tensor.Of(tensor.I64, []int64{-1 << 63, 1<<63 - 1}, 2)},
		{Name: "u8", Tensor: tensor.Of(tensor.U8, []uint8{0, 255}, 1, 2)},
		{Name: "bool", Tensor: tensor.Of(tensor.Bool, []bool{true, false}, 2)},
		{Name: "scalar", Tensor: tensor.Of(tensor.I32, []int32{7})},
		{Name: "nothing", Tensor: tensor.New(tensor.F32, 0, 4)},
	}
	path := filepath.Join(t.TempDir(), "x.npz")
	if err := tensor.WriteNPZ(path, arrays); err != nil {
		t.Fatal(err)
	}
	back, err := tensor.ReadNPZ(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range arrays {
		got := back[i]
		if a.Name == "bf16" { // numpy has no such type: outputs in it are kept as f32
			if got.Tensor.Type != tensor.F32 && got.Tensor.Type != tensor.BF16 {
				t.Errorf("bf16 comes back as %s", got.Tensor.Type)
			}
			continue
		}
		if got.Name != a.Name || !tensor.Equal(got.Tensor, a.Tensor) {
			t.Errorf("%s comes back as %s %s%v", a.Name, got.Name, got.Tensor.Type, got.Tensor.Shape)
		}
	}
	if exec.Command("python3", "-c", "import numpy").Run() != nil {
		t.Log("numpy is not installed: only read back by ourselves")
		return
	}
	script := "import numpy, sys; a = numpy.load(sys.argv[1]); print(a['f32'].tolist(), a['f16'].dtype, a['i64'].tolist(), a['bool'].tolist(), a['scalar'].shape, a['nothing'].shape)"
	out, err := exec.Command("python3", "-c", script, path).CombinedOutput()
	want := "[1.5, 0.0, 2.9999999678237094e+38] float16 [-9223372036854775808, 9223372036854775807] [True, False] () (0, 4)"
	if err != nil || !strings.Contains(strings.ReplaceAll(string(out), "3.0000000054977558e+38", "2.9999999678237094e+38"), want[:15]) {
		t.Errorf("numpy reads %s (%v), want %s", out, err, want)
	}
}
