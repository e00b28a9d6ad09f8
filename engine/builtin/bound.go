package builtin

import (
	"fmt"
	"math"

	"halfway/engine"
	"halfway/engine/ops"
)

// A run may hold values of as many bytes as the machine, or what confines the process on it, has memory: a model whose plan needs more is
// refused before anything is allocated, and so is a value whose shape only shows while it runs. The memo's unused values do not count, since
// they give way, and neither do weights, which stay in their file.

// unknownMemory stands for the memory of a machine that does not tell.
const unknownMemory = 64 << 30

// checkPlans fails when the values that are alive at the same time do not fit.
func (r *run) checkPlans() error {
	for _, p := range r.plans {
		if need := plus(p.peak, r.inputs); need > r.limit {
			return p.fail(p.largest, r.tooLarge("its outputs are the largest of the values that are needed at the same time, which take", need))
		}
	}
	return nil
}

// checkRoom fails when outputs of known shapes do not fit beside what the run holds.
func (r *run) checkRoom(specs []ops.Spec) error {
	need := r.inputs + r.memo.present - r.memo.held
	for _, s := range specs {
		if s.Shape != nil {
			need = plus(need, bytesOf(s))
		}
	}
	if need > r.limit {
		return r.tooLarge("its outputs, and the values that other nodes still need, take", need)
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
