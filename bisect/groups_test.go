package bisect

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"halfway/engine"
)

// layers names the candidates as those of transformer layers of so many nodes.
func layers(size int) func(i int, c *engine.Candidate) {
	return func(i int, c *engine.Candidate) {
		part := []string{"input_layernorm/pow", "input_layernorm/mean", "attn/q", "attn/k", "mlp/up"}[i%size]
		c.Name = fmt.Sprintf("model.layers.%d.%s", i/size, part)
		c.Type = strings.ToUpper(part)
		c.Tag, c.Role = c.Type+"@"+c.Name, fmt.Sprintf(`model.layers.(\d+).%s`, part)
		if i > 0 {
			c.Preds = []int{i - 1}
		}
	}
}

func groupNames(r *Result) []string {
	var names []string
	for _, g := range r.Groups {
		names = append(names, g.By+" "+g.Name)
	}
	return names
}

// TestGroupOfEveryLayer has two nodes in the norm of every layer to blame: the module of all layers has to be the first thing said.
func TestGroupOfEveryLayer(t *testing.T) {
	var nodes []int
	for i := range 8 {
		nodes = append(nodes, 5*i, 5*i+1)
	}
	o := &oracle{n: 40, keyed: true, error: anyOf(nodes...), candidate: layers(5)}
	r := search1(t, config(o))
	if names := groupNames(r); len(names) == 0 || names[0] != `role model.layers.(\d+).input_layernorm` {
		t.Errorf("groups %q", names)
	}
	g := r.Groups[0]
	if !g.Alone.Verdict.Bad() || g.Without.Verdict != Pass || !slices.Equal(g.Candidates, nodes) {
		t.Errorf("%+v", g)
	}
	if !slices.Equal(keptOf(r), nodes) {
		t.Errorf("keeps %v", keptOf(r))
	}
}

// TestGroupsTogether blames one node of the norm and one of the attention of every layer, which no group has in common but the layer: both are
// named together.
func TestGroupsTogether(t *testing.T) {
	var nodes []int
	for i := range 8 {
		nodes = append(nodes, 5*i+1, 5*i+3)
	}
	o := &oracle{n: 40, keyed: true, error: anyOf(nodes...), candidate: layers(5)}
	r := search1(t, config(o))
	want := `role model.layers.(\d+).input_layernorm/mean and model.layers.(\d+).attn/k`
	if names := groupNames(r); len(names) == 0 || names[0] != want || !slices.Equal(r.Groups[0].Candidates, nodes) || r.Groups[0].Without.Verdict != Pass {
		t.Errorf("groups %q", names)
	}
}

// TestGroupOfAllWork has one type with nearly all of the work: that keeping it repairs is no repair.
func TestGroupOfAllWork(t *testing.T) {
	named := layers(5)
	o := &oracle{n: 40, keyed: true, error: anyOf(12), candidate: func(i int, c *engine.Candidate) {
		if named(i, c); i%5 == 2 {
			c.MACs = 1000
		}
		if i == 12 {
			c.MACs = 1
		}
	}}
	r := search1(t, config(o))
	for _, g := range r.Groups {
		if g.By == "type" && g.Name == "ATTN/Q" {
			t.Errorf("every %s is shown as a repair", g.Name)
		}
	}
	if !slices.Equal(keptOf(r), []int{12}) {
		t.Errorf("keeps %v", keptOf(r))
	}
}

// TestGroupOfOneLayer blames two nodes of one layer that break together with any other of that layer.
func TestGroupOfOneLayer(t *testing.T) {
	o := &oracle{n: 40, keyed: true, error: anyOf(12, 13), candidate: layers(5)}
	if names := groupNames(search1(t, config(o))); len(names) == 0 || names[0] != "block model.layers.2.attn" {
		t.Errorf("groups %q", names)
	}
}

