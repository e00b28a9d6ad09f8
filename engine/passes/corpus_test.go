package passes

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"halfway/engine/enginetest"
	"halfway/engine/graph"
	"halfway/engine/ir"
	"halfway/engine/onnx"
	"halfway/engine/tensor"
)

// goldenCase is what the tests need of a case of the reference data.
type goldenCase struct {
	name     string
	Model    string
	Inputs   []struct{ Shape []int }
	OpenVINO struct {
		ReshapedTo [][]int `json:"reshaped_to"`
	}
}

// goldenCases calls f with every case of the corpus and the graph of its model.
func goldenCases(t *testing.T, f func(t *testing.T, c goldenCase, g *graph.Graph)) {
	root := enginetest.Shared(t, "corpus")
	files, err := filepath.Glob(filepath.Join(root, "*", "plugin-candidates.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		c := goldenCase{name: filepath.Base(filepath.Dir(file))}
		b, err := os.ReadFile(filepath.Join(filepath.Dir(file), "case.json"))
		if err == nil {
			err = json.Unmarshal(b, &c)
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Run(c.name, func(t *testing.T) { f(t, c, c.read(t, filepath.Join(root, "..", c.Model))) })
	}
}

// read reads the model of the case at path.
func (c goldenCase) read(t *testing.T, path string) *graph.Graph {
	if filepath.Ext(path) == ".xml" {
		g, closer, err := ir.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { closer.Close() })
		return g
	}
	m, err := onnx.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	shapes := map[string][]int{}
	for i, in := range m.Inputs() {
		shapes[in.Name] = c.Inputs[i].Shape
	}
	g, err := m.Graph(shapes)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// A listed candidate: type, name and fused names with the numbers of generated names put aside.
type listed struct{ cpuType, name, fused string }

var (
	generatedName = regexp.MustCompile(`^[A-Z]\w*_\d+(\.\d+|/transpose_[ab])?$`)
	numbers       = regexp.MustCompile(`\d+(_\d+)*`) // with what is put behind a name that was taken
)

func normalised(name string) string {
	if generatedName.MatchString(name) {
		return numbers.ReplaceAllString(name, "#")
	}
	return name
}

func normalisedList(names []string) string {
	set := map[string]bool{}
	for _, n := range names {
		set[normalised(strings.TrimSpace(n))] = true
	}
	return strings.Join(slices.Sorted(maps.Keys(set)), ", ")
}

// wanted reads a list of candidates.
func wanted(t *testing.T, path string) []listed {
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimRight(string(b), "\n"), "\n")
	column := map[string]int{}
	for i, name := range strings.Split(lines[0], "\t") {
		column[name] = i
	}
	var list []listed
	for _, line := range lines[1:] {
		f := strings.Split(line, "\t")
		var fused string
		if c, ok := column["fused_names"]; ok {
			fused = normalisedList(strings.Split(f[c], ","))
		}
		list = append(list, listed{f[column["type"]], normalised(f[column["name"]]), fused})
	}
	return list
}

// bodyNames are the names of the operations in the body of a Subgraph.
func bodyNames(n *graph.Node) []string {
	var names []string
	for _, b := range n.Bodies[0].Graph.Nodes {
		if !isOp(b, "Parameter", "Result", "Constant") {
			names = append(names, b.Name)
		}
	}
	return names
}

// wantedSubgraphs reads a list of candidates with the members of Subgraphs.
func wantedSubgraphs(t *testing.T, path string) []listed {
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list []listed
	for i, line := range strings.Split(strings.TrimRight(string(b), "\n"), "\n") {
		if f := strings.Split(line, "\t"); i > 0 {
			l := listed{f[1], normalised(f[2]), ""}
			if f[1] == "Subgraph" {
				l.fused = normalisedList(strings.Split(f[4], ","))
			}
			list = append(list, l)
		}
	}
	return list
}

// found lists the candidates of g, with fused names, or the members of Subgraphs.
func found(t *testing.T, g *graph.Graph, withFused bool) []listed {
	e, err := graph.Enforce(g, tensor.BF16)
	if err != nil {
		t.Fatal(err)
	}
	var list []listed
	for _, n := range e.Candidates {
		l := listed{graph.CPUType(n.Op), normalised(n.Name), ""}
		if !withFused && n.Op == "Subgraph" {
			l.fused = normalisedList(bodyNames(n))
		}
		if withFused {
			fused := n.Fused
			if fused == nil {
				fused = []string{n.Name}
			}
			l.fused = normalisedList(fused)
		}
		list = append(list, l)
	}
	return list
}

// score returns precision, recall and F1 of got against want as multisets, and what is only in one of them.
func score(got, want []listed) (precision, recall, f1 float64, missing, extra []listed) {
	left := map[listed]int{}
	for _, w := range want {
		left[w]++
	}
	hits := 0
	for _, g := range got {
		if left[g] > 0 {
			left[g]--
			hits++
		} else {
			extra = append(extra, g)
		}
	}
	for _, w := range want {
		if left[w] > 0 {
			left[w]--
			missing = append(missing, w)
		}
	}
	precision, recall = float64(hits)/float64(max(len(got), 1)), float64(hits)/float64(max(len(want), 1))
	return precision, recall, 2 * precision * recall / max(precision+recall, 1e-9), missing, extra
}

// TestCandidatesOfThePlugin holds the candidates of the view plugin against the plugin's own graph.
func TestCandidatesOfThePlugin(t *testing.T) {
	goldenCases(t, func(t *testing.T, c goldenCase, g *graph.Graph) {
		v, err := Apply(g, "plugin", c.OpenVINO.ReshapedTo)
		if err != nil {
			t.Fatal(err)
		}
		want := wanted(t, enginetest.Shared(t, "corpus", c.name, "plugin-candidates.tsv"))
		got := found(t, v, true)
		p, r, f1, missing, extra := score(got, want)
		t.Logf("precision %.3f, recall %.3f, F1 %.3f, %d of %d, order equal: %v", p, r, f1, len(got), len(want), slices.Equal(got, want))
		if !slices.Equal(got, want) {
			t.Errorf("missing:\n%s\nextra:\n%s", spell(missing), spell(extra))
		}
	})
}

func spell(list []listed) string {
	var b strings.Builder
	for i, l := range list {
		if i == 5 {
			fmt.Fprintf(&b, "  and %d more\n", len(list)-i)
			break
		}
		fmt.Fprintf(&b, "  %s@%s of %q\n", l.cpuType, l.name, l.fused)
	}
	return b.String()
}

// TestCandidatesWithSnippets holds the candidates of the view snippets against the plugin's own graph in its default mode.
func TestCandidatesWithSnippets(t *testing.T) {
	goldenCases(t, func(t *testing.T, c goldenCase, g *graph.Graph) {
		v, err := Apply(g, "snippets", c.OpenVINO.ReshapedTo)
		if err != nil {
			t.Fatal(err)
		}
		want := wantedSubgraphs(t, enginetest.Shared(t, "corpus", c.name, "plugin-candidates-default.tsv"))
		got := found(t, v, false)
		p, r, f1, missing, extra := score(got, want)
		t.Logf("precision %.3f, recall %.3f, F1 %.3f, %d of %d, order equal: %v", p, r, f1, len(got), len(want), slices.Equal(got, want))
		if !slices.Equal(got, want) {
			t.Errorf("missing:\n%s\nextra:\n%s", spell(missing), spell(extra))
		}
	})
}
