package engine

// An Estimator is an Engine that says how long its probes take on a nominal machine: from the model alone, so that a search which looks further
// where that is quick decides the same on every machine, however busy it is.
type Estimator interface {
	// Seconds is the time that so many probes on all samples take there.
	Seconds(probes int, samples []Sample) float64
}

// The nominal machine: two processors of a server of 2024 at a third of their peak, and what the bookkeeping of one node takes.
const (
	nominalRate = 2e10 // multiply-adds per second
	nominalNode = 1e-5 // seconds
)

// Nominal is the seconds that an inference of so many nodes and multiply-adds takes on the nominal machine.
func Nominal(nodes int, macs int64) float64 {
	return nominalNode*float64(nodes) + float64(macs)/nominalRate
}

// NominalRuns is the seconds that probes on samples take there which each start anew, such as by loading the model into another runtime, which
// takes start seconds, and then run all nodes.
func NominalRuns(start float64, candidates []Candidate, probes int, samples []Sample) float64 {
	macs := int64(0)
	for _, c := range candidates {
		macs += c.MACs
	}
	return float64(probes) * (start*float64(len(samples)) + float64(Inferences(samples))*Nominal(len(candidates), macs))
}

// Inferences is the number of inferences of all samples.
func Inferences(samples []Sample) int {
	n := 0
	for _, s := range samples {
		n += len(s.Inferences())
	}
	return n
}

// Estimate is e's own estimate. Any other engine is taken to start a program, at a second a run.
func Estimate(e Engine, probes int, samples []Sample) float64 {
	if own, ok := e.(Estimator); ok {
		return own.Seconds(probes, samples)
	}
	return float64(probes * len(samples))
}
