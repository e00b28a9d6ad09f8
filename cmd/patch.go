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
	"halfway/engine/builtin"
	"halfway/engine/onnxruntime"
	"halfway/engine/openvino"
	"halfway/engine/tensor"
)

func newPatch() *cobra.Command {
	var p patchCommand
	c := &cobra.Command{
		Use:   "patch MODEL RESULT.json --output FIXED",
		Short: "Write the repaired model for a stock OpenVINO or ONNX Runtime",
		Long: `patch writes the model as an OpenVINO IR in which the nodes that a result of "halfway bisect --json" keeps in f32 stay in f32
under the hint bf16, in a stock OpenVINO, which needs no variables for it. It marks the layers in your own IR, or writes
the plugin's own graph, with its nodes marked, in public operations: the first of the two that holds.

What is written was run before as it ships, by the OpenVINO of --python in its default mode, and met the rules (those of
the result, without --accept); else nothing is written and the exit status is 4. Where nothing holds in the default mode
it is run with SNIPPETS_MODE=DISABLE too, which the answer says then. It tells what the repair costs against f32 and bf16.

By a result for f16 it writes an ONNX model in f16 with islands of f32: what was enforced is in f16, all else in f32, with
Casts between them; the ONNX Runtime of --python runs it.

Where there is no OpenVINO, --unverified marks the layers in your own IR, or writes the ONNX model,
without running it: the exit status is then 5, since nothing has shown that it holds.`,
		Example: `  halfway patch model.xml result.json --input x.npz --output fixed.xml
  halfway patch model.onnx result.json --input x.npz --output fixed.xml --python venv/bin/python
  halfway patch model.onnx result-f16.json --input x.npz --output fixed.onnx
  halfway patch model.xml result.json --output fixed.xml --unverified`,
		Args: arguments("MODEL", "RESULT.json"),
		RunE: p.run,
	}
	p.model.registerSamples(c, "the Python `INTERPRETER` whose package runs the model")
	p.judge.register(c)
	f := c.Flags()
	f.StringVarP(&p.output, "output", "o", "", "write the repaired model to this `FIXED.xml`, and its constants beside it (.bin); of a result for f16 to FIXED.onnx")
	p.form = choose(c, "form", "what to write: marks in the model, the plugin's graph lowered to public operations, islands of f32 in f16, or what works first", "auto", openvino.Marks, openvino.Lowered, onnxruntime.IslandsForm)
	f.BoolVar(&p.unverified, "unverified", false, "write without running it; needs no OpenVINO")
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
	unverified   bool
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
	p.model.engine, p.model.view, p.model.precision = &choice{value: "openvino"}, &choice{value: "plugin"}, &choice{value: r.Precision}
	if r.Precision == "f16" {
		p.model.view.value = r.View
	}
	if p.unverified || r.Precision == "f16" {
		p.model.engine.value = "builtin"
	}
	if len(p.judge.accept) == 0 {
		p.judge.accept = r.Accept
	}
	judge, err := p.judge.judgeFor(c.Context(), &p.model)
	if err != nil {
		return err
	}
	s, err := p.model.open(c.Context(), args[0], !p.unverified)
	if err != nil {
		return p.without(c.Context(), err)
	}
	defer s.close()
	if sum, err := s.hash(c.Context())(); err != nil {
		return err
	} else if filepath.Ext(s.path) == ".xml" && sum != r.Model.SHA256 { // of ONNX it lacks the files of external data
		s.notes = append(s.notes, fmt.Sprintf("%s is about another model: its hash differs from that of %s", args[1], s.path))
	}
	progress := newProgress(c.ErrOrStderr(), p.talk, "patching")
	patch := bisect.Patch{Settings: r.Settings.Active(), Reduced: r.Precision, Samples: s.samples, Judge: judge, Output: p.output, Progress: progress.event}
	if p.form.value != "auto" {
		patch.Forms = []string{p.form.value}
	}
	answer := &report.Patch{Schema: report.PatchSchema, Model: s.path, Precision: r.Precision}
	answer.Engine, err = p.ready(c.Context(), s, &patch)
	note(c, p.talk.quiet, s.notes...)
	answer.Warnings = append([]string{}, s.notes...)
	if err == nil {
		var patched *bisect.Patched
		if patched, err = patch.Run(c.Context()); err == nil {
			answer.Patched = *patched
		}
	}
	progress.stop()
	if err != nil {
		return err
	}
	return p.tell(c, answer)
}

