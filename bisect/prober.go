package bisect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"halfway/compare"
	"halfway/engine"
)

// A prober runs enforced sets and remembers what they showed. Each set runs once on a sample, whatever is asked of it later.
type prober struct {
	engine    engine.Engine
	samples   []engine.Sample
	judge     BoundJudge
	reference []engine.Observation // by sample
	own       bool                 // the reference is the engine's run with nothing enforced
	journal   *Journal
	limits    limits

	trials map[string][]*trial // by name of the probe, by sample
	order  []int               // the samples, most telling first

	probes int
	work   float64 // forward passes

	stage     Stage
	count     *int // of the probe that is being made, where it is a CNT
	predicted int
	progress  func(Event)
}

// A trial is one judged run of one set on one sample.
type trial struct {
	Judgement
	key  string  // of the observation
	work float64 // forward passes
}

// An outcome is what one set showed on all samples.
type outcome struct {
	Probe
	ratio float64 // the worst error over its tolerance
	key   string  // when not "", equal keys mean outputs that are equal bit for bit on every sample
}

// learn makes the reference: the given outputs, else the engine's run with nothing enforced.
func (p *prober) learn(given [][]engine.Output, judge Judge) error {
	if p.own = given == nil; !p.own && len(given) != len(p.samples) {
		return fmt.Errorf("%d reference outputs for %d samples: give one for each", len(given), len(p.samples))
	}
	for i := range p.samples {
		if !p.own {
			p.reference = append(p.reference, engine.Observation{Outputs: given[i]})
			continue
		}
		o, err := p.run(engine.Set{}, i)
		if err != nil {
			return fmt.Errorf("running the reference, nothing enforced, on %s: %w", p.samples[i].Source, err)
		}
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

// decide runs set on one sample after another until one fails, and says whether the set is bad.
func (p *prober) decide(set engine.Set) (Verdict, error) {
	o, err := p.probe(set, 0, true)
	return o.Verdict, err
}

// measure runs set on all samples.
func (p *prober) measure(set engine.Set) (outcome, error) { return p.probe(set, 0, false) }

// again is measure for the n-th time, n > 0: it remembers its n apart from others.
func (p *prober) again(set engine.Set, n int) (outcome, error) { return p.probe(set, n, false) }

func (p *prober) probe(set engine.Set, n int, early bool) (outcome, error) {
	name := set.String()
	if n > 0 {
		name += "#" + strconv.Itoa(n)
	}
	known := p.trials[name] != nil
	if !known && p.limits.maxProbes > 0 && p.probes >= p.limits.maxProbes {
		return outcome{}, &stopped{Unresolved, "budget"}
	}
	fresh, replayed := false, true
	for _, i := range p.order {
		if known && p.trials[name][i] != nil {
			if early && p.trials[name][i].Verdict.Bad() {
				break
			}
			continue
		}
		t, old, err := p.trial(set, n, i)
		if err != nil {
			return outcome{}, err
		}
		p.remember(name, i, t)
		known, fresh, replayed = true, true, replayed && old
		if early && t.Verdict.Bad() {
			break
		}
	}
	o := worst(p.trials[name])
	if fresh {
		p.tell(set, o, replayed)
	}
	return o, nil
}

// remember counts a probe when its first trial is there.
func (p *prober) remember(name string, sample int, t *trial) {
	if p.trials[name] == nil {
		p.trials[name] = make([]*trial, len(p.samples))
		p.probes++
	}
	p.trials[name][sample] = t
	p.work += t.work
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

func (p *prober) observe(set engine.Set, n, sample int) (*trial, error) {
	var o engine.Observation
	var err error
	if n == 0 && p.own && set.Len() == 0 {
		o = p.reference[sample]
	} else {
		o, err = p.run(set, sample)
	}
	if failure, ok := errors.AsType[*engine.Failure](err); ok {
		detail := strings.ToValidUTF8(failure.Detail, "\uFFFD") // as the journal can give it back
		return &trial{Judgement: Judgement{Verdict: Verdict(failure.Kind), Detail: detail}}, nil
	}
	if err != nil {
		return nil, p.explain(err, set, sample)
	}
	if o.Enforced != nil && !o.Enforced.Equal(set) {
		detail := fmt.Sprintf("asked to enforce %d nodes, the engine reports %d, %d of them others", set.Len(), o.Enforced.Len(),
			o.Enforced.Minus(set).Len())
		return &trial{Judgement: Judgement{Verdict: NotHonoured, Detail: detail}, work: o.Work}, nil
	}
	j, err := p.judge.Judge(sample, o)
	if err != nil {
		return nil, p.explain(err, set, sample)
	}
	return &trial{j, o.Key, o.Work}, nil
}

func (p *prober) explain(err error, set engine.Set, sample int) error {
	if _, ok := errors.AsType[*stopped](err); ok {
		return err
	}
	return fmt.Errorf("probe with %d nodes enforced on sample %s: %w", set.Len(), p.samples[sample].Source, err)
}

// worst sums up the trials of one set: the largest ratio of the bad ones, else a trial without an answer, else the largest ratio.
func worst(trials []*trial) outcome {
	class := func(v Verdict) int {
		switch {
		case v.Bad():
			return 2
		case !v.Answered():
			return 1
		}
		return 0
	}
	at, keys := -1, ""
	for i, t := range trials {
		if t == nil || t.key == "" {
			keys = "-"
		} else if keys != "-" {
			keys += t.key + "\n"
		}
		if t == nil {
			continue
		}
		if at < 0 || class(t.Verdict) > class(trials[at].Verdict) ||
			class(t.Verdict) == class(trials[at].Verdict) && t.Ratio > trials[at].Ratio {
			at = i
		}
	}
	t := trials[at]
	o := outcome{Probe{Verdict: t.Verdict, Metrics: t.Metrics, Sample: at, Detail: t.Detail}, t.Ratio, keys}
	if keys == "-" {
		o.key = ""
	}
	if o.Metrics == nil {
		o.Metrics = []compare.Reading{}
	}
	return o
}

// worstFirst orders the samples by what a measured set showed on them, so that later sets that fail do so early.
func (p *prober) worstFirst(set engine.Set) {
	trials := p.trials[set.String()]
	slices.SortStableFunc(p.order, func(a, b int) int {
		switch x, y := trials[a].Ratio, trials[b].Ratio; {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return a - b
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

// limits end a search early.
type limits struct {
	ctx       context.Context // ends with the caller's, or at the deadline
	maxProbes int
}

// errBudget is the cause with which a deadline of the search's own ends its context.
var errBudget = errors.New("the time budget is used up")

func (l limits) reached() error {
	switch {
	case l.ctx.Err() == nil:
		return nil
	case errors.Is(context.Cause(l.ctx), errBudget):
		return &stopped{Unresolved, "budget"}
	}
	return &stopped{Unresolved, "interrupted"}
}

// stopped is the error that ends the stages of a search with an outcome.
type stopped struct {
	outcome Outcome
	reason  string
}

func (s *stopped) Error() string { return string(s.outcome) + ": " + s.reason }
