package cmd

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"halfway/bisect"
	"halfway/bisect/report"
	"halfway/engine"
	"halfway/engine/openvino"
	"halfway/engine/tensor"
	"halfway/patterns"
)

func newBisect() *cobra.Command {
	var b bisectCommand
	c := &cobra.Command{
		Use:   "bisect MODEL",
		Short: "Find the nodes that break the network, and what to keep in f32",
		Long: `bisect finds the first node that breaks the network when nodes are enforced in counting order, what kind of
culprit it is, and a set of nodes that, kept in f32, repairs the rest and of which none can be left out. It
writes the settings that keep them, and runs these once more exactly as written.`,
		Example: `  halfway bisect model.xml --input x.npz
  halfway bisect model.xml --input samples/ --accept 'logits:cosine>=0.999' --accept 'logits:top1>=0.98'
  halfway bisect model.xml --input x.npz --precision f16 --journal search.journal --json result.json
  halfway bisect model.xml --input x.npz --judge 'halfway compare {reference} {output} --accept sqnr>=25'`,
		Args: arguments("MODEL"),
		RunE: b.run,
	}
	b.model.register(c, "bf16", "f16")
	b.judge.register(c)
	b.judge.registerReference(c)
	b.judge.registerJudge(c)
	b.universe.register(c, "search only among nodes")
	b.model.registerResources(c)
	b.model.registerEngines(c)
	f := c.Flags()
	f.StringVar(&b.journal, "journal", "", "remember every probe in this `FILE`, and resume from it")
	f.StringVar(&b.json, "json", "", "write the whole result as JSON to this `FILE`, - for standard output instead of the text")
	f.StringVar(&b.events, "events", "", "write a line of JSON for every probe to this `FILE`, - for standard output instead of the text")
	f.IntVar(&b.jobs, "jobs", 1, "with --engine command: run up to `N` probes at once; the answer does not depend on it")
	f.BoolVar(&b.exhaustive, "exhaustive", false, "probe every CNT (default: when that is quick)")
	f.BoolVar(&b.noExhaustive, "no-exhaustive", false, "probe no CNT that bisection does not need")
	c.MarkFlagsMutuallyExclusive("exhaustive", "no-exhaustive")
	f.IntVar(&b.maxProbes, "max-probes", 0, "stop after `N` probes with what is known (0: no limit)")
	f.DurationVar(&b.maxTime, "max-time", 0, "stop after this `TIME` with what is known, such as 90s or 10m (0: no limit)")
	b.grow = choose(c, "grow", "neg looks for the smallest set to keep in f32, pos for a largest one that may run reduced", "neg", "pos")
	b.objective = choose(c, "objective", "what makes a set of nodes better: fewer units, or fewer multiply-adds in f32", "size", "cost")
	f.StringVar(&b.maxF32, "max-f32", "", "keep at most this `SHARE` in f32, a number of nodes or 5% of the multiply-adds: the best that is possible")
	f.BoolVar(&b.tradeoff, "tradeoff", false, "measure how the error falls with what stays in f32")
	b.confirm = choose(c, "confirm", "run what was found once more in the user's OpenVINO, as users run it; where it fails there, search there", "no", "openvino")
	f.BoolVar(&b.cleanOK, "clean-ok", false, "exit with 0 when nothing breaks")
	b.talk.register(c)
	return c
}

// bisectCommand holds the flags of bisect.
type bisectCommand struct {
	model                    modelFlags
	judge                    judgeFlags
	universe                 patternFlags
	journal, json, events    string
	exhaustive, noExhaustive bool
	maxProbes, jobs          int
	maxTime                  time.Duration
	grow, objective          *choice
	maxF32                   string
	tradeoff                 bool
	cleanOK                  bool
	confirm                  *choice
	runtime                  *openvino.Model // what --confirm asks
	talk                     talk
}

func (b *bisectCommand) run(c *cobra.Command, args []string) error {
	ctx, universe := c.Context(), b.universe.settings(c)
	judge, err := b.judge.judgeFor(ctx, &b.model)
	share, shareErr := parseShare(b.maxF32)
	if err := errors.Join(err, usage(shareErr), b.universe.valid(), b.limits(), b.confirmable(), writable(b.json, b.events)); err != nil {
		return err
	}
	defer b.judge.close()
	for _, name := range []string{patterns.PosVariable, patterns.NegVariable, patterns.CountVariable} {
		if variable(name) != nil {
			note(c, b.talk.quiet, name+" is set, and bisect does not obey it: --pos and --neg restrict the search")
		}
	}
	b.model.program.universe = universe
	s, err := b.model.open(ctx, args[0], true)
	if err != nil {
		return err
	}
	defer s.close()
	if variable("GOGC") == nil { // what the memo holds should not be doubled by garbage, and has nothing to be scanned
		debug.SetGCPercent(25)
	}
	references, err := b.judge.references(ctx, s)
	if err != nil {
		return err
	}
	if b.confirm.value == "openvino" { // before a long search that could not be confirmed
		if b.runtime, err = openvino.Open(ctx, b.model.interpreter(), s.path); err != nil {
			return err
		}
		defer b.runtime.Close()
	}
	note(c, b.talk.quiet, s.notes...)
	r, err := b.search(ctx, c, s, bisect.Config{Judge: judge, Reference: references, Universe: universe, MaxF32: share})
	if err != nil {
		return err
	}
	return b.tell(c, s, r)
}

