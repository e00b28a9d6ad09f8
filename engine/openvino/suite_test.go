package openvino_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"halfway/engine/enginetest"
	"halfway/engine/openvino"
	"halfway/engine/tensor"
)

const tinyLM = "../../testdata/tiny-lm/"

func TestConforms(t *testing.T) {
	for _, view := range openvino.Views() {
		t.Run(view, func(t *testing.T) {
			enginetest.Conform(t, func(t *testing.T) enginetest.Subject {
				m, err := openvino.Open(context.Background(), enginetest.Python(t), tinyLM+"model.xml")
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(m.Close)
				e := newEngine(t, m, view, 0)
				if view == "snippets" && strings.HasPrefix(e.Info().Version, "2025.") {
					t.Skip("OpenVINO 2025.4 crashes when a Subgraph with attention is marked to stay in f32: Supported precisions set is not available for Constant")
				}
				leaks := ""
				if view == "snippets" {
					leaks = "the plugin does not heed the mark of a Subgraph with attention"
				}
				return enginetest.Subject{Engine: e, Leaks: leaks, Hurried: newEngine(t, m, view, time.Microsecond),
					Sample: enginetest.Sample(t, tinyLM+"input.npz", m.Inputs())}
			})
		})
	}
}

func newEngine(t *testing.T, m *openvino.Model, view string, limit time.Duration) *openvino.Engine {
	t.Helper()
	e, err := m.Engine(context.Background(), openvino.Options{View: view, Precision: tensor.BF16, Timeout: limit, Temp: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { check(t, e.Close()) })
	return e
}
