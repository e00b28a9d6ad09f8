package builtin_test

import (
	"runtime"
	"testing"

	"halfway/engine"
	"halfway/engine/builtin"
)

// TestPassesAllocateLittle: a pass after the first takes the memory of its results from the one before. What it does allocate, outputs and what
// a step needs beside its results, is a small part of them.
func TestPassesAllocateLittle(t *testing.T) {
	for name, results := range map[string]uint64{"squeezenet": 38 << 20, "ppocr-rec": 55 << 20} { // bytes of the results of all nodes
		e, s, _ := openCorpus(t, name, builtin.Options{Threads: 1, Memory: 0})
		run(t, e, engine.Set{}, s)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		const passes = 4
		for range passes {
			run(t, e, engine.Set{}, s)
		}
		runtime.ReadMemStats(&after)
		if bytes := (after.TotalAlloc - before.TotalAlloc) / passes; bytes > results/10 {
			t.Errorf("%s: a pass allocates %d bytes, want less than a tenth of the %d that its results take", name, bytes, results)
		} else {
			t.Logf("%s: %d bytes and %d objects a pass", name, bytes, (after.Mallocs-before.Mallocs)/passes)
		}
	}
}