// without adds to the error of an OpenVINO that cannot be had what can be done without.
func (p *patchCommand) without(ctx context.Context, err error) error {
	if p.unverified {
		return err
	}
	if _, missing := openvino.Version(ctx, p.model.interpreter()); missing == nil {
		return err
	}
	return fmt.Errorf("%w; --unverified writes without an OpenVINO what can be written so, and does not run it", err)
}

// ready says who writes the model of s, and who runs it, and returns the latter.
func (p *patchCommand) ready(ctx context.Context, s *subject, patch *bisect.Patch) (engine.Info, error) {
	info := s.engine.Info()
	if e, ok := s.engine.(*openvino.Engine); ok {
		patch.Writer, patch.Observe, patch.Fallback = e, e.Reference, e.Properties()
		patch.Open = func(ctx context.Context, path, precision string, properties map[string]string) (bisect.Runtime, error) {
			return e.Ship(ctx, path, precision, properties)
		}
		return info, nil
	}
	own := s.engine.(*builtin.Engine)
	if patch.Reduced == "bf16" {
		nodes, err := own.Candidates(ctx)
		patch.Writer = &openvino.Marker{Path: s.path, Nodes: nodes}
		return info, err
	}
	islands, err := onnxruntime.NewIslands(ctx, s.path, s.model, own, s.shapes, onnxruntime.Options{Python: p.model.interpreter(), Threads: p.model.threads})
	if err != nil || p.unverified {
		patch.Writer = islands
		return info, err
	}
	patch.Writer = islands
	patch.Open = func(ctx context.Context, path, precision string, _ map[string]string) (bisect.Runtime, error) {
		t, err := tensor.ParseDType(precision)
		if err != nil {
			return nil, err
		}
		return islands.Ship(ctx, path, t)
	}
	s.notes = append(s.notes, "ONNX Runtime's CPU provider has few kernels for f16 and computes the rest in f32; other providers may lose more")
	version, err := islands.Version(ctx)
	return engine.Info{Name: "onnxruntime", Version: version}, err
}

// fits checks that r is a repair, and that it can be written.
func (p *patchCommand) fits(model string, r *bisect.Result) error {
	extension := ".xml"
	if r.Precision == "f16" {
		extension = ".onnx"
	}
	switch {
	case r.Settings == nil:
		return fmt.Errorf("the result holds no settings to repair the model by: its outcome is %q", r.Outcome)
	case r.Precision == "f16" && !strings.EqualFold(filepath.Ext(model), ".onnx"):
		return usage(errors.New("the result is about f16, which a stock OpenVINO does not enforce node by node: only an ONNX model is written in f16"))
	case p.output == "":
		return usage(errors.New("--output FIXED is missing"))
	case filepath.Ext(p.output) != extension:
		return usage(fmt.Errorf("--output %s: by a result for %s the repaired model is %s, whose name ends in %s", p.output, r.Precision,
			map[string]string{".xml": "an OpenVINO IR", ".onnx": "an ONNX model"}[extension], extension))
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

// tell writes the answer, the file first.
func (p *patchCommand) tell(c *cobra.Command, r *report.Patch) error {
	if err := both(c, p.json, r, r.Text); err != nil {
		return err
	}
	switch {
	case r.Output == "":
		return end(statusBroken)
	case !r.Verified:
		return end(statusUnresolved)
	}
	return end(statusAnswered)
}
