package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"halfway/engine/enginetest"
)

// knownCase is a model whose culprits are known by exhaustive enumeration with an independent reference.
type knownCase struct {
	Name, Family, Precision string
	Inputs                  []string
	Checks                  []struct {
		Output, Metric string
		Tolerance      float64
	}
	Expected struct {
		EnforcedCount int `json:"enforced_count"`
		Outcome       string
		FirstBadCount *int    `json:"first_bad_cnt"`
		FirstBadTag   string  `json:"first_bad_tag"`
		MinKeep       [][]int `json:"min_keep_f32_sets"`
		MinKeepCount  int     `json:"min_keep_f32_count"`
	}
	Variants map[string]struct {
		FirstBadCount *int     `json:"first_bad_cnt"`
		FirstBadTag   string   `json:"first_bad_tag"`
		CulpritTags   []string `json:"culprit_tags"`
	}
	SameInAll bool `json:"same_in_all_variants"`
}

// reading is how the engine rounds: a FullyConnected takes its bias along, and executors that only have f32 kernels round nothing.
const reading = "fc_bias=on,numerics=cpu"

// answer is what the tests read of a result.
type answer struct {
	Outcome    string
	Candidates int
	First      *struct {
		Count int
		Tag   string
	}
	KeepF32 []struct {
		Index int
		Tag   string
	} `json:"keep_f32"`
	Settings *struct{ Pos, Neg string }
	Verified *struct{ Verdict string }
	Passes   struct{ First float64 } `json:"forward_passes"`
}

// build compiles the program once per test that needs it.
func build(t *testing.T) string {
	t.Helper()
	exe := filepath.Join(t.TempDir(), "halfway")
	if out, err := exec.Command("go", "build", "-o", exe, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return exe
}

// TestKnownCases bisects every case and holds the answer against what is known: candidates, first node, exit status, and a smallest set to
// keep. Sets are not compared in the families of interacting and accumulated culprits (f, g, h) and where only the executors decide (a).
func TestKnownCases(t *testing.T) {
	root := enginetest.Shared(t, "cases")
	exe := build(t)
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	product, found := 1.0, 0
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		t.Run(e.Name(), func(t *testing.T) {
			var c knownCase
			b, err := os.ReadFile(filepath.Join(root, e.Name(), "case.json"))
			if err == nil {
				err = json.Unmarshal(b, &c)
			}
			if err != nil {
				t.Fatal(err)
			}
			r, status := bisectCase(t, exe, filepath.Join(root, e.Name()), c)
			c.check(t, r, status)
			if r.First != nil {
				product, found = product*r.Passes.First/float64(len(c.Inputs)), found+1
			}
		})
	}
	if mean := math.Pow(product, 1/float64(max(found, 1))); found == 0 || mean > 5 {
		t.Errorf("the first node took %.2f forward passes, the geometric mean of %d cases; want at most 5", mean, found)
	}
}

func bisectCase(t *testing.T, exe, dir string, c knownCase) (answer, int) {
	t.Helper()
	args := []string{"bisect", filepath.Join(dir, "model.xml"), "--view", "plain", "--precision", c.Precision, "--json", "-", "--quiet"}
	for _, in := range c.Inputs {
		args = append(args, "--input", filepath.Join(dir, in))
	}
	for _, k := range c.Checks {
		args = append(args, "--accept", accept(k.Output, k.Metric, k.Tolerance))
	}
	cmd := exec.Command(exe, args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatal(err)
	}
	var r answer
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, stderr.String())
	}
	validate(t, out)
	return r, cmd.ProcessState.ExitCode()
}

// validate holds a result against its schema.
func validate(t *testing.T, result []byte) {
	t.Helper()
	validateAs(t, "result", result)
}

// validateAs holds an answer of that name against its schema.
func validateAs(t *testing.T, name string, result []byte) {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile("bisect/report/" + name + ".schema.json")
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(result))
	if err == nil {
		err = schema.Validate(v)
	}
	if err != nil {
		t.Error(err)
	}
}

// accept writes a check as a rule of the command line.
func accept(output, metric string, tolerance float64) string {
	switch metric {
	case "cosine", "top1":
		return fmt.Sprintf("%s:%s>=%g", output, metric, 1-tolerance)
	}
	return fmt.Sprintf("%s:%s<=%g", output, strings.ReplaceAll(metric, "_", "-"), tolerance)
}

func (c knownCase) check(t *testing.T, r answer, status int) {
	want := map[string]struct {
		outcome string
		status  int
	}{"found": {"found", 0}, "all_good": {"nothing-breaks", 3}, "baseline_bad": {"not-repairable", 4}}[c.Expected.Outcome]
	if r.Outcome != want.outcome || status != want.status {
		t.Errorf("outcome %s with status %d, want %s with %d", r.Outcome, status, want.outcome, want.status)
	}
	if r.Candidates != c.Expected.EnforcedCount {
		t.Errorf("%d candidates, want %d", r.Candidates, c.Expected.EnforcedCount)
	}
	if c.Expected.Outcome != "found" || r.First == nil || r.Verified == nil {
		return
	}
	count, tag := *c.Expected.FirstBadCount, c.Expected.FirstBadTag
	if v, ok := c.Variants[reading]; ok && v.FirstBadCount != nil {
		count, tag = *v.FirstBadCount, v.FirstBadTag
	}
	if r.First.Count != count || r.First.Tag != tag {
		t.Errorf("first node %d %s, want %d %s", r.First.Count, r.First.Tag, count, tag)
	}
	if r.Verified.Verdict != "pass" {
		t.Errorf("the settings as exported: %s", r.Verified.Verdict)
	}
	c.checkKept(t, r)
}

func (c knownCase) checkKept(t *testing.T, r answer) {
	if !c.SameInAll {
		for _, k := range r.KeepF32 {
			if !slices.Contains(c.Variants[reading].CulpritTags, k.Tag) {
				t.Errorf("kept %s, the culprits are %q", k.Tag, c.Variants[reading].CulpritTags)
			}
		}
		return
	}
	if strings.Contains("fgh", c.Family) {
		return
	}
	var kept []int
	for _, k := range r.KeepF32 {
		kept = append(kept, k.Index)
	}
	slices.Sort(kept)
	if c.Expected.MinKeepCount <= len(c.Expected.MinKeep) && !slices.ContainsFunc(c.Expected.MinKeep, func(s []int) bool { return slices.Equal(s, kept) }) {
		t.Errorf("kept %v, the smallest sets are %v", kept, c.Expected.MinKeep)
	}
}
