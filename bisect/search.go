package bisect

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"halfway/engine"
	"halfway/patterns"
)

// Config says what to search, and how.
type Config struct {
	Engine    engine.Engine
	Samples   []engine.Sample
	Reference [][]engine.Output // by sample; nil: the engine's own outputs with nothing enforced
	Judge     Judge             // nil: NewRules(nil)

	// Universe restricts the search to the candidates that these settings admit. The others stay f32 in every probe, and the Result's
	// settings keep them so. CNT then counts the admitted candidates only, as the variables do.
	Universe patterns.Settings

	Exhaustive Tristate      // whether to probe every CNT: Always, Never, or, Auto, when that is predicted to be quick
	MaxProbes  int           // 0: no limit
	MaxTime    time.Duration // 0: no limit
	Objective  string        // what makes a culprit set better: "size", fewer units (the default), or "cost", fewer multiply-adds
	Journal    *Journal      // nil: none
	Progress   func(Event)   // nil: none; called from the goroutine of the search
}

// Tristate is a choice that may be left to the search.
type Tristate int

// The choices.
const (
	Auto Tristate = iota
	Always
	Never
)

// Search finds the first node that breaks the network and a 1-minimal set of nodes to keep in f32, and verifies the settings that keep
// them. Its stages are those of Stage.
//
// When ctx ends or a budget is used up, it returns what is known so far with the outcome Unresolved and no error. An error means that the
// search could not do its work: the engine failed other than by a *engine.Failure, the rules do not fit the outputs, the universe's pattern
// is no regular expression, or the journal could not be written.
//
// The caller fills in View, Precision, Engine and Model.
func Search(ctx context.Context, c Config) (*Result, error) {
	start := time.Now()
	ctx, cancel := c.withDeadline(ctx)
	defer cancel()
	s := newSearch(ctx, c)
	err := s.run()
	if stop, ok := errors.AsType[*stopped](err); ok {
		s.result.Outcome = stop.outcome
		if stop.reason != "" {
			s.result.Reason = &stop.reason
		}
	} else if err != nil {
		return nil, err
	}
	if err := s.finish(); err != nil {
		return nil, err
	}
	s.result.Seconds = time.Since(start).Seconds()
	return s.result, nil
}

// withDeadline is ctx with the end of MaxTime as its deadline.
func (c Config) withDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if c.MaxTime <= 0 {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, c.MaxTime, errBudget)
}

// A search is the state of one Search.
type search struct {
	Config
	*prober
	*space
	result  *Result
	counts  map[int]outcome // by CNT
	full    outcome         // the whole universe enforced
	firstAt int             // position of the first node
	best    *engine.Set     // units: the best known that, kept, repair the rest
	groups  []*group
	grouped int // number of groups probed
}

func newSearch(ctx context.Context, c Config) *search {
	r := &Result{Schema: Schema, Samples: []Source{}, Accept: []string{}, KeepF32: []Kept{}, Groups: []Group{}, Curve: []Point{},
		Warnings: []string{}}
	for _, sample := range c.Samples {
		r.Samples = append(r.Samples, Source{sample.Source, sample.SHA256})
	}
	return &search{Config: c, prober: newProber(ctx, c), result: r, counts: map[int]outcome{}}
}

// run goes through the stages. It always ends with an error: a *stopped holds the outcome.
func (s *search) run() error {
	if err := s.prepare(); err != nil {
		return err
	}
	for _, stage := range []func() error{s.ends, s.first, s.groupsOfFirst, s.culprits, s.groupsOfCulprits, s.settings} {
		if err := stage(); err != nil {
			return err
		}
	}
	return s.conclude()
}

// prepare asks the engine for its candidates and for the reference.
func (s *search) prepare() error {
	candidates, err := s.Config.Engine.Candidates(s.limits.ctx)
	if stop := s.limits.reached(); stop != nil {
		return stop
	} else if err != nil {
		return err
	}
	s.result.Candidates, s.result.Units = len(candidates), countUnits(candidates)
	if s.space, err = newSpace(candidates, s.Universe); err != nil {
		return err
	}
	s.enter(StageEnds, 3)
	if err := s.learn(s.Reference, s.judgeOrDefault()); err != nil {
		return err
	}
	s.result.Accept = s.prober.judge.Accept()
	return nil
}

func (c Config) judgeOrDefault() Judge {
	if c.Judge == nil {
		return NewRules(nil)
	}
	return c.Judge
}

// conclude is the outcome of a search that went through all stages.
func (s *search) conclude() error {
	r := s.result
	if r.First == nil || r.Verified == nil || r.Verified.Verdict != Pass || !r.Proven.Settings {
		return &stopped{Unresolved, ""}
	}
	return &stopped{Found, ""}
}

// finish fills in what a search reports however it ended.
func (s *search) finish() error {
	r := s.result
	for _, k := range slices.Sorted(maps.Keys(s.counts)) {
		r.Curve = append(r.Curve, Point{k, s.counts[k].Probe})
	}
	if r.First != nil {
		r.First.Crossings = s.crossings()
	}
	r.Probes, r.ForwardPasses.Total = s.probes, s.work
	if s.best != nil && r.Settings == nil {
		return s.describeRepair(*s.best)
	}
	return nil
}

// warn adds a warning to the result.
func (s *search) warn(text string) { s.result.Warnings = append(s.result.Warnings, text) }

// cheap reports whether so many more probes are predicted to take no more than ten seconds. Half a pass a probe is what an engine takes
// that computes only what changed.
func (s *search) cheap(probes int) bool {
	e, ok := s.Config.Engine.(engine.Estimator)
	return ok && e.Seconds(float64(probes)/2*float64(len(s.Samples))) < 10
}

func newProber(ctx context.Context, c Config) *prober {
	p := &prober{engine: c.Engine, samples: c.Samples, journal: c.Journal, progress: c.Progress, trials: map[string][]*trial{},
		limits: limits{ctx, c.MaxProbes}}
	for i := range c.Samples {
		p.order = append(p.order, i)
	}
	return p
}
