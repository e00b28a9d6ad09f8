package bisect

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"halfway/engine"
	"halfway/engine/enginetest"
)

// A recording is the measured curve of a real network in the real plugin: it answers for CNTs, and for nothing else.
type recording struct {
	n         int
	threshold float64
	sqnr      []float64 // by number of enforced nodes
	bits      []string
	seconds   float64 // that a probe is said to take
}

func replay(t *testing.T, path string, threshold float64) *recording {
	r := &recording{threshold: threshold}
	for _, row := range enginetest.Table(t, path) {
		least, bits := math.Inf(1), ""
		for name, v := range row {
			if strings.HasSuffix(name, ".sqnr_db") {
				x, err := strconv.ParseFloat(v, 64)
				if err != nil {
					t.Fatal(err)
				}
				least = min(least, x)
			}
		}
		for i := 0; row[fmt.Sprintf("output_%d.sqnr_db", i)] != ""; i++ {
			bits += row[fmt.Sprintf("output_%d.sqnr_db", i)] + " " + row[fmt.Sprintf("output_%d.max_abs", i)] + "\n"
		}
		r.sqnr, r.bits = append(r.sqnr, least), append(r.bits, bits)
	}
	r.n = len(r.sqnr) - 1
	return r
}

func (r *recording) Candidates(context.Context) ([]engine.Candidate, error) {
	return (&oracle{n: r.n}).Candidates(context.Background())
}

func (r *recording) Run(_ context.Context, set engine.Set, _ engine.Sample) (engine.Observation, error) {
	n := set.Len()
	if !set.Equal(engine.All(n)) {
		return engine.Observation{}, &engine.Failure{Kind: engine.Skipped, Detail: "not recorded"}
	}
	e := math.Pow(10, (r.threshold-r.sqnr[n])/20)
	return engine.Observation{Metric: &e, Key: "bits " + r.bits[n]}, nil
}

func (r *recording) Seconds(probes int, _ []engine.Sample) float64 {
	return float64(probes) * r.seconds
}

// TestRealCurves finds the first node on the measured curves of real networks, at four thresholds each, and holds it against what is known from
// the whole curve. Where time admits no scan, most first nodes have to be found nevertheless.
func TestRealCurves(t *testing.T) {
	root := enginetest.Shared(t, "corpus")
	found, broken, turning, foundTurning := 0, 0, 0, 0
	for _, row := range enginetest.Table(t, filepath.Join(root, "plugin-curves.tsv")) {
		for _, threshold := range []string{"20", "30", "40", "50"} {
			db, err := strconv.ParseFloat(threshold, 64)
			if err != nil {
				t.Fatal(err)
			}
			e := replay(t, filepath.Join(root, row["case"], "plugin-curve.tsv"), db)
			c := Config{Engine: e, Samples: []engine.Sample{{Source: "0"}}, Judge: NewLimit(false, 1)}
			r := search1(t, c)
			want := row["first_bad_"+threshold]
			if want == "-" {
				if r.Outcome != NothingBreaks {
					t.Errorf("%s at %s dB: outcome %s", row["case"], threshold, r.Outcome)
				}
				continue
			}
			if r.First == nil || strconv.Itoa(r.First.Count) != want || !r.First.Smallest || strconv.Itoa(len(r.First.Crossings)) != row["changes_"+threshold] {
				t.Errorf("%s at %s dB: first %+v, want %s with %s changes", row["case"], threshold, r.First, want, row["changes_"+threshold])
			}
			e.seconds = 1000
			r = search1(t, c)
			broken++
			hit := r.First != nil && strconv.Itoa(r.First.Count) == want
			if hit {
				found++
			}
			if row["changes_"+threshold] != "1" {
				turning++
				if hit {
					foundTurning++
				}
				t.Logf("%s at %s dB: plain bisection %s, with suspects %d, in truth %s", row["case"], threshold, row["bisection_"+threshold], r.First.Count, want)
			}
		}
	}
	t.Logf("without a scan %d of %d first nodes are found, %d of %d where the verdict turns", found, broken, foundTurning, turning)
	if found*100 < broken*95 {
		t.Errorf("without a scan only %d of %d first nodes are found", found, broken)
	}
}
