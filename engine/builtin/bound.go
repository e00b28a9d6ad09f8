package builtin

import (
	"fmt"
	"math"
	"runtime"
	"runtime/debug"

	"halfway/engine"
	"halfway/engine/ops"
)

// A run may hold values of as many bytes as the machine, or what confines the process on it, has memory: a model whose plan needs more is
// refused before anything is allocated, and so is a value whose shape only shows while it runs. The memo's unused values do not count, since
// they give way, and neither do weights, which stay in their file. Constants that follow from others, and what an operation takes while it computes
// (ops.Scratcher), count too.

// LimitMemory makes the collector work the harder the nearer the process comes to the memory that it may have, unless the environment sets a
// limit: else it lets what is not used any more grow to the size of what is.
func LimitMemory() {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(machineMemory())
	}
}

// unknownMemory stands for the memory of a machine that does not tell.
const unknownMemory = 64 << 30

// checkPlans fails when the values that are alive at the same time do not fit.
func (r *run) checkPlans() error {
	for _, p := range r.plans {
		if need := plus(p.need, r.inputs); need > r.limit {
			return p.fail(p.largest.parts()[0], r.tooLarge("it needs the most of all nodes, and what is needed at the same time takes", need))
		}
	}
	return nil
}

// checkRoom fails when outputs of d of known shapes, and what their computation takes, do not fit beside what the run holds. The memo gives way
// where they take three quarters of the memory together, since some of it is lost between pieces of all sizes.
func (r *run) checkRoom(d *derivation, specs []ops.Spec, scratch int64) error {
	more := scratch
	for _, s := range specs {
		if s.Shape != nil {
			more = plus(more, bytesOf(s))
		}
	}
	enough := r.limit / 4 * 3
	if plus(more, r.inputs+r.memo.present+r.memo.pool.Idle()) <= enough {
		return nil
	}
	for _, v := range d.in {
		r.memo.retain(v)
	}
	defer r.releaseAll(d.in)
	need := plus(more, r.inputs+r.memo.present-r.memo.held)
	if need > r.limit {
		return r.tooLarge("its outputs, what computing them takes, and the values that other nodes still need, take", need)
	}
	r.memo.dropTo(max(enough-need, 0))
	if r.memo.pool.Shrink() {
		runtime.GC() // which would not be awaited by what is allocated next
	}
	return nil
}

func (e *Engine) tooLarge(what string, bytes int64) error {
	return fmt.Errorf("%s %s, and there are %s of memory: give smaller inputs or --shape, or run it where there is more", what, gib(bytes), gib(e.limit))
}

func gib(bytes int64) string { return fmt.Sprintf("%.4g GiB", float64(bytes)/(1<<30)) }

// plus is a+b, or the largest number where that overflows. Neither is negative.
func plus(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

func bytesOfSample(s engine.Sample) int64 {
	total := int64(0)
	for _, inputs := range s.Inferences() {
		for _, t := range inputs {
			total += t.Bytes()
		}
	}
	return total
}
