package report_test

import (
	"bytes"
	"flag"
	"math"
	"os"
	"path/filepath"
	"testing"

	"halfway/bisect"
	"halfway/bisect/report"
	"halfway/compare"
	"halfway/engine"
	"halfway/patterns"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestText holds the texts of made-up results against testdata/*.txt.
func TestText(t *testing.T) {
	for _, c := range []struct {
		file    string // what it shows
		result  *bisect.Result
		options report.Options
	}{
		{"found", found(), report.Options{Candidates: nodes()}},
		{"found-narrow", found(), report.Options{Candidates: nodes(), Columns: 50, Color: true, RunArgs: []string{"--shape", "x=1,4"}}},
		{"no-setting-is-exact", inexact(), report.Options{Candidates: nodes()}},
		{"limit", limited(), report.Options{Candidates: nodes()}},
		{"interrupted-at-once", &bisect.Result{Outcome: bisect.Unresolved, Reason: text("interrupted"), Precision: "bf16", Model: bisect.ModelInfo{Path: "m.xml"},
			Accept: []string{"sqnr>=20"}, Engine: engine.Info{Name: "builtin"}, View: "plain"}, report.Options{}},
		{"nothing-breaks", &bisect.Result{Outcome: bisect.NothingBreaks, Precision: "f16", Engine: engine.Info{Name: "builtin", Kernel: "avx2"}, View: "plain", Model: bisect.ModelInfo{Path: "m.xml"}, Candidates: 7,
			Accept: []string{"top1>=1"}, Curve: []bisect.Point{{Count: -1, Probe: probe(bisect.Pass, 1)}, {Count: 6, Probe: probe(bisect.Pass, 1)}},
			Warnings: []string{"only the debug builds of 2023 and 2024 honour f16"}}, report.Options{Candidates: nodes()}},
		{"baseline", &bisect.Result{Outcome: bisect.NotRepairable, Reason: text("baseline"), Precision: "bf16", View: "plain", Model: bisect.ModelInfo{Path: "a\x1b[2J.xml"},
			Accept: []string{"sqnr>=20"}, Curve: []bisect.Point{{Count: -1, Probe: probe(bisect.NonFinite, 3)}}}, report.Options{Candidates: nodes()}},
	} {
		t.Run(c.file, func(t *testing.T) {
			var b bytes.Buffer
			if err := report.Text(&b, c.result, c.options); err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", c.file+".txt"), b.Bytes())
		})
	}
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (-update rewrites it):\n%s", path, got)
	}
}

func text(s string) *string { return &s }

// nodes are the candidates of a network of three layers.
func nodes() []engine.Candidate {
	var list []engine.Candidate
	add := func(kind, name string, macs int64) {
		list = append(list, engine.Candidate{Index: len(list), Tag: kind + "@" + name, Type: kind, Name: name, Unit: len(list), MACs: macs})
	}
	for _, layer := range []string{"0", "1", "2"} {
		add("Eltwise", "__module.layers."+layer+".norm/aten::mul/Multiply", 64)
		add("FullyConnected", "__module.layers."+layer+".mlp.up_proj/aten::linear/MatMul", 4096)
	}
	add("Eltwise", "__module.it's\nodd/Add", 64)
	return list
}

func probe(v bisect.Verdict, value float64) bisect.Probe {
	return bisect.Probe{Verdict: v, Metrics: []compare.Reading{{Output: "logits", Metric: "sqnr", Value: compare.Value(value)}}}
}

// found is a result whose norms break by themselves.
func found() *bisect.Result {
	bad, good, zero := probe(bisect.Accuracy, 3.25), probe(bisect.Pass, 41), 0
	list := nodes()
	r := &bisect.Result{Outcome: bisect.Found, View: "plain", Precision: "bf16", Engine: engine.Info{Name: "builtin", Kernel: "avx2"},
		Model: bisect.ModelInfo{Path: "my model.xml"}, Samples: []bisect.Source{{Source: "x.npz"}, {Source: "y.npz"}}, Accept: []string{"logits:sqnr>=20"},
		Candidates: len(list), Units: len(list),
		First: &bisect.First{Index: &zero, Tag: list[0].Tag, Unit: []string{list[0].Tag, list[1].Tag}, Effect: "compute", Kind: "monotone", Smallest: true,
			Crossings: []bisect.Crossing{{Count: 0, Verdict: bisect.Accuracy}}, Alone: &bad, Without: &bad},
		Groups: []bisect.Group{{By: "type", Name: "Eltwise", Candidates: []int{0, 2, 4, 6}, Alone: &bad, Without: &good},
			{By: "role", Name: "", Candidates: []int{0, 2, 4}, Alone: &bad, Without: &good}},
		Settings: &bisect.Settings{Chosen: "neg", Neg: `layers\.(\d+)\.norm`, Pos: `mlp|odd`, Exact: true, Properties: map[string]string{}},
		Verified: &bisect.Verified{Probe: good, Settings: "neg", Enforced: 4},
		Proven:   bisect.Proven{First: true, KeepF32: true, Settings: true}, Probes: 31, ForwardPasses: bisect.ForwardPasses{First: 3, KeepF32: 5.6, Total: 12.34}, Seconds: 123.4,
		Curve: []bisect.Point{{Count: -1, Probe: good}, {Count: 0, Probe: bisect.Probe{Verdict: bisect.Accuracy, Sample: 1}}}}
	for p, n := range list {
		n := bisect.Node{Index: n.Index, Tag: n.Tag, Role: patterns.Role(n.Name), Block: patterns.Block(n.Name), Unit: n.Unit, Expected: new(compare.Value(p))}
		if p == 2 {
			n.Alone, n.Without = new(compare.Value(3.5)), new(compare.Value(math.Inf(1)))
		}
		r.Nodes = append(r.Nodes, n)
	}
	for _, p := range []int{0, 2, 4} {
		r.KeepF32 = append(r.KeepF32, bisect.Kept{Index: p, Tag: list[p].Tag, Unit: p, MACs: list[p].MACs, Reason: "culprit"})
	}
	return r
}

// inexact is a result of interacting nodes, one of them with an odd name, whose settings keep more than they should.
func inexact() *bisect.Result {
	r, list := found(), nodes()
	r.First = &bisect.First{Count: 6, Tag: list[6].Tag, Unit: []string{list[6].Tag}, Effect: "compute", Kind: "interacting",
		Crossings: []bisect.Crossing{{Count: 4, Verdict: bisect.NonFinite}, {Count: 5, Verdict: bisect.Pass}, {Count: 6, Verdict: bisect.Accuracy}}}
	r.KeepF32 = []bisect.Kept{{Index: 6, Tag: list[6].Tag, Unit: 6, MACs: 64, Reason: "culprit"}}
	r.Settings = &bisect.Settings{Chosen: "pos", Pos: "it's\nodd", AlsoKept: []string{list[1].Tag}, Properties: map[string]string{"SNIPPETS_MODE": "DISABLE"}}
	r.Groups, r.Verified, r.Proven = nil, nil, bisect.Proven{First: true}
	r.Samples = nil
	return r
}

// limited is a result whose repair exceeds what may stay in f32.
func limited() *bisect.Result {
	r := found()
	r.Outcome, r.Proven = bisect.NotRepairable, bisect.Proven{First: true}
	r.KeepF32 = r.KeepF32[:1]
	r.Verified.Probe = probe(bisect.Accuracy, 12)
	r.Tradeoff = []bisect.Tradeoff{{Nodes: 1, Work: 0.005, Error: 2.5, Probe: probe(bisect.Accuracy, 12)}, {Nodes: 3, Work: 0.015, Error: 0.1, Probe: probe(bisect.Pass, 41)}}
	return r
}