// TestUselessNames takes the names away: roles and layers then come from the graph.
func TestUselessNames(t *testing.T) {
	named := layers(5)
	nodes := []int{2, 7, 12, 17, 22, 27, 32, 37}
	o := &oracle{n: 40, keyed: true, error: anyOf(nodes...), candidate: func(i int, c *engine.Candidate) {
		named(i, c)
		c.Type = []string{"Eltwise", "Reduce", "FullyConnected", "FullyConnected", "FullyConnected"}[i%5]
		c.Name = fmt.Sprintf("%s_%d", c.Type, 1000+i)
		c.Tag, c.Role = c.Type+"@"+c.Name, c.Type+`_(\d+)`
	}}
	r := search1(t, config(o))
	if names := groupNames(r); len(names) == 0 || !strings.HasPrefix(names[0], "role FullyConnected (") {
		t.Fatalf("groups %q", names)
	}
	if g := r.Groups[0]; g.Without.Verdict == Pass && len(g.Candidates) > len(nodes) {
		t.Errorf("the role has the nodes %v, the culprits are %v", g.Candidates, nodes)
	}
}

func TestPeriods(t *testing.T) {
	for _, tt := range []struct {
		name   string
		labels []uint64
		want   string
	}{
		{"three layers between other nodes", []uint64{9, 1, 2, 3, 1, 2, 3, 1, 2, 3, 8}, ".111222333."},
		{"an unfinished layer", []uint64{1, 2, 3, 1, 2, 3, 1}, "1112223"},
		{"nothing repeats", []uint64{1, 2, 3, 4}, "...."},
		{"one node repeated is no layer", []uint64{1, 1, 1, 1}, "...."},
		{"less than a layer repeated", []uint64{1, 2, 3, 4, 1, 5, 6, 7}, "........"},
		{"nothing", nil, ""},
	} {
		got := ""
		for _, name := range periods(tt.labels) {
			if name == "" {
				got += "."
			} else {
				got += name[len(name)-1:]
			}
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestModules(t *testing.T) {
	want := []string{"a.b/c", "a.b", "a"}
	if got := modules("a.b/c.d"); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if n := len(modules(strings.Repeat("a/", 1000))); n != 12 {
		t.Errorf("%d modules of a hostile name", n)
	}
}

// TestGrowPos grows what may run reduced: whole roles where they are harmless, then units.
func TestGrowPos(t *testing.T) {
	o := &oracle{n: 40, keyed: true, error: anyOf(2, 17), candidate: layers(5)}
	c := config(o)
	c.Grow = GrowPos
	r := search1(t, c)
	if r.Outcome != Found || !slices.Equal(keptOf(r), []int{2, 17}) || r.Settings.Chosen != "pos" || r.Verified.Settings != "pos" {
		t.Errorf("outcome %s, keeps %v, settings %+v", r.Outcome, keptOf(r), r.Settings)
	}
}

// TestTradeoff has culprits of different harm: what is kept first has to be what helps most, and the bounds have to hold.
func TestTradeoff(t *testing.T) {
	weights := map[int]float64{3: 4, 10: 2, 25: 1.5}
	o := &oracle{n: 40, keyed: true, error: sumOf(weights)}
	c := config(o)
	c.Tradeoff = true
	r := search1(t, c)
	if len(r.Tradeoff) < 4 {
		t.Fatalf("%+v", r.Tradeoff)
	}
	for i, want := range []float64{7.5, 3.5, 1.5, 0} {
		if p := r.Tradeoff[i]; float64(p.Error) != want || p.Nodes != i || p.Work != float64(i)/40 {
			t.Errorf("point %d: %d nodes, %v of the work, error %v, want %v", i, p.Nodes, p.Work, p.Error, want)
		}
	}
	for _, bound := range []Share{{Nodes: 2}, {Work: 0.05}} {
		c.MaxF32 = bound
		r = search1(t, c)
		if r.Outcome != NotRepairable || !slices.Equal(keptOf(r), []int{3, 10}) || r.Verified.Verdict != Accuracy || r.Proven.KeepF32 {
			t.Errorf("%+v: outcome %s, keeps %v, verified %+v", bound, r.Outcome, keptOf(r), r.Verified)
		}
	}
	c.MaxF32 = Share{Nodes: 3}
	if r = search1(t, c); r.Outcome != Found || len(r.KeepF32) != 3 {
		t.Errorf("a bound that holds: outcome %s, keeps %v", r.Outcome, keptOf(r))
	}
}
