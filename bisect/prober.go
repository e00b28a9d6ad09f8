package bisect

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"halfway/compare"
	"halfway/engine"
	"halfway/engine/tensor"
)

// A prober runs enforced sets and remembers what they showed. How many runs a verdict takes is said in votes.go.
type prober struct {
	engine    engine.Engine
	samples   []engine.Sample
	judge     BoundJudge
	reference []engine.Observation // by sample
	own       bool                 // the reference is the engine's run with nothing enforced
	shares    []shared             // by sample: what the engine forecasts of enforcing everything
	journal   *Journal
	limits    limits
	jobs      int

	detailed bool // whether runs are to count their errors

	records map[setKey]*record
	order   []int // the samples, most telling first
	votes   votes

	probes int
	work   float64       // forward passes
	spent  time.Duration // in runs of the engine, with those that the journal remembers

	stage     Stage
	count     *int // of the probe that is being made, where it is a CNT
	predicted int
	progress  func(Event)
}

// setKey tells sets apart in little memory.
type setKey [sha256.Size]byte

func keyOf(set engine.Set) setKey { return sha256.Sum256([]byte(set.String())) }

// A record is all runs of one set: by repetition, then by sample; nil where a sample was not run. Their verdicts are counted.
type record struct {
	runs            [][]*trial
	good, bad, none int
}

func (p *prober) record(set engine.Set) *record {
	k := keyOf(set)
	r := p.records[k]
	if r == nil {
		r = &record{}
		p.records[k] = r
	}
	return r
}

// learn makes the reference: the given outputs, else the engine's run with nothing enforced. What to expect of enforcing full is asked before.
func (p *prober) learn(given [][]engine.Output, judge Judge, full engine.Set) error {
	if p.own = given == nil; !p.own && len(given) != len(p.samples) {
		return fmt.Errorf("%d reference outputs for %d samples: give one for each", len(given), len(p.samples))
	}
	p.shares = make([]shared, len(p.samples))
	for i := range p.samples {
		var err error
		if p.shares[i], err = p.forecast(full, i); err != nil {
			return err
		}
		if !p.own {
			p.reference = append(p.reference, engine.Observation{Outputs: given[i]})
			continue
		}
		start := time.Now()
		o, err := p.run(engine.Set{}, i)
		if err != nil {
			return fmt.Errorf("running the reference, nothing enforced, on %s: %w", p.samples[i].Source, err)
		}
		p.spent += time.Since(start)
		p.reference = append(p.reference, o)
	}
	var err error
	p.judge, err = judge.Bind(p.reference)
	return err
}

// run runs the engine once. Its error is a *stopped when a limit was reached.
func (p *prober) run(set engine.Set, sample int) (engine.Observation, error) {
	if err := p.limits.reached(); err != nil {
		return engine.Observation{}, err
	}
	o, err := p.engine.Run(p.limits.ctx, set, p.samples[sample])
	if err != nil {
		if stop := p.limits.reached(); stop != nil {
			return engine.Observation{}, stop
		}
	}
	return o, err
}

// decide says whether set is bad. It runs one sample after another until one fails, as often as the verdict takes.
func (p *prober) decide(set engine.Set) (Verdict, error) {
	o, err := p.glance(set)
	return o.Verdict, err
}

// glance is decide with what was measured: the error on the samples that were run.
func (p *prober) glance(set engine.Set) (outcome, error) {
	return p.settle(set, p.votes.lead(), true)
}

// measure is decide with all samples run.
func (p *prober) measure(set engine.Set) (outcome, error) {
	return p.settle(set, p.votes.lead(), false)
}

// inDetail has the runs that measure makes count their errors.
func (p *prober) inDetail(measure func() (outcome, error)) (outcome, error) {
	p.detailed = true
	defer func() { p.detailed = false }()
	return measure()
}

// again runs set once more on all samples, whatever is known of it, and returns what that run shows.
func (p *prober) again(set engine.Set) (outcome, error) {
	r := p.record(set)
	n := len(r.runs)
	if err := p.complete(set, r, n, false); err != nil {
		return outcome{}, err
	}
	return worst(r.runs[n]), nil
}

// complete makes the n-th run of set on the samples that it lacks; with early, only until one fails.
func (p *prober) complete(set engine.Set, r *record, n int, early bool) error {
	fresh, replayed := false, true
	for _, i := range p.order {
		if n < len(r.runs) && r.runs[n][i] != nil {
			if early && r.runs[n][i].Verdict.Bad() {
				break
			}
			continue
		}
		if n == len(r.runs) && p.exhausted() {
			return &stopped{Unresolved, "budget"}
		}
		t, old, err := p.trial(set, n, i)
		if err != nil {
			return err
		}
		p.remember(r, n, i, t)
		fresh, replayed = true, replayed && old
		if early && t.Verdict.Bad() {
			break
		}
	}
	if fresh {
		o := worst(r.runs[n])
		if n+1 > r.good+r.bad+r.none {
			p.votes.count(r, o.Verdict)
		}
		p.tell(set, o, replayed)
	}
	return nil
}

