package bisect

import (
	"runtime"
	"testing"
	"time"

	"halfway/engine"
	"halfway/engine/enginetest"
)

// idleOracle has so many nodes, two of which break, and answers at once.
func idleOracle(n int) *oracle {
	return &oracle{n: n, keyed: true, error: func(set engine.Set) float64 {
		if set.Has(n/3) || set.Has(n/2) {
			return 10
		}
		return 0.1
	}, candidate: layers(5)}
}

// BenchmarkDriver is the search's own work on 20,000 candidates, with a scan of all CNTs and without.
func BenchmarkDriver(b *testing.B) {
	for name, exhaustive := range map[string]Tristate{"scan": Always, "bisect": Never} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				c := config(idleOracle(20_000))
				c.Exhaustive = exhaustive
				b.ReportMetric(float64(search1(b, c).Probes), "probes")
			}
		})
	}
}

// TestDriverIsLight bounds the search's own processor time and memory on 20,000 candidates, all CNTs of which are probed.
func TestDriverIsLight(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a second")
	}
	c := config(idleOracle(20_000))
	c.Exhaustive = Always
	before := enginetest.CPUTime(t)
	s := newSearch(t.Context(), c)
	err := s.prepare()
	if err == nil {
		err = s.run()
	}
	if stop, ok := err.(*stopped); !ok || stop.outcome != Found {
		t.Fatal(err)
	}
	took := enginetest.CPUTime(t) - before
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	t.Logf("%d probes, %v, %d MB", s.prober.probes, took, m.HeapAlloc>>20)
	if took > 3*time.Second || m.HeapAlloc > 200<<20 { // a second of it on an idle machine, garbage collection included
		t.Errorf("%v, %d MB", took, m.HeapAlloc>>20)
	}
	runtime.KeepAlive(s)
}
