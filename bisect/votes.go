package bisect

import (
	"errors"
	"fmt"
	"math"

	"halfway/engine"
)

// An engine that repeats itself bit for bit and vouches for that by giving keys (engine.Observation.Key) is believed: one run is a verdict.
//
// Any other engine may be unstable. Its search is made with single runs at first, and each claim of the result (ends, first node, culprit set,
// settings) is then run again until good or bad leads by so many votes that, were a run wrong with the probability rate, the claim would be
// wrong with a probability of at most claimError: Wald's sequential test of rate against 1-rate (Sequential Tests of Statistical Hypotheses,
// 1945), whose boundary is a lead of log(1/claimError) / log((1-rate)/rate), 8 votes for one wrong run in ten. The first contradiction between
// two runs of one set ends the optimism: the search starts over, keeps all votes, and every verdict takes that lead.
const (
	claimError  = 2.5e-8
	lowestRate  = 0.1 // assumed at least, however few runs disagreed
	highestRate = 0.3
	runsPerLead = 5 // a set whose votes give no lead after so many runs for each vote of it is undecidable
)

// votes is what runs of the same set have shown of the engine's stability.
type votes struct {
	vouched   bool // one run is enough
	unstable  bool // two runs of one set gave different verdicts
	total     int  // runs of sets that were run more than once
	minority  int  // those of them that were outvoted
	undecided int  // sets
}

// errContradiction ends a search that relied on single runs.
var errContradiction = errors.New("two runs of one set gave different verdicts")

// lead is how many votes a verdict needs more than the opposite one.
func (v *votes) lead() int {
	if v.unstable && !v.vouched {
		return v.claimLead()
	}
	return 1
}

// claimLead is the lead that a claim of the result needs.
func (v *votes) claimLead() int {
	if v.vouched {
		return 1
	}
	return int(math.Ceil(math.Log(1/claimError) / math.Log((1-v.rate())/v.rate())))
}

// rate is twice the share of outvoted runs, within bounds.
func (v *votes) rate() float64 {
	if v.total == 0 {
		return lowestRate
	}
	return min(max(2*float64(v.minority)/float64(v.total), lowestRate), highestRate)
}

// count adds the verdict of a new run of r.
func (v *votes) count(r *record, one Verdict) {
	v.forget(r)
	switch {
	case one.Bad():
		r.bad++
	case one == Pass:
		r.good++
	default:
		r.none++
	}
	if r.good+r.bad > 1 {
		v.total += r.good + r.bad
		v.minority += min(r.good, r.bad)
	}
}

func (v *votes) forget(r *record) {
	if r.good+r.bad > 1 {
		v.total -= r.good + r.bad
		v.minority -= min(r.good, r.bad)
	}
}

// settle runs set until one verdict leads by need votes, and returns a run with that verdict. Without early every sample of that run is there.
// A set that gets no lead within the limit is Skipped. Runs without an answer are no votes; three of them end it.
func (p *prober) settle(set engine.Set, need int, early bool) (outcome, error) {
	r := p.record(set)
	for {
		if run, ok := r.verdict(need); ok {
			return p.present(set, r, run, early)
		}
		if err := p.complete(set, r, len(r.runs), early); err != nil {
			return outcome{}, err
		}
		if v := &p.votes; min(r.good, r.bad) > 0 && !v.unstable {
			v.unstable, v.vouched = true, false
			return outcome{}, errContradiction
		}
	}
}

// verdict returns the index of a run that shows what the votes say, or -1 when they are undecidable; it is not ok while there are too few.
func (r *record) verdict(need int) (run int, ok bool) {
	var wanted func(v Verdict) bool
	switch {
	case r.good-r.bad >= need:
		wanted = func(v Verdict) bool { return v == Pass }
	case r.bad-r.good >= need:
		wanted = Verdict.Bad
	case r.none >= 3 || r.none > 0 && need == 1:
		wanted = func(v Verdict) bool { return !v.Answered() }
	default:
		return -1, len(r.runs) >= runsPerLead*need
	}
	for i, run := range r.runs {
		if wanted(worst(run).Verdict) {
			return i, true
		}
	}
	return -1, true
}

// present is the outcome of the run that shows the verdict.
func (p *prober) present(set engine.Set, r *record, run int, early bool) (outcome, error) {
	if run < 0 {
		o := worst(r.runs[0])
		o.Verdict, o.key = Skipped, ""
		o.Detail = fmt.Sprintf("the engine is unstable: of %d runs %d pass and %d fail", len(r.runs), r.good, r.bad)
		p.votes.undecided++
		return o, nil
	}
	if !early {
		if err := p.complete(set, r, run, false); err != nil {
			return outcome{}, err
		}
	}
	return worst(r.runs[run]), nil
}

// confirm is measure for a claim of the result.
func (p *prober) confirm(set engine.Set) (outcome, error) {
	return p.settle(set, p.votes.claimLead(), false)
}

// confirmVerdict is decide for a claim of the result.
func (p *prober) confirmVerdict(set engine.Set) (Verdict, error) {
	o, err := p.settle(set, p.votes.claimLead(), true)
	return o.Verdict, err
}
