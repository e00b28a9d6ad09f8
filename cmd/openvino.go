package cmd

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"os"

	"github.com/spf13/cobra"

	"halfway/bisect"
	"halfway/engine/openvino"
	"halfway/engine/tensor"
)

// pythonVariable names the interpreter where --python does not.
const pythonVariable = "HALFWAY_PYTHON"

// interpreter is the Python that --engine openvino runs in.
func (f *modelFlags) interpreter() string {
	return cmp.Or(f.python, os.Getenv(pythonVariable), "python3")
}

// prepareOpenVINO readies the model in the user's OpenVINO.
func (s *subject) prepareOpenVINO(ctx context.Context, f *modelFlags, precision tensor.DType, random bool) error {
	model, err := openvino.Open(ctx, f.interpreter(), s.path)
	if err != nil {
		return err
	}
	defer model.Close()
	s.inputs, s.files = model.Inputs(), model.Files()
	shapes, _, err := s.loadShaped(f, random)
	if err != nil {
		return err
	}
	e, err := model.Engine(ctx, openvino.Options{View: f.view.value, Precision: precision, Threads: f.threads, Shapes: shapes, Timeout: f.program.timeout})
	if err != nil {
		return err
	}
	s.engine = e
	s.notes = append(s.notes, e.Warnings()...)
	return nil
}

// confirmable checks that what is found can be run in OpenVINO.
func (b *bisectCommand) confirmable() error {
	switch {
	case b.confirm.value == "no":
	case b.model.engine.value != "builtin":
		return usage(errors.New("--confirm is for what --engine builtin finds"))
	case b.model.precision.value != "bf16":
		return usage(errors.New("--confirm openvino needs --precision bf16: OpenVINO's CPU plugin does not enforce f16 node by node"))
	}
	return nil
}

// confirmed has OpenVINO run what was found: in the mode that users run, and where not even all nodes kept in f32 pass there, as with attention
// that snippets tokenise, in the mode without snippets.
func (b *bisectCommand) confirmed(ctx context.Context, c *cobra.Command, s *subject, config bisect.Config, found *bisect.Result) (*bisect.Result, error) {
	progress := newProgress(c.ErrOrStderr(), b.talk, "confirming")
	defer progress.stop()
	config.Progress = progress.event
	mode := func(view string) func() (*bisect.Mode, error) {
		return func() (*bisect.Mode, error) { return b.mode(ctx, s, view) }
	}
	r, m, err := bisect.Confirm(ctx, found, config, mode("snippets"), mode("plugin"))
	if err != nil || r == found {
		return r, err
	}
	r.Warnings = append(append([]string{}, s.notes...), r.Warnings...)
	s.engine, s.others = m.Engine.(*openvino.Engine), append(s.others, s.engine)
	b.model.engine.value, b.model.view.value = "openvino", m.View
	r.Command = b.command(s, config.Universe)
	return r, nil
}

// mode readies OpenVINO in a view.
func (b *bisectCommand) mode(ctx context.Context, s *subject, view string) (*bisect.Mode, error) {
	shapes, err := s.askedShapes(b.model.shapes)
	if err != nil {
		return nil, err
	}
	if !b.model.dynamic {
		maps.Copy(shapes, s.shapesOfSamples())
	}
	e, err := b.runtime.Engine(ctx, openvino.Options{View: view, Precision: tensor.BF16, Threads: b.model.threads, Shapes: shapes, Timeout: b.model.program.timeout})
	if err != nil {
		return nil, err
	}
	s.others = append(s.others, e)
	m := &bisect.Mode{Engine: e, Info: e.Info(), View: view, Properties: e.Properties(), Warnings: e.Warnings()}
	if len(b.judge.reference) > 0 {
		m.Reference, err = b.judge.references(ctx, s)
	} else {
		m.Reference, err = ownReferences(ctx, e, s.samples)
	}
	return m, err
}
