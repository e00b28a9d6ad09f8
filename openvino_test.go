package main

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
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
