package bisect

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"halfway/engine"
)

// pick returns k different nodes of n, ascending.
func pick(r *rand.Rand, n, k int) []int {
	list := r.Perm(n)[:k]
	slices.Sort(list)
	return list
}

// TestKnownCulprits searches synthetic networks of every kind and size, and holds first node and culprit set against what is known.
func TestKnownCulprits(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 3, 7, 64, 400, 5000, 100_000} {
		for _, k := range []int{1, 2, 5} {
			if k > n || n > 10_000 && (testing.Short() || k != 2) {
				continue
			}
			nodes := pick(random, n, k)
			weights := map[int]float64{}
			for i, p := range nodes {
				weights[p] = 0.7 + 0.1*float64(i%3)
			}
			for _, tt := range []struct {
				kind  string
				error func(engine.Set) float64
				keep  int // size of the smallest repair
			}{
				{"any", anyOf(nodes...), k},
				{"all", allOf(nodes...), 1},
				{"sum", sumOf(weights), k - 1},
			} {
				t.Run(fmt.Sprintf("%s of %d in %d", tt.kind, k, n), func(t *testing.T) {
					o := &oracle{n: n, error: tt.error, keyed: true}
					r := search1(t, config(o))
					want := firstBad(o)
					if want < 0 {
						if r.Outcome != NothingBreaks {
							t.Fatalf("outcome %s", r.Outcome)
						}
						return
					}
					if r.Outcome != Found || !r.Proven.First || !r.Proven.KeepF32 || !r.Proven.Settings {
						t.Fatalf("outcome %s, proven %+v, warnings %q", r.Outcome, r.Proven, r.Warnings)
					}
					if r.First.Count != want || *r.First.Index != want {
						t.Errorf("first node %d, want %d", r.First.Count, want)
					}
					checkMinimal(t, o, r)
					if got := len(r.KeepF32); got != tt.keep {
						t.Errorf("keeps %v, the smallest repair has %d", keptOf(r), tt.keep)
					}
					if n > 1000 && float64(r.Probes) > 100+20*float64(k)*math.Log2(float64(n)) {
						t.Errorf("%d probes", r.Probes)
					}
				})
			}
		}
	}
}
