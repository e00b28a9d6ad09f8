package bisect

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
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

	// Exhaustive says whether to probe every CNT: Always, Never, or, Auto, when that is predicted to take less than ten seconds on a nominal
	// machine (engine.Estimator). Always also looks longer for a small culprit set, however long that takes.
	Exhaustive Tristate
	Grow       Grow          // which of the two patterns grows
	Objective  string        // what makes a culprit set better: "size", fewer units (the default), or "cost", fewer multiply-adds
	Tradeoff   bool          // whether to measure how the error falls with the work that stays in f32
	MaxF32     Share         // what may stay in f32 at most; a repair that takes more gives way to the best that does not
	MaxProbes  int           // 0: no limit
	MaxTime    time.Duration // 0: no limit; else how much is looked for depends on how fast the engine is
	Jobs       int           // how many runs the engine may be asked for at once; below 2 one
	Journal    *Journal      // nil: none
	Progress   func(Event)   // nil: none; called from the goroutine of the search
}

// Grow says which of the two patterns a search grows, as people do by hand.
type Grow string

// The ways to grow. GrowNeg, the default, looks for the smallest set to keep in f32. GrowPos begins with nothing enforced and adds roles, then
// units, while the network still passes: it ends with a set that runs reduced and to which nothing can be added.
const (
	GrowNeg Grow = "neg"
	GrowPos Grow = "pos"
)

// A Share bounds what may stay in f32. Zero fields set no bound.
type Share struct {
	Nodes int     // number of candidates
	Work  float64 // share of the universe's multiply-adds, 0.05 for five per cent
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
	err := s.prepare()
	if err == nil {
		err = s.run()
	}
	if errors.Is(err, errContradiction) {
		s.begin()
		err = s.run()
	}
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
	return context.WithTimeoutCause(ctx, c.MaxTime, ErrBudget)
}

// A search is the state of one Search.
type search struct {
	Config
	*prober
	*space
	result   *Result
	counts   map[int]outcome    // by CNT
	workAt   map[int]float64    // by CNT: the forward passes after which it was measured, without those aside
	paused   float64            // forward passes after which bisection on CNT was done
	aside    float64            // forward passes between that and the scan
	asked    map[int]engine.Set // what a CNT enforces, of engines that had to be asked
	full     outcome            // the whole universe enforced
	expected []float64          // by position: the share in its error that is forecast; nil: none is
	firstAt  int                // position of the first node
	best     *engine.Set        // units: the best known that, kept, repair the rest
	patient  bool               // better sets are worth some probes for every unit
	silent   int                // probes without an answer of the strategy that is running
	measured map[ranking]bool   // the rankings that need no more probes
	groups   []*group
	grouped  int // number of groups probed
}

func newSearch(ctx context.Context, c Config) *search {
	s := &search{Config: c, prober: newProber(ctx, c), asked: map[int]engine.Set{}}
	s.begin()
	return s
}

// begin forgets what was concluded, not what was probed.
func (s *search) begin() {
	r := &Result{Schema: Schema, Samples: []Source{}, Accept: []string{}, KeepF32: []Kept{}, Groups: []Group{}, Curve: []Point{},
		Warnings: []string{}}
	for _, sample := range s.Config.Samples {
		r.Samples = append(r.Samples, Source{sample.Source, sample.SHA256})
	}
	if s.space != nil {
		s.describe(r)
	}
	s.result, s.counts, s.workAt, s.best, s.groups, s.grouped = r, map[int]outcome{}, map[int]float64{}, nil, nil, 0
	s.paused, s.aside, s.measured = 0, 0, map[ranking]bool{}
}

// describe fills in what is known before the first probe.
func (s *search) describe(r *Result) {
	r.Candidates, r.Units = len(s.candidates), countUnits(s.candidates)
	if s.prober.judge != nil {
		r.Accept = s.prober.judge.Accept()
	}
}

