package cmd

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/spf13/cobra"

	"halfway/bisect"
	"halfway/bisect/report"
	"halfway/engine"
	"halfway/engine/tensor"
	"halfway/patterns"
)

func newRun() *cobra.Command {
	var r runCommand
	c := &cobra.Command{
		Use:   "run MODEL",
		Short: "Run one inference, obeying the three variables of the plugin's debug builds",
		Long: `run is one inference. It obeys OV_CPU_INFER_PRC_POS_PATTERN, OV_CPU_INFER_PRC_NEG_PATTERN and
OV_CPU_INFER_PRC_CNT as a debug build of OpenVINO's CPU plugin does, and where one of the patterns is set it
prints the same listing of the nodes that were enforced. Without variables every candidate is enforced.`,
		Example: `  halfway run model.xml --input x.npz --precision f32 --output f32.npz
  OV_CPU_INFER_PRC_CNT=40 halfway run model.xml --input x.npz --output bf16-40.npz
  OV_CPU_INFER_PRC_POS_PATTERN='^Softmax@' halfway run model.xml --input x.npz`,
		Args: arguments("MODEL"),
		RunE: r.run,
	}
	r.model.register(c, "bf16", "f16", "f32")
	r.model.registerResources(c)
	c.Flags().StringVar(&r.output, "output", "", "write the outputs to this .npz `FILE`")
	c.Flags().BoolVar(&r.raw, "raw", false, "print the listing as it is on a terminal too, control characters and all")
	c.Flags().BoolVarP(&r.talk.quiet, "quiet", "q", false, "no progress and no notes on standard error")
	return c
}

// runCommand holds the flags of run.
type runCommand struct {
	model  modelFlags
	talk   talk
	output string
	raw    bool
}

func (r *runCommand) run(c *cobra.Command, args []string) error {
	ctx, settings := c.Context(), environment()
	if err := valid(settings); err != nil {
		return err
	}
	if len(r.model.inputs) > 1 {
		return usage(fmt.Errorf("run is one inference on one sample: give --input once, found it %d times", len(r.model.inputs)))
	}
	if err := writable(r.output); err != nil {
		return err
	}
	progress := newProgress(c.ErrOrStderr(), r.talk, "running")
	arrays, candidates, enforced, err := r.infer(ctx, c, args[0], settings)
	progress.stop()
	if err != nil {
		return err
	}
	if !r.talk.quiet {
		fmt.Fprintf(c.ErrOrStderr(), "%d of %d candidates ran in %s, all else in f32\n", enforced.Len(), len(candidates), r.model.precision.value)
		for _, a := range arrays {
			fmt.Fprintln(c.ErrOrStderr(), describe(a))
		}
	}
	if r.output != "" {
		if err := tensor.WriteNPZ(r.output, arrays); err != nil {
			return err
		}
	}
	return answer(c, func(w io.Writer) error { return r.list(w, settings, candidates, enforced) })
}

// infer runs the model once. The outputs are named as in archives.
func (r *runCommand) infer(ctx context.Context, c *cobra.Command, path string, settings patterns.Settings) (
	outputs []tensor.Named, candidates []engine.Candidate, enforced engine.Set, err error) {
	s, err := r.model.open(ctx, path, true)
	if err != nil {
		return nil, nil, enforced, err
	}
	defer s.close()
	note(c, r.talk.quiet, s.notes...)
	if len(s.samples) != 1 {
		return nil, nil, enforced, usage(fmt.Errorf("run is one inference on one sample, but %s holds %d", r.model.inputs[0], len(s.samples)))
	}
	if candidates, err = s.engine.Candidates(ctx); err != nil {
		return nil, nil, enforced, err
	}
	if enforced, err = bisect.Admitted(candidates, settings); err != nil {
		return nil, nil, enforced, err
	}
	o, err := searched(s.engine).Run(ctx, enforced, s.samples[0])
	return s.samples[0].Arrays(o.Outputs), candidates, enforced, err
}

// list prints the listing of every graph where a debug build prints it.
func (r *runCommand) list(w io.Writer, settings patterns.Settings, candidates []engine.Candidate, enforced engine.Set) error {
	if settings.Pos == nil && settings.Neg == nil {
		return nil
	}
	graphs := []string{""} // the main graph is listed even when it has no candidates
	tags := map[string][]string{}
	for p, c := range candidates {
		if !slices.Contains(graphs, c.Graph) {
			graphs = append(graphs, c.Graph)
		}
		if enforced.Has(p) {
			tags[c.Graph] = append(tags[c.Graph], c.Tag)
		}
	}
	if _, ok := terminal(w); ok && !r.raw {
		settings, tags = printable(settings, tags)
	}
	for _, g := range graphs {
		if err := patterns.WriteListing(w, settings, tags[g]); err != nil {
			return err
		}
	}
	return nil
}

// printable escapes what would move a terminal's cursor.
func printable(s patterns.Settings, tags map[string][]string) (patterns.Settings, map[string][]string) {
	for _, p := range []**string{&s.Pos, &s.Neg} {
		if *p != nil {
			text := report.Printable(**p)
			*p = &text
		}
	}
	escaped := map[string][]string{}
	for g, list := range tags {
		for _, tag := range list {
			escaped[g] = append(escaped[g], report.Printable(tag))
		}
	}
	return s, escaped
}

// describe says in one line what an output is.
func describe(o tensor.Named) string {
	line := fmt.Sprintf("output \"%s\": %s%v", report.Printable(o.Name), o.Tensor.Type, o.Tensor.Shape)
	d, ok := o.Tensor.Any().([]float32)
	if !ok || len(d) == 0 {
		return line
	}
	lo, hi, bad := math.Inf(1), math.Inf(-1), 0
	for _, v := range d {
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			bad++
		} else {
			lo, hi = min(lo, f), max(hi, f)
		}
	}
	line += fmt.Sprintf(", from %.6g to %.6g", lo, hi)
	if bad > 0 {
		line += fmt.Sprintf(", %d of %d elements are not finite", bad, len(d))
	}
	return line
}
