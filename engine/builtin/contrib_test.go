package builtin_test

import (
	"archive/zip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"halfway/engine"
	"halfway/engine/builtin"
	"halfway/engine/tensor"
)

// TestONNXRuntimeOperators compares operators of com.microsoft, and those that OpenVINO lacks, with ONNX Runtime (engine/onnx/testdata/contrib/generate.py).
func TestONNXRuntimeOperators(t *testing.T) {
	loose := map[string]float64{
		"dynamic-quantize-matmul": 0.1, // ONNX Runtime also quantizes the floating-point operand, in steps of 1/50
		"fast-gelu":               1e-3,
		"attention":               2e-5, // sums of 16 products of N(0,1), whose products the kernels without assembly round
	}
	models, err := filepath.Glob("../onnx/testdata/contrib/*.onnx")
	if err != nil || len(models) == 0 {
		t.Fatalf("no models: %v", err)
	}
	for _, path := range models {
		name := strings.TrimSuffix(filepath.Base(path), ".onnx")
		t.Run(name, func(t *testing.T) {
			tolerance := max(loose[name], 1e-5)
			got, want := runContrib(t, path, "plain")
			for i, out := range got {
				if err := near(want["out_"+out.Name], out.Tensor, tolerance); err != nil {
					t.Errorf("output %d (%s): %v", i, out.Name, err)
				}
			}
		})
	}
}

// TestONNXOperatorForms compares forms of operators that are easy to get wrong with ONNX Runtime, in both views
// (engine/onnx/testdata/operators/generate.py).
func TestONNXOperatorForms(t *testing.T) {
	archive, err := zip.OpenReader("../onnx/testdata/operators/operators.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	dir := t.TempDir()
	if err := os.CopyFS(dir, archive); err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.File {
		name, isModel := strings.CutSuffix(f.Name, ".onnx")
		for _, view := range []string{"plain", "plugin"} {
			if isModel {
				t.Run(name+"/"+view, func(t *testing.T) { compareForms(t, filepath.Join(dir, f.Name), view) })
			}
		}
	}
}

func compareForms(t *testing.T, path, view string) {
	got, want := runContrib(t, path, view)
	for _, out := range got {
		tolerance := 1e-4
		if out.Tensor.Type == tensor.F16 {
			tolerance = 3e-3
		}
		if err := near(want["out_"+out.Name], out.Tensor, tolerance); err != nil {
			t.Errorf("output %s: %v", out.Name, err)
		}
	}
}

func runContrib(t *testing.T, path, view string) ([]engine.Output, map[string]*tensor.Tensor) {
	arrays, err := tensor.ReadNPZ(strings.TrimSuffix(path, ".onnx") + ".npz")
	if err != nil {
		t.Fatal(err)
	}
	s := engine.Sample{Inputs: map[string]*tensor.Tensor{}}
	o := builtin.Options{View: view, Shapes: map[string][]int{}}
	want := map[string]*tensor.Tensor{}
	for _, a := range arrays {
		if name, ok := strings.CutPrefix(a.Name, "in_"); ok {
			s.Inputs[name], o.Shapes[name] = a.Tensor, a.Tensor.Shape
		} else {
			want[a.Name] = a.Tensor
		}
	}
	m, err := builtin.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	e, err := m.Engine(o)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	got, err := e.Run(context.Background(), engine.Set{}, s)
	if err != nil {
		t.Fatal(err)
	}
	return got.Outputs, want
}

// near compares elements with an absolute and relative tolerance.
func near(want, got *tensor.Tensor, tolerance float64) error {
	if want == nil || want.Type != got.Type || fmt.Sprint(want.Shape) != fmt.Sprint(got.Shape) {
		return fmt.Errorf("%s%v, want %v", got.Type, got.Shape, want)
	}
	a, b := numbers(want), numbers(got)
	for i := range a {
		if d := b[i] - a[i]; !(max(d, -d) <= tolerance*max(1, a[i], -a[i])) {
			return fmt.Errorf("element %d is %v, want %v", i, b[i], a[i])
		}
	}
	return nil
}
