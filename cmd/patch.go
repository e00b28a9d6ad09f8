package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"halfway/bisect"
	"halfway/bisect/report"
	"halfway/engine"
	"halfway/engine/openvino"
	"halfway/patterns"
)

func newPatch() *cobra.Command {
	var p patchCommand
	c := &cobra.Command{
		Use:   "patch MODEL RESULT.json --output FIXED.xml",
		Short: "Write the repaired model for a stock OpenVINO",
		Long: `patch writes the model as an OpenVINO IR in which the nodes that a result of "halfway bisect --json" keeps in f32 stay in f32
under the hint bf16, in a stock OpenVINO, which needs no variables for it. It marks the layers in your own IR, or writes
the plugin's own graph, with its nodes marked, in public operations: the first of the two that holds.

What is written was run before as it ships, by the OpenVINO of --python in its default mode, and met the rules (those of
the result, without --accept); else nothing is written and the exit status is 4. The answer tells what it costs against
f32 and bf16.`,
		Example: `  halfway patch model.xml result.json --input x.npz --output fixed.xml
  halfway patch model.onnx result.json --input x.npz --output fixed.xml --python venv/bin/python`,
		Args: arguments("MODEL", "RESULT.json"),
		RunE: p.run,
	}
	p.model.register(c, "bf16")
	p.judge.register(c)
	f := c.Flags()
	for _, flag := range []string{"engine", "view", "precision"} {
		_ = f.MarkHidden(flag) // fails only for a flag that does not exist
	}
	f.StringVarP(&p.output, "output", "o", "", "write the repaired model to this `FIXED.xml`, and its constants beside it (.bin)")
	p.form = choose(c, "form", "what to write: marks in the model, the plugin's graph lowered to public operations, or what works first", "auto", "marks", "lowered")
	f.IntVar(&p.model.threads, "threads", 0, "`N` threads (0: one)")
	f.StringVar(&p.json, "json", "", "write the whole answer as JSON to this `FILE`, - for standard output instead of the text")
	p.talk.register(c)
	return c
}

// patchCommand holds the flags of patch.
type patchCommand struct {
	model        modelFlags
	judge        judgeFlags
	output, json string
	form         *choice
	talk         talk
}

func (p *patchCommand) run(c *cobra.Command, args []string) error {
	r, err := readResult(args[1])
	if err == nil {
		err = p.fits(args[0], r)
	}
	if err := errors.Join(err, writable(p.output, p.json)); err != nil {
		return err
	}
	p.model.engine.value, p.model.view.value = "openvino", "plugin"
	if len(p.judge.accept) == 0 {
		p.judge.accept = r.Accept
	}
	judge, err := p.judge.judgeFor(c.Context(), &p.model)
	if err != nil {
		return err
	}
	s, err := p.model.open(c.Context(), args[0], true)
	if err != nil {
		return err
	}
	defer s.close()
	if sum, err := s.hash(c.Context())(); err != nil {
		return err
	} else if filepath.Ext(s.path) == ".xml" && sum != r.Model.SHA256 { // of ONNX it lacks the files of external data
		s.notes = append(s.notes, fmt.Sprintf("%s is about another model: its hash differs from that of %s", args[1], s.path))
	}
	note(c, p.talk.quiet, s.notes...)
	progress := newProgress(c.ErrOrStderr(), p.talk, "patching")
	w := &patcher{command: p, subject: s, judge: judge, ctx: c.Context(), progress: progress.event}
	answer, err := w.patch(r.Settings.Active())
	progress.stop()
	if err != nil {
		return err
	}
	return p.tell(c, answer)
}

// fits checks that r is a repair, and that it can be written.
func (p *patchCommand) fits(model string, r *bisect.Result) error {
	switch {
	case r.Settings == nil:
		return fmt.Errorf("the result holds no settings to repair the model by: its outcome is %q", r.Outcome)
	case r.Precision != "bf16":
		return usage(fmt.Errorf("the result is about %s: a stock OpenVINO enforces bf16 alone node by node", r.Precision))
	case p.output == "":
		return usage(errors.New("--output FIXED.xml is missing"))
	case !strings.HasSuffix(p.output, ".xml"):
		return usage(fmt.Errorf("--output %s: the repaired model is an OpenVINO IR, whose name ends in .xml", p.output))
	}
	for _, name := range []string{p.output, strings.TrimSuffix(p.output, ".xml") + ".bin"} {
		for _, own := range []string{model, strings.TrimSuffix(model, ".xml") + ".bin"} {
			if same(name, own) {
				return usage(fmt.Errorf("--output %s would overwrite the model that it is made of", p.output))
			}
		}
	}
	return nil
}

