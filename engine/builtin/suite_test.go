package builtin_test

import (
	"testing"

	"halfway/engine/builtin"
	"halfway/engine/enginetest"
	"halfway/engine/tensor"
)

func TestConforms(t *testing.T) {
	for _, view := range builtin.Views() {
		t.Run(view, func(t *testing.T) {
			enginetest.Conform(t, func(t *testing.T) enginetest.Subject {
				m, err := builtin.Open("../../testdata/tiny-lm/model.xml")
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					if err := m.Close(); err != nil {
						t.Error(err)
					}
				})
				e, err := m.Engine(builtin.Options{View: view, Precision: tensor.BF16, Memory: -1})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(e.Close)
				return enginetest.Subject{Engine: e, Sample: enginetest.Sample(t, "../../testdata/tiny-lm/input.npz", m.Inputs())}
			})
		})
	}
}
