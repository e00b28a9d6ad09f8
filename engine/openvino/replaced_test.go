package openvino

import (
	"context"
	"os"
	"testing"

	"halfway/engine"
	"halfway/engine/enginetest"
	"halfway/engine/python"
	"halfway/engine/tensor"
)

// TestWorkerIsReplaced has the next probe, in a new worker, give the bits of before.
func TestWorkerIsReplaced(t *testing.T) {
	const model = "../../testdata/tiny-lm/"
	m, err := Open(context.Background(), enginetest.Python(t), model+"model.xml")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	e, err := m.Engine(context.Background(), Options{Precision: tensor.BF16, Temp: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	s, set := enginetest.Sample(t, model+"input.npz", m.Inputs()), engine.SetOf(1, 2, 3, 9)
	before, err := e.Run(context.Background(), set, s)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.session.Do(context.Background(), func(w *python.Worker) error { w.Kill(); return nil }); err != nil {
		t.Fatal(err)
	}
	after, err := e.Run(context.Background(), set, s)
	if err != nil || after.Key != before.Key {
		t.Errorf("after its end: %v, other outputs than before", err)
	}
	folder := e.session.Folder.Path
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Errorf("the folder %s is left: %v", folder, err)
	}
}
