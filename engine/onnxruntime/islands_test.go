package onnxruntime_test

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"testing"

	"halfway/engine"
	"halfway/engine/builtin"
	"halfway/engine/enginetest"
	"halfway/engine/onnxruntime"
	"halfway/engine/tensor"
)

// TestIslands: the model in f16 is half as large, runs, and is near the one in f32; with nothing in f16 it is the model.
func TestIslands(t *testing.T) {
	for _, c := range []struct {
		name, model, input string
		smaller            float64
	}{
		{"convolutions", "models/onnx/ultraface/version-RFB-320.onnx", "corpus/ultraface", 0.6},
		{"a Transformer", "corpus/models/llama/llama.onnx", "corpus/llama-onnx", 0.6},
		{"branches, which stay in f32", "models/onnx/silero/silero_vad.onnx", "corpus/silero", 1.1},
	} {
		t.Run(c.name, func(t *testing.T) {
			interpreter, path := enginetest.PythonWith(t, "onnxruntime"), enginetest.Shared(t, c.model)
			m, err := builtin.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			s := enginetest.Sample(t, enginetest.Shared(t, c.input, "input.npz"), m.Inputs())
			shapes := map[string][]int{}
			for name, v := range s.Inputs {
				shapes[name] = v.Shape
			}
			own, err := m.Engine(builtin.Options{Precision: tensor.F16, Shapes: shapes})
			if err != nil {
				t.Fatal(err)
			}
			defer own.Close()
			ctx := context.Background()
			w, err := onnxruntime.NewIslands(ctx, path, m, own, shapes, onnxruntime.Options{Python: interpreter, Temp: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			list, _ := w.Candidates(ctx)
			whole, none := filepath.Join(t.TempDir(), "whole.onnx"), filepath.Join(t.TempDir(), "none.onnx")
			for file, set := range map[string]engine.Set{whole: engine.All(len(list)), none: {}} {
				if err := w.Write(ctx, onnxruntime.IslandsForm, set, file); err != nil {
					t.Fatal(err)
				}
			}
			before, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			after, err := os.Stat(whole)
			if err != nil {
				t.Fatal(err)
			}
			if got := float64(after.Size()) / float64(before.Size()); got > c.smaller {
				t.Errorf("it has %.2f of the size, want at most %g", got, c.smaller)
			}
			want := shipped(t, w, "", tensor.F32, s)
			if got := distance(shipped(t, w, none, tensor.F16, s), want); got != 0 {
				t.Errorf("with nothing in f16 it differs by %g", got)
			}
			if got := distance(shipped(t, w, whole, tensor.F16, s), want); !(got < 0.02) || got == 0 && c.smaller < 1 {
				t.Errorf("in f16 it differs by %g, want a little, less than 0.02", got)
			}
		})
	}
}

// shipped runs a file, and returns its float outputs.
func shipped(t *testing.T, w *onnxruntime.Islands, path string, precision tensor.DType, s engine.Sample) (all []float64) {
	t.Helper()
	p, err := w.Ship(context.Background(), path, precision)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	o, err := p.Run(context.Background(), engine.Set{}, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, out := range o.Outputs {
		if out.Tensor.Type == tensor.F32 {
			for _, v := range out.Tensor.F32s() {
				all = append(all, float64(v))
			}
		}
	}
	return all
}

// distance is that of two vectors over the length of the second.
func distance(a, b []float64) float64 {
	d := make([]float64, len(b))
	for i := range b {
		d[i] = a[i] - b[i]
	}
	return math.Sqrt(dot(d, d) / dot(b, b))
}
