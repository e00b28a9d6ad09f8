package patterns

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"halfway/engine/enginetest"
)

// checkRepair proves both patterns of a repair and returns them for the oracle.
func checkRepair(t testing.TB, tags []string, keep []bool) Repair {
	t.Helper()
	r, err := ForKeep(tags, keep)
	if err != nil {
		t.Fatalf("keeping %d of %.300q: %v", len(tags), tags, err)
	}
	kept := map[string]bool{}
	for i, tag := range tags {
		if keep[i] {
			kept[tag] = true
		}
	}
	for _, tag := range r.AlsoKept {
		kept[tag] = true
	}
	wanted := make([]bool, len(tags))
	for i, tag := range tags {
		wanted[i] = !kept[tag]
	}
	for name, s := range map[string]Settings{"pos": {Pos: &r.Pos}, "neg": {Neg: &r.Neg}} {
		if name != r.Chosen && (len(r.Pos) > maxPattern || len(r.Neg) > maxPattern) {
			continue
		}
		d, err := Prove(s, tags, wanted)
		if err != nil || !d.None() {
			t.Fatalf("%s %.300q of %.2000q: missing %v, extra %v, %v", name, []string{r.Pos, r.Neg}, tags, d.Missing, d.Extra, err)
		}
	}
	return r
}

func corpusTags(t testing.TB) map[string][]string {
	t.Helper()
	models := map[string][]string{}
	lists, err := filepath.Glob(filepath.Join(enginetest.Shared(t, "corpus"), "*", "plugin-candidates*.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range lists {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var tags []string
		for _, line := range strings.Split(strings.TrimSpace(string(b)), "\n")[1:] {
			if f := strings.Split(line, "\t"); len(f) > 2 {
				tags = append(tags, f[1]+"@"+f[2])
			}
		}
		models[filepath.Base(filepath.Dir(path))+"/"+filepath.Base(path)] = tags
	}
	enforced, err := filepath.Glob(filepath.Join(enginetest.Shared(t, "cases"), "*", "enforced.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range enforced {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var tags []string
		if err := json.Unmarshal(b, &tags); err != nil {
			t.Fatal(err)
		}
		models[filepath.Base(filepath.Dir(path))] = tags
	}
	return models
}

func TestShowCases(t *testing.T) {
	root := enginetest.Shared(t, "cases")
	models := corpusTags(t)
	dirs, _ := filepath.Glob(filepath.Join(root, "*", "case.json"))
	for _, path := range dirs {
		var c struct {
			Expected struct {
				Sets [][]int `json:"min_keep_f32_sets"`
			}
		}
		b, _ := os.ReadFile(path)
		json.Unmarshal(b, &c)
		name := filepath.Base(filepath.Dir(path))
		if len(c.Expected.Sets) == 0 {
			continue
		}
		tags := models[name]
		keep := make([]bool, len(tags))
		for _, i := range c.Expected.Sets[0] {
			keep[i] = true
		}
		r := checkRepair(t, tags, keep)
		t.Logf("%s %s exact %t also %.200q\n   NEG %.300s\n   POS %.300s", name, r.Chosen, r.Exact, r.AlsoKept, r.Neg, r.Pos)
	}
}

func TestRandomSets(t *testing.T) {
	for model, tags := range corpusTags(t) {
		r := rand.New(rand.NewPCG(1, uint64(len(tags))))
		for _, share := range []float64{0.01, 0.1, 0.5, 0.9} {
			keep := make([]bool, len(tags))
			for i := range keep {
				keep[i] = r.Float64() < share
			}
			got := checkRepair(t, tags, keep)
			_ = got
		}
		_ = model
	}
}

// hostile makes names of few letters, so that they contain each other.
func hostile(r *rand.Rand, n int) []string {
	parts := []string{"a", "b", "1", "11", "2", "/", ".", ",", "@", "_", "a.b", "$", "\\", "\n", "'", "é", "\xff", "(", "", "layers.", "conv2d", "X@", "a1"}
	types := []string{"X", "Y", "Softmax", "LogSoftmax", "", "a"}
	tags := make([]string, n)
	for i := range tags {
		var b strings.Builder
		for range 1 + r.IntN(6) {
			b.WriteString(parts[r.IntN(len(parts))])
		}
		tags[i] = types[r.IntN(len(types))] + "@" + b.String()
		if r.IntN(50) == 0 {
			tags[i] = b.String()
		}
	}
	return tags
}

func TestHostileSets(t *testing.T) {
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 7))
		tags := hostile(r, 1+r.IntN(60))
		keep := make([]bool, len(tags))
		share := r.Float64()
		for i := range keep {
			keep[i] = r.Float64() < share
		}
		checkRepair(t, tags, keep)
	}
}
