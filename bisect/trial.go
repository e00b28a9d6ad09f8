package bisect

import (
	"time"

	"halfway/compare"
)

// A trial is one judged run of one set on one sample.
type trial struct {
	Judgement
	key   string        // names the bits of the outputs; "" when not known
	work  float64       // forward passes
	spent time.Duration // in the engine
}

// An outcome is what one set showed on all samples.
type outcome struct {
	Probe
	ratio float64 // the worst error over its tolerance
	key   string  // when not "", equal keys mean outputs that are equal bit for bit on every sample
}

// class orders verdicts: bad ones decide over missing answers, and those over good ones.
func class(v Verdict) int {
	switch {
	case v.Bad():
		return 2
	case !v.Answered():
		return 1
	}
	return 0
}

// worst sums up the trials of one run of a set: the largest ratio of the bad ones, else a trial without an answer, else the largest ratio.
func worst(trials []*trial) outcome {
	at := -1
	for i, t := range trials {
		if t == nil {
			continue
		}
		if at < 0 || class(t.Verdict) > class(trials[at].Verdict) ||
			class(t.Verdict) == class(trials[at].Verdict) && t.Ratio > trials[at].Ratio {
			at = i
		}
	}
	t := trials[at]
	o := outcome{Probe{Verdict: t.Verdict, Metrics: t.Metrics, Sample: at, Detail: t.Detail, Errors: t.Errors}, t.Ratio, bits(trials)}
	if o.Metrics == nil {
		o.Metrics = []compare.Reading{}
	}
	return o
}

// bits names the bits of all samples together; "" when those of one are not known.
func bits(trials []*trial) string {
	keys := ""
	for _, t := range trials {
		if t == nil || t.key == "" {
			return ""
		}
		keys += t.key + "\n"
	}
	return keys
}
