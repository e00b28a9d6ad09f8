package bisect

import (
	"context"
	"maps"
	"slices"
	"testing"

	"halfway/engine"
)

// TestConfirm holds what a runtime, whose modes are oracles, makes of a repair of node 5.
func TestConfirm(t *testing.T) {
	disabled := map[string]string{"SNIPPETS_MODE": "DISABLE"}
	always := func(engine.Set) bool { return true }
	for _, c := range []struct {
		name            string
		standard, other func(engine.Set) bool // what fails in the default mode and without snippets
		renamed         bool
		searched        bool
		properties      map[string]string
		keep            []int
		outcome         Outcome
	}{
		{name: "the default mode needs the same", standard: has(5), other: has(5), keep: []int{5}, outcome: Found},
		{name: "the default mode needs more: it is searched", standard: either(has(5), has(2)), other: has(5), searched: true, keep: []int{2, 5},
			outcome: Found},
		{name: "nothing helps in the default mode, the other needs the same", standard: always, other: has(5), properties: disabled, keep: []int{5},
			outcome: Found},
		{name: "nothing helps in the default mode, the other needs more", standard: always, other: either(has(5), has(7)), searched: true,
			properties: disabled, keep: []int{5, 7}, outcome: Found},
		{name: "nothing helps in any mode", standard: always, other: always, searched: true, outcome: NotRepairable},
		{name: "the node has another name", standard: has(5), other: has(5), renamed: true, searched: true, keep: []int{5}, outcome: Found},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := Config{Engine: &oracle{n: 9, error: anyOf(5)}, Samples: []engine.Sample{{Source: "0"}}, Judge: NewLimit(false, 1)}
			found, err := Search(context.Background(), config)
			if err != nil {
				t.Fatal(err)
			}
			opened := 0
			mode := func(fails func(engine.Set) bool, properties map[string]string) func() (*Mode, error) {
				e := &oracle{n: 9, error: bad(fails), candidate: func(i int, n *engine.Candidate) {
					if c.renamed && i == 5 {
						n.Tag, n.Name = "Op@other", "other"
					}
				}}
				return func() (*Mode, error) { opened++; return &Mode{Engine: e, View: "v", Properties: properties}, nil }
			}
			r, m, err := Confirm(context.Background(), found, config, mode(c.standard, nil), mode(c.other, disabled))
			if err != nil {
				t.Fatal(err)
			}
			var keep []int
			for _, k := range r.KeepF32 {
				keep = append(keep, k.Index)
			}
			if r.Outcome != c.outcome || !slices.Equal(keep, c.keep) || r.Confirmed.Searched != c.searched || m.View != "v" {
				t.Errorf("%s, kept %v, searched %v; want %s, %v, %v", r.Outcome, keep, r.Confirmed.Searched, c.outcome, c.keep, c.searched)
			}
			if r.Settings != nil && !maps.Equal(r.Settings.Properties, c.properties) {
				t.Errorf("properties %v, want %v", r.Settings.Properties, c.properties)
			}
			if want := map[bool]int{true: 1, false: 2}[c.properties == nil && c.outcome == Found]; opened != want {
				t.Errorf("%d modes were opened, want %d", opened, want)
			}
			if c.renamed != slices.Equal(r.Confirmed.Missing, []Tag{"Op@n5"}) {
				t.Errorf("missing %q", r.Confirmed.Missing)
			}
		})
	}
}

func has(i int) func(engine.Set) bool { return func(s engine.Set) bool { return s.Has(i) } }

func either(a, b func(engine.Set) bool) func(engine.Set) bool {
	return func(s engine.Set) bool { return a(s) || b(s) }
}

// TestConfirmOfNothing: where nothing breaks on the first engine, everything enforced is what is confirmed.
func TestConfirmOfNothing(t *testing.T) {
	config := Config{Engine: &oracle{n: 4, error: anyOf()}, Samples: []engine.Sample{{Source: "0"}}, Judge: NewLimit(false, 1)}
	found, err := Search(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		error func(engine.Set) float64
		want  Outcome
	}{"nothing breaks there either": {anyOf(), NothingBreaks}, "it breaks there": {anyOf(2), Found}} {
		r, _, err := Confirm(context.Background(), found, config, func() (*Mode, error) { return &Mode{Engine: &oracle{n: 4, error: c.error}}, nil })
		if err != nil || r.Outcome != c.want {
			t.Errorf("%s: %v (%v), want %s", name, r.Outcome, err, c.want)
		}
	}
}
