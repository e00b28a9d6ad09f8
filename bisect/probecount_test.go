package bisect

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"halfway/engine"
)

// kinds are networks of 400 nodes in 20 layers of 20 with so many culprits.
func kinds(k int, random *rand.Rand) map[string]func(engine.Set) float64 {
	const n = 400
	nodes := pick(random, n, k)
	weights, role := map[int]float64{}, []int{}
	for i := range n {
		weights[i] = 0.001
	}
	for _, p := range nodes {
		weights[p] = 0.4
	}
	for i := range k {
		role = append(role, 7+20*i)
	}
	return map[string]func(engine.Set) float64{"any": anyOf(nodes...), "pairs": pairsOf(nodes), "sum": sumOf(weights), "role": anyOf(role...)}
}

// pairsOf breaks when both of two neighbours in the list are enforced.
func pairsOf(nodes []int) func(engine.Set) float64 {
	return bad(func(set engine.Set) bool {
		for i := 1; i < len(nodes); i += 2 {
			if set.Has(nodes[i-1]) && set.Has(nodes[i]) {
				return true
			}
		}
		return false
	})
}

func smallest(kind string, k int) float64 {
	switch kind {
	case "pairs":
		return float64(k / 2)
	case "sum":
		return math.Ceil((0.001*float64(400-k) + 0.4*float64(k) - 1) / 0.4)
	}
	return float64(k)
}

// count makes one strategy's search and returns its probes, with those that make the set 1-minimal, and the size of the set; 0 when it gives up.
func count(t *testing.T, e func(engine.Set) float64, scanned bool, one func(*search) strategy) (probes, size int) {
	t.Helper()
	o := &oracle{n: 400, keyed: true, error: e, candidate: func(i int, c *engine.Candidate) {
		c.Name = fmt.Sprintf("layers.%d/m%d", i/20, i%20)
		c.Tag, c.Role = "Op@"+c.Name, fmt.Sprintf(`layers.(\d+)/m%d`, i%20)
	}}
	c := config(o)
	if scanned {
		c.Exhaustive = Always
	}
	s := newSearch(context.Background(), c)
	for _, step := range []func() error{s.prepare, s.ends, s.first} {
		if err := step(); err != nil {
			var stop *stopped
			if errors.As(err, &stop) {
				return 0, 0
			}
			t.Fatal(err)
		}
	}
	before := s.prober.probes
	if err := s.try(one(s)); err != nil {
		t.Fatal(err)
	}
	if s.best == nil {
		return s.prober.probes - before, 0
	}
	return s.prober.probes - before, s.best.Len()
}

// TestProbeCounts measures every strategy on networks of every kind, and makes sure that the package's doc has these numbers.
func TestProbeCounts(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	strategies := []struct {
		name    string
		scanned bool
		one     func(s *search) strategy
	}{
		{"exclusion", false, func(*search) strategy { return exclusion{} }},
		{"quickXplain", false, func(s *search) strategy { return quickXplain{singles(s.live())} }},
		{"layered", false, func(*search) strategy { return layered{} }},
		{"probabilistic", false, func(s *search) strategy { return probabilistic{} }},
		{"growth", false, func(s *search) strategy { return growth{} }},
		{"byGain", true, func(s *search) strategy { return ranked{byGain} }},
		{"descent", false, func(s *search) strategy { return descent{} }},
		{"stepwise", false, func(s *search) strategy { return stepwise{} }},
		{"byHarm", false, func(s *search) strategy { return ranked{byHarm} }},
		{"byRelief", false, func(s *search) strategy { return ranked{byRelief} }},
	}
	table := []string{fmt.Sprintf("%-6s %4s %5s", "kind", "k", "bits")}
	for _, one := range strategies {
		table[0] += fmt.Sprintf(" %13s", one.name)
	}
	for _, kind := range []string{"any", "pairs", "sum", "role"} {
		for _, k := range []int{2, 8, 20} {
			least := smallest(kind, k)
			if least < 1 {
				continue
			}
			line := fmt.Sprintf("%-6s %4.0f %5.0f", kind, least, bitsOfChoice(400, least))
			for _, one := range strategies {
				const repeats = 10
				probes, extra, failed := 0, 0.0, 0
				for r := range repeats {
					p, size := count(t, kinds(k, rand.New(rand.NewPCG(uint64(r), uint64(k))))[kind], one.scanned, one.one)
					if probes += p; size == 0 {
						failed++
					} else {
						extra += float64(size) - least
					}
				}
				cell := fmt.Sprintf("%d", probes/repeats)
				switch {
				case failed > repeats/2:
					cell += " fails"
				case extra > 0:
					cell += fmt.Sprintf(" +%.1f", extra/float64(repeats-failed))
				}
				line += fmt.Sprintf(" %13s", cell)
			}
			table = append(table, line)
		}
	}
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range table {
		if !strings.Contains(string(doc), "//\t"+strings.TrimRight(line, " ")+"\n") {
			t.Errorf("doc.go does not have this line:\n//\t%s", line)
		}
	}
}

// bitsOfChoice is log2 C(n,k): no strategy that gets one bit a probe can do with fewer.
func bitsOfChoice(n, k float64) float64 {
	lgamma := func(x float64) float64 { v, _ := math.Lgamma(x + 1); return v }
	return (lgamma(n) - lgamma(k) - lgamma(n-k)) / math.Ln2
}
