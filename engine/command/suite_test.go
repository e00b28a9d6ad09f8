package command_test

import (
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"halfway/engine/command"
	"halfway/engine/enginetest"
	"halfway/engine/tensor"
)

// TestConforms drives halfway run itself.
func TestConforms(t *testing.T) {
	exe := filepath.Join(t.TempDir(), "halfway")
	if out, err := exec.Command("go", "build", "-o", exe, "halfway").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	enginetest.Conform(t, func(t *testing.T) enginetest.Subject {
		arrays, err := tensor.ReadNPZ("../../testdata/tiny-lm/input.npz")
		if err != nil {
			t.Fatal(err)
		}
		s := sample()
		s.Inputs = map[string]*tensor.Tensor{}
		for _, a := range arrays {
			s.Inputs[a.Name] = a.Tensor
		}
		open := func(limit time.Duration) *command.Engine {
			e, err := command.New(command.Options{Args: []string{exe, "run", "{model}", "--input", "{input}", "--output", "{output}", "--precision", "{precision}"},
				Model: "../../testdata/tiny-lm/model.xml", Precision: "bf16", Timeout: limit, Temp: t.TempDir()}, s)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := e.Close(); err != nil {
					t.Error(err)
				}
			})
			return e
		}
		return enginetest.Subject{Engine: open(0), Sample: s, Hurried: open(time.Microsecond)}
	})
}
