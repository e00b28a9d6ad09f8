package cmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"halfway/bisect"
	"halfway/bisect/report"
	"halfway/patterns"
)

// readBaseline reads the earlier result that check compares with, nil where none is given. Where the command line has no rules, its rules hold.
func (k *checkCommand) readBaseline() (*bisect.Result, error) {
	if k.baseline == "" {
		return nil, nil
	}
	r, err := readResult(k.baseline)
	if err != nil {
		return nil, err
	}
	if r.Outcome == bisect.Unresolved {
		return nil, fmt.Errorf("%s is no baseline: its search ended before an answer", k.baseline)
	}
	if p := k.model.precision.value; r.Precision != p {
		return nil, usage(fmt.Errorf("%s is about %s: give --precision %s", k.baseline, r.Precision, r.Precision))
	}
	if len(k.judge.accept) == 0 && k.judge.judge == "" {
		if program, ok := bisect.JudgedBy(r.Accept); ok {
			k.judge.judge = program
		} else {
			k.judge.accept = r.Accept
		}
	}
	return r, nil
}

// baselineSettings are those of the result: what it found, else full reduction, within what its search was restricted to.
func baselineSettings(r *bisect.Result) patterns.Settings {
	if r.Settings != nil {
		return r.Settings.Active()
	}
	return report.Recorded(r).Universe
}

// drift searches anew, and compares what is found with the baseline.
func (k *checkCommand) drift(ctx context.Context, c *cobra.Command, then *bisect.Result, config bisect.Config) (*report.Drift, error) {
	progress := newProgress(c.ErrOrStderr(), k.talk, "searching")
	defer progress.stop()
	config.Progress, config.Universe = progress.event, report.Recorded(then).Universe
	now, err := bisect.Search(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("comparing with %s: %w", k.baseline, err)
	}
	if now.Outcome == bisect.Unresolved {
		note(c, k.talk.quiet, "the search to compare with the baseline ended before its answer: what changed is not known in full")
	}
	return report.NewDrift(then, now), nil
}
