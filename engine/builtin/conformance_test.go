package builtin_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"halfway/engine"
	"halfway/engine/builtin"
	"halfway/engine/enginetest"
	"halfway/engine/onnx"
	"halfway/engine/tensor"
)

// TestONNXConformance runs ONNX's own conformance tests (onnx/backend/test/data), one subtest a case. The manifest lists what is left out, with the
// reason; a case that is listed but passes fails the test, so that the list stays true.
func TestONNXConformance(t *testing.T) {
	root := enginetest.Shared(t, "onnx-backend")
	manifest := readManifest(t)
	var upTo21, above, outside share
	for _, group := range []string{"node", "simple", "pytorch-converted", "pytorch-operator"} {
		entries, err := os.ReadDir(filepath.Join(root, group))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			name := group + "/" + e.Name()
			dir := filepath.Join(root, group, e.Name())
			if _, err := os.Stat(filepath.Join(dir, "model.onnx")); err != nil {
				continue
			}
			s := scopeOf(t, filepath.Join(dir, "model.onnx"), &upTo21, &above, &outside)
			s.total++
			t.Run(name, func(t *testing.T) {
				err := conforms(dir)
				reason, listed := manifest[name]
				switch {
				case listed && err == nil:
					t.Errorf("passes, but the manifest says: %s", reason)
				case listed:
					t.Skip(reason)
				case err != nil:
					t.Error(err)
				default:
					s.passed++
				}
			})
		}
	}
	t.Logf("opset 21 and older, in scope: %s; newer: %s; out of scope (strings, sequences, optional values, training): %s", upTo21, above, outside)
}

// A share counts cases.
type share struct{ passed, total int }

func (s share) String() string {
	return fmt.Sprintf("%d of %d (%.1f %%)", s.passed, s.total, 100*float64(s.passed)/float64(max(s.total, 1)))
}

// scopeOf is the share that the case with a model counts in.
func scopeOf(t *testing.T, path string, upTo21, above, outside *share) *share {
	opset, tensors, err := onnx.Scope(path)
	switch {
	case err != nil:
		t.Fatal(err)
	case opset > 21:
		return above
	case !tensors:
		return outside
	}
	return upTo21
}

// readManifest maps the cases that are left out to the reason: lines "group/case<tab>reason".
func readManifest(t *testing.T) map[string]string {
	f, err := os.Open("testdata/onnx-conformance.tsv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m := map[string]string{}
	for s := bufio.NewScanner(f); s.Scan(); {
		if name, reason, ok := strings.Cut(s.Text(), "\t"); ok && !strings.HasPrefix(name, "#") {
			m[name] = reason
		}
	}
	return m
}

// conforms runs a case on all of its data sets.
func conforms(dir string) error {
	m, err := builtin.Open(filepath.Join(dir, "model.onnx"))
	if err != nil {
		return err
	}
	defer m.Close()
	sets, err := filepath.Glob(filepath.Join(dir, "test_data_set_*"))
	if err != nil || len(sets) == 0 {
		return errors.New("no data set")
	}
	for _, set := range sets {
		if err := conformsOn(m, set); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(set), err)
		}
	}
	return nil
}

func conformsOn(m *builtin.Model, set string) error {
	s := engine.Sample{Source: set, Inputs: map[string]*tensor.Tensor{}}
	o := builtin.Options{View: "plain", Shapes: map[string][]int{}}
	for i, in := range m.Inputs() {
		v, err := onnx.ReadTensor(filepath.Join(set, fmt.Sprintf("input_%d.pb", i)))
		if err != nil {
			return err
		}
		s.Inputs[in.Name], o.Shapes[in.Name] = v, v.Shape
	}
	e, err := m.Engine(o)
	if err != nil {
		return err
	}
	defer e.Close()
	got, err := e.Run(context.Background(), engine.Set{}, s)
	if err != nil {
		return err
	}
	for i, out := range got.Outputs {
		want, err := onnx.ReadTensor(filepath.Join(set, fmt.Sprintf("output_%d.pb", i)))
		if err != nil {
			return err
		}
		if err := same(want, out.Tensor); err != nil {
			return fmt.Errorf("output %q: %w", out.Name, err)
		}
	}
	return nil
}

// same compares as ONNX's runner does: rtol 1e-3, atol 1e-7, wider for the small floats, by their own precision.
func same(want, got *tensor.Tensor) error {
	if want.Type != got.Type || fmt.Sprint(want.Shape) != fmt.Sprint(got.Shape) {
		return fmt.Errorf("%s%v, want %s%v", got.Type, got.Shape, want.Type, want.Shape)
	}
	rtol, atol := 1e-3, 1e-7
	switch want.Type {
	case tensor.F16:
		rtol, atol = 2e-3, 1e-3
	case tensor.BF16:
		rtol, atol = 1e-2, 1e-2
	}
	a, b := numbers(want), numbers(got)
	for i := range a {
		if a[i] == b[i] || math.IsNaN(a[i]) && math.IsNaN(b[i]) {
			continue
		}
		if d := math.Abs(a[i] - b[i]); !(d <= atol+rtol*math.Abs(a[i])) {
			return fmt.Errorf("element %d is %v, want %v", i, b[i], a[i])
		}
	}
	return nil
}

func numbers(t *tensor.Tensor) []float64 {
	r := make([]float64, t.Len())
	for i := range r {
		switch d := t.Any().(type) {
		case []float32:
			r[i] = float64(d[i])
		case []float64:
			r[i] = d[i]
		case []int64:
			r[i] = float64(d[i])
		case []int32:
			r[i] = float64(d[i])
		case []int16:
			r[i] = float64(d[i])
		case []int8:
			r[i] = float64(d[i])
		case []uint64:
			r[i] = float64(d[i])
		case []uint32:
			r[i] = float64(d[i])
		case []uint16:
			r[i] = float64(d[i])
		case []uint8:
			r[i] = float64(d[i])
		case []bool:
			if d[i] {
				r[i] = 1
			}
		}
	}
	return r
}
