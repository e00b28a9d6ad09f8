package kernel

import (
	"os"
	"path/filepath"
	"testing"

	"halfway/engine/tensor"
)

// TestPackingAFileThatShrankIsAnError packs mapped weights whose file was cut: the fault may come in assembly and in any thread.
func TestPackingAFileThatShrankIsAnError(t *testing.T) {
	const rows, cols = 256, 1024
	for name, pack := range map[string]func(w *Workers, m Matrix){
		"left":             func(w *Workers, m Matrix) { w.PackLeft(m, tensor.F32) },
		"right":            func(w *Workers, m Matrix) { w.PackRight(m, tensor.BF16) },
		"right-transposed": func(w *Workers, m Matrix) { w.PackRight(m.Transposed(), tensor.F32) },
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "weights.bin")
			if err := os.WriteFile(path, make([]byte, 4*rows*cols), 0o600); err != nil {
				t.Fatal(err)
			}
			mapping, err := tensor.OpenMapping(path)
			if err != nil {
				t.Fatal(err)
			}
			defer mapping.Close()
			weights, err := tensor.Raw{Type: tensor.F32, Shape: []int{rows, cols}, Bytes: mapping.Bytes()}.Decode()
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(path, 0); err != nil {
				t.Skip(err)
			}
			w := NewWorkers(2)
			defer w.Close()
			err = tensor.Guard(func() error {
				pack(w, RowMajor(weights.F32s(), rows, cols))
				return nil
			})
			if err == nil {
				t.Error("packing weights of a file that is empty by now succeeds")
			}
		})
	}
}
