package bisect

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"halfway/engine"
)

// TestSizes searches networks of 1 to 100,000 nodes, whose error is known: the first node and a minimal set have to be found, with few times as many
// probes as there are bits in the answer.
func TestSizes(t *testing.T) {
	sizes := []int{1, 2, 3, 10, 100, 1000, 10_000, 100_000}
	if testing.Short() {
		sizes = sizes[:6]
	}
	for _, n := range sizes {
		for _, tt := range []struct {
			name  string
			k     int // nodes that matter
			least int // of them to keep
			error func(nodes []int) func(set engine.Set) float64
		}{
			{"one", 1, 1, func(nodes []int) func(engine.Set) float64 { return anyOf(nodes...) }},
			{"any of 5", 5, 5, func(nodes []int) func(engine.Set) float64 { return anyOf(nodes...) }},
			{"all of 4", 4, 1, func(nodes []int) func(engine.Set) float64 { return allOf(nodes...) }},
			{"sum of 6", 6, 4, func(nodes []int) func(engine.Set) float64 {
				weights := map[int]float64{}
				for _, p := range nodes {
					weights[p] = 0.4
				}
				return sumOf(weights)
			}},
			{"undone", 3, 1, func(nodes []int) func(engine.Set) float64 { // the second undoes the first, the third breaks by itself
				return bad(func(set engine.Set) bool { return set.Has(nodes[0]) && !set.Has(nodes[1]) || set.Has(nodes[2]) })
			}},
		} {
			if n < tt.k {
				continue
			}
			t.Run(fmt.Sprintf("%s/%d", tt.name, n), func(t *testing.T) {
				nodes := pick(rand.New(rand.NewPCG(uint64(n), uint64(tt.k))), n, tt.k)
				slices.Sort(nodes)
				o := &oracle{n: n, keyed: true, error: tt.error(nodes)}
				r := search1(t, config(o))
				if r.Outcome != Found || !r.Proven.First || !r.Proven.KeepF32 || !r.Proven.Settings {
					t.Fatalf("outcome %s, proven %+v", r.Outcome, r.Proven)
				}
				if f := r.First.Count; o.error(engine.All(f+1)) <= 1 || o.error(engine.All(f)) > 1 {
					t.Errorf("first %d, the nodes are %v", f, nodes)
				} else if first := firstOf(o, nodes); f != first && tt.name != "undone" {
					t.Errorf("first %d, want %d", f, first)
				}
				checkMinimal(t, o, r)
				if tt.name != "undone" && len(r.KeepF32) != tt.least {
					t.Errorf("keeps %v, %d do", keptOf(r), tt.least)
				}
				bits := bitsOfChoice(float64(n), float64(len(r.KeepF32)))
				t.Logf("%d probes, %.0f bits", r.Probes, bits)
				if most := 40 + 6*bits; float64(r.Probes) > most {
					t.Errorf("%d probes for %.0f bits, want at most %.0f", r.Probes, bits, most)
				}
			})
		}
	}
}

// firstOf is firstBad of a network in which only these nodes matter.
func firstOf(o *oracle, nodes []int) int {
	for _, k := range nodes {
		if o.error(engine.All(k+1)) > 1 {
			return k
		}
	}
	return -1
}
