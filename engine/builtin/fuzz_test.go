package builtin

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"halfway/engine"
	"halfway/engine/enginetest"
	"halfway/engine/tensor"
)

// FuzzRun reads any bytes as a model, prepares it in a view and runs it on random data, with everything enforced and with nothing: errors, but no
// panic, no memory beyond the limit, and an end soon after the context's.
func FuzzRun(f *testing.F) {
	models, err := filepath.Glob("testdata/bodies/*.xml")
	if err != nil || len(models) == 0 {
		f.Fatalf("no models: %v", err)
	}
	more, err := filepath.Glob("../ops/testdata/*/*.xml")
	if err != nil {
		f.Fatal(err)
	}
	for i, path := range append(models, more...) {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		bin, err := os.ReadFile(strings.TrimSuffix(path, ".xml") + ".bin")
		if err != nil && !os.IsNotExist(err) {
			f.Fatal(err)
		}
		f.Add(text, bin, uint8(i))
	}
	f.Fuzz(func(t *testing.T, text, bin []byte, view uint8) {
		runFile(t, "model.xml", text, bin, view)
	})
}

// FuzzMutant is FuzzRun on models with a few faults each: a number draws the model, another its faults.
func FuzzMutant(f *testing.F) {
	var models []string
	for _, pattern := range []string{"testdata/bodies/*.xml", "../ops/testdata/*/*.xml", "../onnx/testdata/*/*.onnx"} {
		list, err := filepath.Glob(pattern)
		if err != nil || len(list) == 0 {
			f.Fatalf("no models at %s: %v", pattern, err)
		}
		models = append(models, list...)
	}
	for i := range models {
		f.Add(uint16(i), uint64(i))
	}
	f.Fuzz(func(t *testing.T, model uint16, seed uint64) {
		path := models[int(model)%len(models)]
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		bin, err := os.ReadFile(strings.TrimSuffix(path, ".xml") + ".bin")
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		onnx := filepath.Ext(path) == ".onnx"
		runFile(t, "model"+filepath.Ext(path), enginetest.Mutant(text, onnx, seed), bin, uint8(seed))
	})
}

// runFile runs a model of this text and, if it is an IR, these weights.
func runFile(t *testing.T, name string, text, bin []byte, view uint8) {
	path := filepath.Join(t.TempDir(), name)
	for name, content := range map[string][]byte{path: text, strings.TrimSuffix(path, ".xml") + ".bin": bin} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m, err := Open(path)
	if err != nil {
		return
	}
	defer m.Close()
	e, err := m.Engine(Options{View: Views()[int(view)%len(Views())], Threads: 1, Memory: int64(view) << 8})
	if err != nil {
		return
	}
	defer e.Close()
	runBounded(t, m, e)
}

func runBounded(t *testing.T, m *Model, e *Engine) {
	const memory, work = 64 << 20, 1 << 26
	e.limit = memory
	inputs := m.Inputs()
	for i := range inputs {
		if n, err := tensor.Elements(inputs[i].Shape); err != nil || n > 1<<16 {
			return // what a user gives is small, or there
		}
	}
	samples, _, err := engine.LoadSamples("random:1", inputs)
	if err != nil || e.plan.macs < 0 || e.plan.macs > work {
		return
	}
	for _, set := range []engine.Set{{}, engine.All(len(e.candidates))} {
		ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
		start := time.Now()
		_, err := e.Run(ctx, set, samples[0])
		cancel()
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("it took %v: %v", took, err)
		}
		if e.memo.present-e.memo.held > 0 && err == nil {
			t.Errorf("%d bytes are held after a run", e.memo.present-e.memo.held)
		}
	}
}
