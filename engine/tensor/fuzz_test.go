package tensor_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"halfway/engine/tensor"
)

// FuzzReadNPY reads any bytes as an array: an error, or an array that is written and read again with the same bits.
func FuzzReadNPY(f *testing.F) {
	seed(f, "testdata/*.npy")
	f.Fuzz(func(t *testing.T, file []byte) {
		a, err := tensor.ReadNPY(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			return
		}
		if stored := tensor.StoredBytes(a.Type, a.Len()); stored > int64(len(file)) {
			t.Fatalf("%s%v out of %d bytes", a.Type, a.Shape, len(file))
		}
		var w bytes.Buffer
		if err := tensor.WriteNPY(&w, a); err != nil {
			t.Fatal(err)
		}
		b, err := tensor.ReadNPY(&w, int64(w.Len()))
		if err != nil {
			t.Fatal(err)
		}
		// bf16 is written as f32, and numpy's booleans may be any byte
		if b.Type != a.Type && a.Type != tensor.BF16 || a.Type != tensor.BF16 && !tensor.Equal(a, b) {
			t.Fatalf("%s%v comes back as %s%v", a.Type, a.Shape, b.Type, b.Shape)
		}
	})
}

// FuzzReadNPZ reads any bytes as an archive: an error, or arrays under different keys.
func FuzzReadNPZ(f *testing.F) {
	seed(f, "testdata/*.npz")
	f.Fuzz(func(t *testing.T, file []byte) {
		path := filepath.Join(t.TempDir(), "x.npz")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		named, err := tensor.ReadArrays(path)
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, n := range named {
			if seen[n.Name] || n.Tensor == nil {
				t.Fatalf("key %q", n.Name)
			}
			seen[n.Name] = true
		}
	})
}

func seed(f *testing.F, pattern string) {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		f.Fatalf("no files at %s: %v", pattern, err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
}