// run goes through the stages. It always ends with an error: a *stopped holds the outcome.
func (s *search) run() error {
	for _, stage := range []func() error{s.ends, s.first, s.groupsOfFirst, s.culprits, s.groupsOfCulprits, s.rest, s.tradeoff, s.settings} {
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
	if s.space, err = newSpace(candidates, s.Universe); err != nil {
		return err
	}
	s.describe(s.result)
	s.enter(StageEnds, 3)
	if err := s.learn(s.Reference, s.judgeOrDefault(), s.universe); err != nil {
		return err
	}
	s.describe(s.result)
	return s.Journal.bind(digest(candidates, s.result.Accept), len(candidates))
}

// digest is a hash of what the lines of a journal mean: the candidates in their order, and the rules.
func digest(candidates []engine.Candidate, accept []string) string {
	h := sha256.New()
	for _, c := range candidates {
		fmt.Fprintf(h, "%q %d %q %d\n", c.Graph, c.Index, c.Tag, c.Unit)
	}
	fmt.Fprintf(h, "%q\n", accept)
	return hex.EncodeToString(h.Sum(nil))
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
	switch {
	case r.First != nil && r.Verified != nil && r.Verified.Verdict == Pass && r.Proven.Settings:
		return &stopped{Found, ""}
	case r.Verified != nil && r.Verified.Verdict.Bad() && s.limited():
		return &stopped{NotRepairable, ""}
	}
	return s.unresolved()
}

// unresolved is the outcome of a search that found too few answers.
func (s *search) unresolved() error {
	if s.votes.undecided > 0 {
		return &stopped{Unresolved, "noise"}
	}
	return &stopped{Unresolved, ""}
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
	if s.space != nil {
		r.Nodes = s.table()
	}
	if s.votes.unstable {
		s.warn(fmt.Sprintf("the engine is unstable: %d of %d repeated runs were outvoted; each verdict is a majority that is wrong with a probability of "+
			"at most %.1e, if a run errs with one of at most %.2g", s.votes.minority, s.votes.total, claimError, s.votes.rate()))
	}
	if r.Outcome != Unresolved {
		return nil
	}
	return s.open()
}

// open says what an unfinished search knows, and what it leaves open.
func (s *search) open() error {
	if lo, hi := s.lowestFailure(); s.result.First == nil && hi >= 0 {
		s.warn(fmt.Sprintf("open: the first node lies between CNT=%d, which passes, and CNT=%d, which fails", lo, hi))
	}
	if s.best == nil && s.result.First != nil {
		s.warn("open: which nodes to keep in f32; no set that repairs the rest is known yet")
	}
	s.wayOn()
	if s.best == nil || s.result.Settings != nil {
		return nil
	}
	if !s.result.Proven.KeepF32 {
		s.warn("open: the set to keep in f32 repairs the rest, but a smaller one may do")
	}
	return s.describeRepair(*s.best)
}

// wayOn says how to go on with a search that was ended early.
func (s *search) wayOn() {
	switch r := s.result.Reason; {
	case r == nil || *r != "budget" && *r != "interrupted" || s.prober.probes == 0:
	case s.Journal == nil:
		s.warn("to go on, search again, with a journal: it would remember the probes of this search")
	default:
		s.warn("to go on, search again with the same journal: no probe that it remembers is made twice")
	}
}

// warn adds a warning to the result.
func (s *search) warn(text string) { s.result.Warnings = append(s.result.Warnings, text) }

// quick is what a search may spend on probing all CNTs without being asked to, and bearable on better sets, in nominal time (engine.Estimator).
const (
	quick    = 10 * time.Second
	bearable = time.Minute
)

// affords reports whether so many more probes are quick and leave half of every budget. But for the end of MaxTime, no clock decides that.
func (s *search) affords(probes int) bool { return s.predict(probes) < quick && s.leavesHalf(probes) }

// leavesHalf reports whether so many more probes leave half of what is left of every budget to what follows.
func (s *search) leavesHalf(probes int) bool {
	deadline, ok := s.limits.ctx.Deadline()
	return (!ok || s.extrapolate(probes) <= time.Until(deadline)/2) &&
		(s.limits.maxProbes == 0 || probes <= (s.limits.maxProbes-s.prober.probes)/2)
}

// predict says how long so many more probes take in nominal time.
func (s *search) predict(probes int) time.Duration {
	return time.Duration(engine.Estimate(s.Config.Engine, probes, s.Samples) * float64(time.Second))
}

// extrapolate says how long they take at the pace of those before.
func (s *search) extrapolate(probes int) time.Duration {
	return time.Duration(float64(s.spent) / float64(max(s.prober.probes, 1)) * float64(probes))
}

func newProber(ctx context.Context, c Config) *prober {
	p := &prober{engine: c.Engine, samples: c.Samples, journal: c.Journal, progress: c.Progress, records: map[setKey]*record{},
		limits: limits{ctx, c.MaxProbes}, jobs: c.Jobs}
	for i := range c.Samples {
		p.order = append(p.order, i)
	}
	return p
}