func (b *bisectCommand) limits() error {
	if b.maxProbes < 0 || b.maxTime < 0 {
		return usage(errors.New("--max-probes and --max-time must not be negative"))
	}
	if b.jobs < 1 || b.jobs > 1 && b.model.engine.value != "command" {
		return usage(errors.New("--jobs is for --engine command and at least 1: the other engines use all processors for one probe"))
	}
	if b.json == stdoutName && b.events == stdoutName {
		return usage(errors.New("--json - and --events - cannot both have standard output"))
	}
	return nil
}

// search runs the search beside the hashing of the model's files.
func (b *bisectCommand) search(ctx context.Context, c *cobra.Command, s *subject, config bisect.Config) (*bisect.Result, error) {
	sum := s.hash(ctx)
	config.Engine, config.Samples = searched(s.engine), s.samples
	config.Exhaustive, config.Grow, config.Objective, config.Tradeoff = b.scan(), bisect.Grow(b.grow.value), b.objective.value, b.tradeoff
	config.MaxProbes, config.MaxTime, config.Jobs = b.maxProbes, b.maxTime, b.jobs
	if b.journal != "" {
		model, err := sum()
		if err != nil {
			return nil, err
		}
		if config.Journal, err = bisect.OpenJournal(b.journal, b.head(model, s, config.Reference, config.Universe)); err != nil {
			return nil, err
		}
		defer config.Journal.Close()
		note(c, b.talk.quiet || config.Journal.Len() == 0, fmt.Sprintf("resuming: %s knows %d runs", b.journal, config.Journal.Len()))
	}
	events, err := openEvents(c, b.events)
	if err != nil {
		return nil, err
	}
	progress := newProgress(c.ErrOrStderr(), b.talk, "searching")
	config.Progress = func(e bisect.Event) {
		progress.event(e)
		events.event(e)
	}
	r, err := bisect.Search(ctx, config)
	progress.stop()
	if err := errors.Join(err, events.close()); err != nil {
		return nil, err
	}
	r.View, r.Precision, r.Engine = s.view(b.model.view.value), b.model.precision.value, s.engine.Info()
	r.Model.Path = s.path
	if r.Model.SHA256, err = sum(); err != nil && ctx.Err() == nil {
		return nil, err
	}
	r.Warnings = append(append([]string{}, s.notes...), r.Warnings...)
	r.Command = b.command(s, config.Universe)
	if e, ok := s.engine.(*openvino.Engine); ok && r.Settings != nil { // what holds in this view was not tried in another
		maps.Copy(r.Settings.Properties, e.Properties())
	}
	if b.confirm.value == "openvino" {
		return b.confirmed(ctx, c, s, config, r)
	}
	return r, nil
}

// command is how halfway run sees what the search saw.
func (b *bisectCommand) command(s *subject, universe patterns.Settings) *bisect.Command {
	return &bisect.Command{Args: append([]string{}, b.model.runArgs()...), Program: s.argv(), Pos: universe.Pos, Neg: universe.Neg}
}

func (b *bisectCommand) scan() bisect.Tristate {
	switch {
	case b.exhaustive:
		return bisect.Always
	case b.noExhaustive:
		return bisect.Never
	}
	return bisect.Auto
}

// head is what makes a journal that of this search: whatever changes what a probe shows.
func (b *bisectCommand) head(model string, s *subject, references [][]engine.Output, universe patterns.Settings) map[string]string {
	info := s.engine.Info()
	h := map[string]string{"model": model, "engine": fmt.Sprintf("%s %s %s", info.Name, info.Version, info.Kernel), "view": s.view(b.model.view.value),
		"precision": b.model.precision.value}
	if b.model.engine.value == "command" {
		h["run"] = strings.Join([]string{b.model.program.launcher, b.model.program.run, b.model.program.metric}, "\n")
	}
	for i, sample := range s.samples {
		h[fmt.Sprintf("sample %d", i)] = cmp.Or(sample.SHA256, sample.Source)
	}
	for i, outputs := range references {
		for _, o := range outputs {
			h[fmt.Sprintf("reference %d %s", i, o.Name)] = hex.EncodeToString(tensor.Digest(o.Tensor))
		}
	}
	for i, rule := range b.judge.accept {
		h[fmt.Sprintf("rule %d", i)] = rule
	}
	if b.model.dynamic {
		h["dynamic"] = "true"
	}
	for i, shape := range b.model.shapes {
		h[fmt.Sprintf("shape %d", i)] = shape
	}
	if universe.Pos != nil {
		h["pos"] = *universe.Pos
	}
	if universe.Neg != nil {
		h["neg"] = *universe.Neg
	}
	return h
}

// tell writes the result, the file first: whoever reads standard output may leave early.
func (b *bisectCommand) tell(c *cobra.Command, s *subject, r *bisect.Result) error {
	if b.json != "" {
		if err := save(c, b.json, func(w io.Writer) error { return report.JSON(w, r) }); err != nil {
			return err
		}
	}
	if b.json != stdoutName && b.events != stdoutName {
		list, err := s.engine.Candidates(c.Context())
		if err != nil {
			return err
		}
		o := textOptions(c.OutOrStdout(), report.Recorded(r))
		o.Candidates = list
		if err := answer(c, func(w io.Writer) error { return report.Text(w, r, o) }); err != nil {
			return err
		}
	}
	switch {
	case r.Outcome == bisect.Found, r.Outcome == bisect.NothingBreaks && b.cleanOK:
		return end(statusAnswered)
	case r.Outcome == bisect.NothingBreaks:
		return end(statusClean)
	case r.Outcome == bisect.NotRepairable:
		return end(statusBroken)
	}
	return end(statusUnresolved)
}
