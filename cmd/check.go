package cmd

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"halfway/bisect"
	"halfway/bisect/report"
	"halfway/patterns"
)

func newCheck() *cobra.Command {
	var k checkCommand
	c := &cobra.Command{
		Use:   "check MODEL",
		Short: "Tell whether given settings hold: for CI",
		Long: `check runs the model with the nodes enforced that the settings admit, and holds the outputs against the
rules. Without settings everything is enforced. It exits with 0 when all rules hold for all samples, else with 4. Another
program is run as often as it takes to be sure: twice where that gives the same outputs, else until one verdict leads by
enough.

With --baseline it checks the settings of an earlier result, by its rules where no others are given, and searches anew:
which node is the first now, which must be kept in f32 too, and which need not any more. That alone does not change the
exit status; settings that do not hold any more do.`,
		Example: `  halfway check model.xml --input x.npz --accept 'sqnr>=20'
  halfway check model.xml --input samples/ --neg 'layers\.(\d+)\.input_layernorm'
  halfway check model.xml --input x.npz --env precision.env
  halfway check model.xml --input x.npz --baseline result.json`,
		Args: arguments("MODEL"),
		RunE: k.run,
	}
	k.model.register(c, "bf16", "f16")
	k.judge.register(c)
	k.judge.registerReference(c)
	k.judge.registerJudge(c)
	k.patterns.register(c, "enforce nodes")
	k.model.registerResources(c)
	k.model.registerEngines(c)
	f := c.Flags()
	f.IntVar(&k.count, "count", 0, "enforce the first `K`+1 of these, as OV_CPU_INFER_PRC_CNT=K does")
	f.StringVar(&k.env, "env", "", "take the settings from this `FILE` of NAME=VALUE lines, as halfway export writes it")
	f.BoolVar(&k.fromEnv, "from-env", false, "take the settings from the environment")
	for _, flag := range []string{"pos", "neg", "count"} {
		c.MarkFlagsMutuallyExclusive(flag, "env", "from-env")
	}
	f.StringVar(&k.baseline, "baseline", "", "compare with the earlier result of bisect --json in this `FILE`, and check its settings")
	f.DurationVar(&k.maxTime, "max-time", 0, "give up after this `TIME` (0: no limit)")
	f.StringVar(&k.json, "json", "", "write the whole answer as JSON to this `FILE`, - for standard output instead of the text")
	k.talk.register(c)
	return c
}

// checkCommand holds the flags of check.
type checkCommand struct {
	model     modelFlags
	judge     judgeFlags
	patterns  patternFlags
	count     int
	env, json string
	fromEnv   bool
	baseline  string
	maxTime   time.Duration
	talk      talk
}

func (k *checkCommand) run(c *cobra.Command, args []string) error {
	baseline, err := k.readBaseline()
	if err != nil {
		return err
	}
	judge, err := k.judge.judgeFor(c.Context(), &k.model)
	if err != nil {
		return err
	}
	defer k.judge.close()
	settings, err := k.settings(c, baseline)
	if err := errors.Join(err, k.patterns.valid()); err != nil {
		return err
	}
	if err := errors.Join(valid(settings), writable(k.json)); err != nil {
		return err
	}
	s, err := k.model.open(c.Context(), args[0], true)
	if err != nil {
		return err
	}
	defer s.close()
	references, err := k.judge.references(c.Context(), s)
	if err != nil {
		return err
	}
	note(c, k.talk.quiet, s.notes...)
	sum := s.hash(c.Context())
	progress := newProgress(c.ErrOrStderr(), k.talk, "checking")
	config := bisect.Config{Engine: searched(s.engine), Samples: s.samples, Reference: references, Judge: judge, MaxTime: k.maxTime,
		Progress: progress.event}
	r, err := bisect.Check(c.Context(), config, settings)
	progress.stop()
	if err != nil {
		return err
	}
	var drift *report.Drift
	if baseline != nil {
		if drift, err = k.drift(c.Context(), c, baseline, config); err != nil {
			return err
		}
	}
	model := bisect.ModelInfo{Path: s.path}
	if model.SHA256, err = sum(); err != nil {
		return err
	}
	checked := report.NewCheck(r, settings, report.Subject{View: s.view(k.model.view.value), Precision: k.model.precision.value,
		Engine: s.engine.Info(), Model: model, Warnings: s.notes}, s.samples)
	checked.Drift = drift
	return k.tell(c, checked)
}

// settings are those of the flags, of a file, or of the environment; where there are none of these, those of the baseline.
func (k *checkCommand) settings(c *cobra.Command, baseline *bisect.Result) (patterns.Settings, error) {
	switch {
	case k.fromEnv:
		return environment(), nil
	case k.env != "":
		return readSettings(k.env)
	}
	s := k.patterns.settings(c)
	if c.Flags().Changed("count") {
		s.Count = &k.count
	}
	if baseline != nil && s == (patterns.Settings{}) {
		return baselineSettings(baseline), nil
	}
	return s, nil
}

// tell writes the answer, the file first.
func (k *checkCommand) tell(c *cobra.Command, r *report.Check) error {
	if err := both(c, k.json, r, r.Text); err != nil {
		return err
	}
	switch {
	case r.Verdict == bisect.Pass:
		return end(statusAnswered)
	case r.Verdict.Bad():
		return end(statusBroken)
	}
	return end(statusUnresolved)
}
