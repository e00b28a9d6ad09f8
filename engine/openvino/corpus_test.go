package openvino_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"halfway/engine"
	"halfway/engine/enginetest"
	"halfway/engine/openvino"
	"halfway/engine/tensor"
)

// A golden case is what the reference data says of one model.
type golden struct {
	dir      string
	Model    string
	Inputs   []struct{ Key, Name string }
	OpenVINO struct {
		ReshapedTo [][]int `json:"reshaped_to"`
	}
}

func readCase(t testing.TB, name string) golden {
	t.Helper()
	c := golden{dir: enginetest.Shared(t, "corpus", name)}
	b, err := os.ReadFile(filepath.Join(c.dir, "case.json"))
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	if err != nil {
		t.Fatal(err)
	}
	c.Model = enginetest.Shared(t, c.Model)
	return c
}

// open opens the case's model in a view and its sample.
func (c golden) open(t testing.TB, view string) (*openvino.Engine, engine.Sample) {
	t.Helper()
	m, err := openvino.Open(context.Background(), enginetest.Python(t), c.Model)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	arrays, err := tensor.ReadNPZ(filepath.Join(c.dir, "input.npz"))
	if err != nil {
		t.Fatal(err)
	}
	s, shapes := engine.Sample{Source: "input.npz", Inputs: map[string]*tensor.Tensor{}}, map[string][]int{}
	for i, in := range m.Inputs() {
		s.Inputs[in.Name] = arrays[i].Tensor
		if len(c.OpenVINO.ReshapedTo) > 0 {
			shapes[in.Name] = arrays[i].Tensor.Shape
		}
	}
	e, err := m.Engine(context.Background(), openvino.Options{View: view, Precision: tensor.BF16, Shapes: shapes, Temp: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { check(t, e.Close()) })
	return e, s
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

var number = regexp.MustCompile(`_\d+`)

// TestCandidatesAreThePlugins holds the candidates, their order and units against the tables of the reference data, which were made with another
// reader. Counters in generated names differ from compilation to compilation.
func TestCandidatesAreThePlugins(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(enginetest.Shared(t, "corpus"), "*", "plugin-candidates.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := filepath.Base(filepath.Dir(file))
		t.Run(name, func(t *testing.T) {
			e, _ := readCase(t, name).open(t, "plugin")
			if !strings.HasPrefix(e.Info().Version, "2026.4.") {
				t.Skip("the tables are of OpenVINO 2026.4")
			}
			got, err := e.Candidates(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			rows := strings.Split(strings.TrimSpace(string(b)), "\n")[1:]
			if len(rows) != len(got) {
				t.Fatalf("%d candidates, want %d", len(got), len(rows))
			}
			units := map[string]int{}
			for i, line := range rows {
				f := strings.Split(line, "\t")
				if w := f[1] + "@" + f[2]; number.ReplaceAllString(w, "_#") != number.ReplaceAllString(got[i].Tag, "_#") {
					t.Fatalf("candidate %d is %q, want %q", i, got[i].Tag, w)
				}
				head, seen := units[f[5]]
				if !seen || f[5] == "-" {
					units[f[5]] = i
					head = i
				}
				if got[i].Unit != head {
					t.Errorf("candidate %d (%s) is in the unit of %d, want %d", i, got[i].Tag, got[i].Unit, head)
				}
			}
			t.Log(e.Warnings())
		})
	}
}

// TestSetsAreObeyed runs prefixes and scattered units and looks whether the execution graph confirms what was asked for, on models that between
// them have all kinds of units; nothing enforced must be the reference, and everything the bits that were recorded.
func TestSetsAreObeyed(t *testing.T) {
	for _, name := range []string{"mnist", "blazeface", "mlsd", "magika", "squeezenet", "llama-outlier-f32", "face-detection-retail-ir-fp16",
		"head-pose-ir-fp16-int8"} {
		t.Run(name, func(t *testing.T) {
			c := readCase(t, name)
			e, s := c.open(t, "plugin")
			ctx := context.Background()
			list, err := e.Candidates(ctx)
			if err != nil {
				t.Fatal(err)
			}
			reference, err := e.Reference(ctx, s)
			if err != nil {
				t.Fatal(err)
			}
			none := obeyed(t, e, engine.Set{}, s)
			if none.Key != reference.Key {
				t.Error("nothing enforced is not the reference")
			}
			all := obeyed(t, e, engine.All(len(list)), s)
			want, err := tensor.ReadNPZ(filepath.Join(c.dir, "openvino-bf16-nosnippets.npz"))
			if err != nil {
				t.Fatal(err)
			}
			for i, o := range all.Outputs {
				if recorded(e) && string(tensor.Digest(o.Tensor)) != string(tensor.Digest(want[i].Tensor)) {
					t.Errorf("output %d with everything enforced has other bits than were recorded", i)
				}
			}
			for k := 0; k < len(list); k += len(list)/8 + 1 {
				obeyed(t, e, engine.Prefix(list, k), s)
			}
			for n := range 4 {
				obeyed(t, e, scattered(list, n), s)
			}
		})
	}
}

// recorded reports whether the recordings are of this release and of processors that compute in bf16 by themselves as this one does: others differ
// in last bits.
func recorded(e *openvino.Engine) bool {
	b, err := os.ReadFile("/proc/cpuinfo")
	return err == nil && strings.HasPrefix(e.Info().Version, "2026.4.") && strings.Contains(string(b), " avx512_bf16 ")
}

// scattered is a set of whole units that looks random.
func scattered(list []engine.Candidate, n int) engine.Set {
	set := engine.NewSet(len(list))
	for p, c := range list {
		if (uint32(c.Unit)*2654435761+uint32(n)*40503)>>16&3 != 0 {
			set.Add(p)
		}
	}
	for p, c := range list {
		for _, q := range c.Closure {
			if !set.Has(p) {
				set.Remove(q)
			}
		}
	}
	return set
}

func obeyed(t *testing.T, e *openvino.Engine, set engine.Set, s engine.Sample) engine.Observation {
	t.Helper()
	o, err := e.Run(context.Background(), set, s)
	if err != nil {
		t.Fatal(err)
	}
	if !o.Enforced.Equal(set) {
		list, _ := e.Candidates(context.Background())
		for _, p := range append(o.Enforced.Minus(set).Positions(), set.Minus(*o.Enforced).Positions()...) {
			t.Errorf("%d nodes asked for: %q is enforced: %v", set.Len(), list[p].Tag, o.Enforced.Has(p))
		}
	}
	return o
}
