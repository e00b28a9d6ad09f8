package cmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"halfway/compare"
	"halfway/engine"
	"halfway/engine/command"
	"halfway/engine/tensor"
)

// judgeFlags say by what outputs are judged.
type judgeFlags struct {
	accept    []string
	reference []string
	judge     string
	program   *command.Judge // that --judge names
}

func (f *judgeFlags) register(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.accept, "accept", nil,
		"`RULE` that outputs must meet, such as 'sqnr>=20' (the default) or 'logits:top1', repeatable; see \"halfway help accept\"")
}

func (f *judgeFlags) registerJudge(c *cobra.Command) {
	c.Flags().StringVar(&f.judge, "judge", "", "a `PROGRAM` of yours judges instead of rules: it gets {output} and {reference} as .npz files and ends with "+
		"0 for good, 1 to 124 for bad, 125 for no answer")
	c.MarkFlagsMutuallyExclusive("judge", "accept")
}

// close removes what a judging program left behind; an error only leaves files in the folder for temporary ones.
func (f *judgeFlags) close() error { return f.program.Close() }

func (f *judgeFlags) registerReference(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.reference, "reference", nil,
		"outputs to compare with, an .npz `FILE` for each sample (default: the model's own with nothing enforced)")
}

func (f *judgeFlags) rules() ([]compare.Rule, error) {
	var rules []compare.Rule
	for _, text := range f.accept {
		r, err := compare.ParseRule(text)
		if err != nil {
			return nil, usage(err)
		}
		rules = append(rules, r)
	}
	return rules, nil
}

// references are the reference outputs of the samples: those given, else what an engine has as its own reference; nil where that is its run with
// nothing enforced. Before anything runs it makes sure that the rules are about outputs of the model, where these are known.
func (f *judgeFlags) references(ctx context.Context, s *subject) ([][]engine.Output, error) {
	if outputs := s.engine.Outputs(); outputs != nil {
		rules, err := f.rules()
		if err := errors.Join(err, compare.Fit(rules, outputs)); err != nil {
			return nil, err
		}
	}
	if own, ok := s.engine.(engine.Referrer); ok && len(f.reference) == 0 {
		return ownReferences(ctx, own, s.samples)
	}
	if n := len(f.reference); n > 0 && n != len(s.samples) {
		return nil, usage(fmt.Errorf("%d --reference for %d samples: give one for each, in their order", n, len(s.samples)))
	}
	var list [][]engine.Output
	for i, path := range f.reference {
		outputs, err := s.readReference(path, s.samples[i])
		if err != nil {
			return nil, fmt.Errorf("reading the reference: %w", err)
		}
		list = append(list, outputs)
	}
	return list, nil
}

// readReference reads the reference outputs of one sample, of all its inferences.
func (s *subject) readReference(path string, sample engine.Sample) (list []engine.Output, err error) {
	arrays, err := tensor.ReadArrays(path)
	if err != nil {
		return nil, err
	}
	steps, err := sample.Steps(arrays)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, arrays := range steps {
		described := s.engine.Outputs()
		if described == nil { // known only to the program: by the names of the arrays
			for _, a := range arrays {
				described = append(described, engine.Output{Name: a.Name})
			}
		}
		outputs, notes, err := compare.Match(described, arrays)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		for _, n := range notes {
			s.notes = append(s.notes, path+": "+n)
		}
		list = append(list, outputs...)
	}
	return list, nil
}

func ownReferences(ctx context.Context, e engine.Referrer, samples []engine.Sample) (list [][]engine.Output, err error) {
	for _, s := range samples {
		o, err := e.Reference(ctx, s)
		if err != nil {
			return nil, fmt.Errorf("running the reference on %s: %w", s.Source, err)
		}
		list = append(list, o.Outputs)
	}
	return list, nil
}