// exhausted reports whether the budget admits no further probe.
func (p *prober) exhausted() bool { return p.limits.maxProbes > 0 && p.probes >= p.limits.maxProbes }

// remember counts a probe when its first trial is there.
func (p *prober) remember(r *record, n, sample int, t *trial) {
	if n == len(r.runs) {
		r.runs = append(r.runs, make([]*trial, len(p.samples)))
		p.probes++
	}
	r.runs[n][sample] = t
	p.work += t.work
	p.spent += t.spent
}

// trial takes the n-th run of set on a sample from the journal, else makes it and records it there.
func (p *prober) trial(set engine.Set, n, sample int) (t *trial, replayed bool, err error) {
	if t := p.journal.find(set, n, sample); t != nil {
		return t, true, nil
	}
	if t, err = p.observe(set, n, sample); err != nil {
		return nil, false, err
	}
	return t, false, p.journal.record(set, n, sample, t)
}

// observe makes and judges one run. It changes nothing in p.
func (p *prober) observe(set engine.Set, n, sample int) (*trial, error) {
	var o engine.Observation
	var err error
	start := time.Now()
	if n == 0 && p.own && set.Len() == 0 {
		o = p.reference[sample]
	} else {
		o, err = p.run(set, sample)
	}
	spent := time.Since(start).Round(time.Microsecond)
	if failure, ok := errors.AsType[*engine.Failure](err); ok {
		detail := strings.ToValidUTF8(failure.Detail, "\uFFFD") // as the journal can give it back
		return &trial{Judgement: Judgement{Verdict: Verdict(failure.Kind), Detail: detail}, spent: spent}, nil
	}
	if err != nil {
		return nil, p.explain(err, set, sample)
	}
	if o.Enforced != nil && !o.Enforced.Equal(set) {
		detail := fmt.Sprintf("asked to enforce %d nodes, the engine reports %d, %d of them others", set.Len(), o.Enforced.Len(),
			o.Enforced.Minus(set).Len())
		return &trial{Judgement: Judgement{Verdict: NotHonoured, Detail: detail}, work: o.Work, spent: spent}, nil
	}
	j, err := p.judge.Judge(sample, o)
	if err != nil {
		return nil, p.explain(err, set, sample)
	}
	if p.detailed {
		j.Errors = compare.Histograms(p.reference[sample].Outputs, o.Outputs)
	}
	return &trial{j, bitsOf(o), o.Work, spent}, nil
}

func (p *prober) explain(err error, set engine.Set, sample int) error {
	if _, ok := errors.AsType[*stopped](err); ok {
		return err
	}
	return fmt.Errorf("probe with %d nodes enforced on sample %s: %w", set.Len(), p.samples[sample].Source, err)
}

// vouched starts the names of bits that the engine gave.
const vouched = "key "

// bitsOf names the bits of an observation: the engine's key, else a digest of the outputs; nothing for what is not outputs.
func bitsOf(o engine.Observation) string {
	switch {
	case o.Key != "":
		return vouched + strings.ToValidUTF8(o.Key, "\uFFFD")
	case len(o.Outputs) == 0:
		return ""
	}
	h := sha256.New()
	for _, out := range o.Outputs {
		h.Write(tensor.Digest(out.Tensor))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// worstFirst orders the samples by what a measured set showed on them, so that later sets that fail do so early.
func (p *prober) worstFirst(set engine.Set) {
	runs := p.record(set).runs
	if len(runs) == 0 {
		return
	}
	slices.SortStableFunc(p.order, func(a, b int) int {
		switch x, y := runs[0][a], runs[0][b]; {
		case x == nil || y == nil || x.Ratio == y.Ratio:
			return a - b
		case x.Ratio > y.Ratio:
			return -1
		}
		return 1
	})
}

// enter begins a stage of about so many probes.
func (p *prober) enter(s Stage, probes int) {
	p.stage = s
	p.predicted = p.probes + probes
	if p.progress != nil {
		p.progress(p.event())
	}
}

func (p *prober) tell(set engine.Set, o outcome, replayed bool) {
	if p.progress == nil {
		return
	}
	e := p.event()
	e.Enforced, e.Count, e.Verdict, e.Ratio, e.Replayed = set.Len(), p.count, o.Verdict, o.ratio, replayed
	p.progress(e)
}

func (p *prober) event() Event {
	return Event{Stage: p.stage, Probes: p.probes, Predicted: max(p.predicted, p.probes), ForwardPasses: p.work}
}
