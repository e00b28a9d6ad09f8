package cmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"halfway/bisect"
	"halfway/bisect/report"
	"halfway/compare"
	"halfway/engine/tensor"
)

func newCompare() *cobra.Command {
	var k compareCommand
	c := &cobra.Command{
		Use:   "compare REF.npz GOT.npz",
		Short: "Compare the outputs of two runs",
		Long: `compare holds the arrays of GOT against those of REF. It exits with 0 when all rules hold, else with 4. Arrays
are matched by name, or by position where one side calls them output_0, output_1, ... or arr_0, arr_1, ...`,
		Example: `  halfway compare f32.npz bf16.npz
  halfway compare f32.npz bf16.npz --accept 'logits[:,-1]:kl<=0.01' --accept top1`,
		Args: arguments("REF.npz", "GOT.npz"),
		RunE: k.run,
	}
	k.judge.register(c)
	c.Flags().StringVar(&k.json, "json", "", "write the whole answer as JSON to this `FILE`, - for standard output instead of the text")
	c.Flags().BoolVarP(&k.quiet, "quiet", "q", false, "no notes on standard error")
	return c
}

// compareCommand holds the flags of compare.
type compareCommand struct {
	judge judgeFlags
	json  string
	quiet bool
}

func (k *compareCommand) run(c *cobra.Command, args []string) error {
	rules, err := k.judge.rules()
	if err != nil {
		return err
	}
	if err := writable(k.json); err != nil {
		return err
	}
	var r *report.Comparison
	err = promptly(c.Context(), func() error {
		r, err = compareFiles(args[0], args[1], rules)
		return err
	})
	if err != nil {
		return err
	}
	note(c, k.quiet, r.Warnings...)
	if err := both(c, k.json, r, r.Text); err != nil {
		return err
	}
	if r.Verdict != bisect.Pass {
		return end(statusBroken)
	}
	return end(statusAnswered)
}

func compareFiles(ref, got string, rules []compare.Rule) (*report.Comparison, error) {
	a, err := tensor.ReadArrays(ref)
	if err != nil {
		return nil, err
	}
	b, err := tensor.ReadArrays(got)
	if err != nil {
		return nil, err
	}
	x, y, notes, err := compare.Pair(a, b)
	if err != nil {
		return nil, fmt.Errorf("comparing %s with %s: %w", got, ref, err)
	}
	if len(rules) == 0 {
		rules = compare.Default(x)
	}
	return report.NewComparison(ref, got, rules, x, y, notes)
}
