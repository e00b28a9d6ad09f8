package bisect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"halfway/engine"
	"halfway/patterns"
)

// A CheckResult is what given settings are worth.
type CheckResult struct {
	Probe                  // on the worst sample
	Ratio         float64  `json:"-"`        // the worst error over its tolerance
	Samples       []Probe  `json:"samples"`  // each sample by itself
	Baseline      *Probe   `json:"baseline"` // nothing enforced, against the reference
	Accept        []string `json:"accept"`
	Candidates    int      `json:"candidates"`
	Enforced      int      `json:"enforced"` // how many of them
	Set           []int    `json:"-"`        // which, by position in Engine.Candidates
	ForwardPasses float64  `json:"forward_passes"`
	Seconds       float64  `json:"seconds"`
}

// Check probes nothing enforced, then what settings enforce, both on all samples, as often as it takes to be sure of an engine that does not
// vouch for its bits. Of c it uses Engine, Samples, Reference, Judge, Journal, MaxTime and Progress. An ended ctx is an error that wraps its cause.
func Check(ctx context.Context, c Config, settings patterns.Settings) (*CheckResult, error) {
	start := time.Now()
	c.Universe, c.MaxProbes = patterns.Settings{}, 0
	ctx, cancel := c.withDeadline(ctx)
	defer cancel()
	s := newSearch(ctx, c)
	r, err := s.check(settings)
	if _, ok := errors.AsType[*stopped](err); ok {
		return nil, fmt.Errorf("checking the settings: %w", context.Cause(ctx))
	} else if err != nil {
		return nil, err
	}
	r.Seconds = time.Since(start).Seconds()
	return r, nil
}

func (s *search) check(settings patterns.Settings) (*CheckResult, error) {
	if err := s.prepare(); err != nil {
		return nil, err
	}
	admitted, err := admit(s.candidates, settings)
	if err != nil {
		return nil, err
	}
	base, err := s.believed(engine.Set{})
	if err != nil {
		return nil, err
	}
	set := setOf(admitted)
	o, err := s.inDetail(func() (outcome, error) { return s.believed(set) })
	if err != nil {
		return nil, err
	}
	r := &CheckResult{Probe: o.Probe, Ratio: o.ratio, Samples: []Probe{}, Baseline: &base.Probe, Accept: s.result.Accept,
		Candidates: len(s.candidates), Enforced: set.Len(), Set: set.Positions(), ForwardPasses: s.work}
	for i, t := range s.record(set).showing(o.Verdict) {
		one := worst([]*trial{t}).Probe
		one.Sample = i
		r.Samples = append(r.Samples, one)
	}
	return r, nil
}

// believed measures set until its verdict is sure: once where the engine vouches for its bits, twice where both runs give the same, else until
// the votes decide.
func (s *search) believed(set engine.Set) (outcome, error) {
	o, err := s.measure(set)
	if err != nil || !o.Verdict.Answered() || strings.HasPrefix(o.key, vouched) {
		return o, err
	}
	more, err := s.again(set)
	if err != nil || o.key != "" && o.key == more.key {
		return o, err
	}
	if o, err = s.confirm(set); errors.Is(err, errContradiction) {
		o, err = s.confirm(set)
	}
	return o, err
}

// showing is a whole run with this verdict, else the first one.
func (r *record) showing(v Verdict) []*trial {
	for _, run := range r.runs {
		if !slices.Contains(run, nil) && worst(run).Verdict == v {
			return run
		}
	}
	return r.runs[0]
}