// same reports whether both names lead to one file.
func same(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// A patcher writes the repaired model in one form after another until one holds.
type patcher struct {
	ctx      context.Context
	command  *patchCommand
	subject  *subject
	judge    bisect.Judge
	progress func(bisect.Event)
	outputs  [][]engine.Output // reference
}

func (w *patcher) patch(settings patterns.Settings) (*report.Patch, error) {
	e := w.subject.engine.(*openvino.Engine)
	candidates, err := e.Candidates(w.ctx)
	if err != nil {
		return nil, err
	}
	enforced, err := bisect.Admitted(candidates, settings)
	if err != nil {
		return nil, err
	}
	r := &report.Patch{Schema: report.PatchSchema, Model: w.subject.path, Engine: e.Info(), Candidates: len(candidates),
		Kept: len(candidates) - enforced.Len(), Warnings: append([]string{}, w.subject.notes...)}
	for _, hint := range []struct {
		name string
		to   *report.Shipped
	}{{"f32", &r.F32}, {"bf16", &r.BF16}} {
		if *hint.to, err = w.ship(w.subject.path, hint.name); err != nil {
			return nil, fmt.Errorf("running the model in %s: %w", hint.name, err)
		}
	}
	for _, form := range e.Forms() {
		if w.command.form.value != "auto" && w.command.form.value != string(form) {
			continue
		}
		a, err := w.attempt(e, form, enforced)
		if err != nil {
			return nil, err
		}
		r.Attempts = append(r.Attempts, *a)
		if a.Verdict == bisect.Pass {
			r.Output = w.command.output
			break
		}
	}
	return r, nil
}

// attempt writes the repaired model in a form beside its place, runs it as it is, and moves it there when it holds.
func (w *patcher) attempt(e *openvino.Engine, form openvino.Form, enforced engine.Set) (a *report.Attempt, err error) {
	folder, err := os.MkdirTemp(filepath.Dir(w.command.output), ".halfway-patch-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	a = &report.Attempt{Form: string(form)}
	file := filepath.Join(folder, filepath.Base(w.command.output))
	if err := e.Patch(w.ctx, form, enforced, file); err != nil {
		a.Verdict, a.Detail = bisect.Skipped, err.Error()
		return a, nil
	}
	if a.Shipped, err = w.ship(file, "bf16"); err != nil {
		if f, ok := errors.AsType[*engine.Failure](err); ok {
			a.Verdict, a.Detail = bisect.Crash, f.Detail
			return a, nil
		}
		return nil, err
	}
	if a.Verdict != bisect.Pass {
		return a, nil
	}
	base := strings.TrimSuffix(w.command.output, ".xml")
	return a, errors.Join(os.Rename(strings.TrimSuffix(file, ".xml")+".bin", base+".bin"), os.Rename(file, w.command.output))
}

// ship runs the file as any program does. The first one, in f32, is the reference.
func (w *patcher) ship(file, hint string) (s report.Shipped, err error) {
	model, err := openvino.Open(w.ctx, w.command.model.interpreter(), file)
	if err != nil {
		return s, err
	}
	defer model.Close()
	plain, err := model.Plain(hint, openvino.Options{Threads: w.command.model.threads}, w.subject.engine.Outputs())
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, plain.Close()) }()
	if w.outputs == nil {
		for _, sample := range w.subject.samples {
			o, err := plain.Run(w.ctx, engine.Set{}, sample)
			if err != nil {
				return s, err
			}
			w.outputs = append(w.outputs, o.Outputs)
		}
	}
	c, err := bisect.Check(w.ctx, bisect.Config{Engine: plain, Samples: w.subject.samples, Reference: w.outputs, Judge: w.judge, Progress: w.progress},
		patterns.Settings{})
	if err != nil {
		return s, err
	}
	s.Probe, s.Accept, s.Seconds = c.Probe, c.Accept, plain.Latency()
	s.Reduced, s.Kept = plain.Precisions()
	return s, nil
}

// tell writes the answer, the file first.
func (p *patchCommand) tell(c *cobra.Command, r *report.Patch) error {
	if err := both(c, p.json, r, r.Text); err != nil {
		return err
	}
	if r.Output == "" {
		return end(statusBroken)
	}
	return end(statusAnswered)
}
