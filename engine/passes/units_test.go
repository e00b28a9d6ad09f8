package passes

import (
	"os"
	"slices"
	"strings"
	"testing"

	"halfway/engine/enginetest"
	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// TestUnitsOfThePlugin holds the units of the candidates against those of the plugin's execution graph. A node that this graph does not show is
// a unit of its own.
func TestUnitsOfThePlugin(t *testing.T) {
	goldenCases(t, func(t *testing.T, c goldenCase, g *graph.Graph) {
		v, err := Apply(g, "plugin", c.OpenVINO.ReshapedTo)
		if err != nil {
			t.Fatal(err)
		}
		checkUnits(t, v, wantedUnits(t, enginetest.Shared(t, "corpus", c.name, "plugin-candidates.tsv")))
	})
}

// wantedUnits reads for each candidate the first candidate of its unit.
func wantedUnits(t *testing.T, path string) []int {
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimRight(string(b), "\n"), "\n")
	column := slices.Index(strings.Split(lines[0], "\t"), "unit")
	heads, first := make([]int, len(lines)-1), map[string]int{}
	for i, line := range lines[1:] {
		unit := strings.Split(line, "\t")[column]
		if _, ok := first[unit]; !ok || unit == "-" {
			first[unit] = i
		}
		heads[i] = first[unit]
	}
	return heads
}

func checkUnits(t *testing.T, g *graph.Graph, want []int) {
	e, err := graph.Enforce(g, tensor.BF16)
	if err != nil {
		t.Fatal(err)
	}
	place := map[*graph.Node]int{}
	for i, n := range e.Candidates {
		place[n] = i
	}
	got := make([]int, len(want))
	for i := range got {
		got[i] = i
	}
	for _, u := range g.Units(e.Order) {
		head := -1
		for _, n := range u.Members {
			if i, ok := place[n]; ok {
				if head < 0 || i < head {
					head = i
				}
			}
		}
		for _, n := range u.Members {
			if i, ok := place[n]; ok {
				got[i] = head
			}
		}
	}
	wrong := 0
	for i := range want {
		if got[i] != want[i] && !(want[i] == i && intoQuantization(g, e.Candidates[i])) {
			if wrong++; wrong < 6 {
				t.Errorf("candidate %d, %s %q: its unit begins with %d (%s), the plugin's with %d (%s)", i, e.Candidates[i].Op, e.Candidates[i].Name,
					got[i], e.Candidates[got[i]].Name, want[i], e.Candidates[want[i]].Name)
			}
		}
	}
	t.Logf("%d of %d candidates are in the plugin's unit", len(want)-wrong, len(want))
}

// intoQuantization reports whether n, or arithmetic behind it, feeds a FakeQuantize: the plugin's lists leave out what it folds into one.
func intoQuantization(g *graph.Graph, n *graph.Node) bool {
	readers := g.Consumers()
	for len(readers[n.ID]) == 1 && isOp(n, "Add", "Subtract", "Multiply") {
		n = readers[n.ID][0]
	}
	return n.Op == "FakeQuantize"
}
