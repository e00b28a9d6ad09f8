package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"halfway/engine/enginetest"
)

// A truth is what was measured about one model on OpenVINO itself: the whole curve, and a 1-minimal set of units that need not be the smallest.
type truth struct {
	model, input string
	Rules        []struct {
		Rule  string
		Curve struct {
			First int `json:"first_bad_cnt"`
		}
		Keep []struct{} `json:"keep_units"`
	}
}

func readTruth(t *testing.T, name string) truth {
	t.Helper()
	dir := enginetest.Shared(t, "corpus", name)
	r := truth{input: filepath.Join(dir, "input.npz")}
	var c struct{ Model string }
	for file, v := range map[string]any{"plugin-truth.json": &r, "case.json": &c} {
		b, err := os.ReadFile(filepath.Join(dir, file))
		if err == nil {
			err = json.Unmarshal(b, v)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	r.model = enginetest.Shared(t, c.Model)
	return r
}

// confirmed is what these tests read of a result.
type confirmed struct {
	Outcome string
	First   struct {
		Count    int
		Smallest bool
	}
	KeepF32  []struct{ Unit int } `json:"keep_f32"`
	Settings struct{ Properties map[string]string }
	Verified struct{ Verdict string }

	Confirmed *struct {
		Searched  bool
		Settings  probe
		Predicted probe `json:"predicted_settings"`
	}
}

type probe struct {
	Verdict string
	Metrics []struct{ Value float64 }
}

func bisectOn(t *testing.T, exe string, c truth, args ...string) (r confirmed) {
	t.Helper()
	python := enginetest.Python(t)
	cmd := exec.Command(exe, append([]string{"bisect", c.model, "--input", c.input, "--json", "-", "--quiet", "--python", python}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &r)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	validate(t, out)
	return r
}

// TestOpenVINOTruth bisects real models on OpenVINO and holds first nodes and the size of the repair against what was measured.
func TestOpenVINOTruth(t *testing.T) {
	exe := build(t)
	for _, name := range []string{"mlsd", "blazeface", "magika", "llama-outlier-f32"} {
		t.Run(name, func(t *testing.T) {
			c := readTruth(t, name)
			rule := c.Rules[0]
			r := bisectOn(t, exe, c, "--engine", "openvino", "--exhaustive", "--accept", rule.Rule)
			if r.First.Count != rule.Curve.First || !r.First.Smallest {
				t.Errorf("the first node has the index %d (no smaller one: %v), want %d", r.First.Count, r.First.Smallest, rule.Curve.First)
			}
			units := map[int]bool{}
			for _, k := range r.KeepF32 {
				units[k.Unit] = true
			}
			if r.Verified.Verdict != "pass" || len(units) > len(rule.Keep) {
				t.Errorf("%d units are kept (%s), %d are enough", len(units), r.Verified.Verdict, len(rule.Keep))
			}
		})
	}
}

// TestConfirmedByOpenVINO: what the built-in engine finds and predicts is what OpenVINO shows, in its default mode where that can be.
func TestConfirmedByOpenVINO(t *testing.T) {
	exe := build(t)
	for name, properties := range map[string]map[string]string{
		"llama-outlier2-f32": {},
		"llama-outlier-f32":  {"SNIPPETS_MODE": "DISABLE"}, // its culprit is attention, which snippets fuse
	} {
		t.Run(name, func(t *testing.T) {
			c := readTruth(t, name)
			r := bisectOn(t, exe, c, "--confirm", "openvino", "--accept", c.Rules[0].Rule)
			if !maps.Equal(r.Settings.Properties, properties) {
				t.Errorf("properties %v, want %v", r.Settings.Properties, properties)
			}
			there, predicted := r.Confirmed.Settings, r.Confirmed.Predicted
			if there.Verdict != "pass" || r.Confirmed.Searched {
				t.Fatalf("not confirmed: %+v", r.Confirmed)
			}
			if d := there.Metrics[0].Value - predicted.Metrics[0].Value; d < -2 || d > 2 {
				t.Errorf("%v dB were predicted, OpenVINO shows %v", predicted.Metrics[0].Value, there.Metrics[0].Value)
			}
		})
	}
}

// plainScript knows nothing of halfway: it runs the model in f32 and the repaired one in bf16, and prints the signal-to-noise ratio of each output
// in dB.
const plainScript = `
import sys, numpy as np, openvino as ov
z = np.load(sys.argv[3])
def run(path, hint):
    m = ov.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": hint})
    names = {n: i for i, p in enumerate(m.inputs) for n in p.get_names()}
    return m({names.get(k, i): z[k] for i, k in enumerate(z.files)}).values()
for a, b in zip(run(sys.argv[1], "f32"), run(sys.argv[2], "bf16")):
    a, b = a.astype(np.float64), b.astype(np.float64)
    print(10 * np.log10((a * a).sum() / max(((a - b) ** 2).sum(), 1e-300)))
`

// TestPatched: the repaired model meets the rule in a program that knows nothing of halfway.
func TestPatched(t *testing.T) {
	exe, python := build(t), enginetest.Python(t)
	tiny := filepath.Join("testdata", "tiny-lm")
	for _, c := range []struct {
		name         string
		model, input string
		form         string
		rule         float64
	}{
		{name: "marks", model: filepath.Join(tiny, "model.xml"), input: filepath.Join(tiny, "input.npz"), form: "marks", rule: 20},
		{name: "an attention that snippets fuse", model: "llama-outlier-f32", form: "marks", rule: 30},
		{name: "ONNX, a FullyConnected", model: "magika", form: "lowered", rule: 50},
		{name: "ONNX, marks in what OpenVINO saves", model: "blazeface", form: "marks", rule: 45},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.input == "" {
				truth := readTruth(t, c.model)
				c.model, c.input = truth.model, truth.input
			}
			dir := t.TempDir()
			result, fixed := filepath.Join(dir, "result.json"), filepath.Join(dir, "fixed.xml")
			accept := fmt.Sprintf("sqnr>=%g", c.rule)
			for _, args := range [][]string{
				{"bisect", c.model, "--input", c.input, "--accept", accept, "--no-exhaustive", "--json", result, "--quiet"},
				{"patch", c.model, result, "--input", c.input, "--output", fixed, "--form", c.form, "--python", python, "--json", filepath.Join(dir, "patch.json"), "--quiet"},
			} {
				if out, err := exec.Command(exe, args...).CombinedOutput(); err != nil {
					t.Fatalf("%s: %v\n%s", args[0], err, out)
				}
			}
			b, err := os.ReadFile(filepath.Join(dir, "patch.json"))
			if err != nil {
				t.Fatal(err)
			}
			validateAs(t, "patch", b)
			out, err := exec.Command(python, "-c", plainScript, c.model, fixed, c.input).Output()
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.FieldsSeq(string(out)) {
				if v, err := strconv.ParseFloat(line, 64); err != nil || v < c.rule {
					t.Errorf("an output has %s dB, want %g", line, c.rule)
				}
			}
		})
	}
}
