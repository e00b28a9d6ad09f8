package openvino

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"halfway/engine"
	"halfway/engine/python"
	"halfway/engine/tensor"
)

// An Engine runs one model in one view. Runs queue: the plugin has one stream.
type Engine struct {
	model    *Model
	options  Options
	session  *python.Session // with the exported graph and its constants in its folder too
	exported *exported
	units    *units
	warnings []string
}

// Engine compiles the model and exports what the plugin made of it. It fails where this machine or release cannot enforce bf16.
func (m *Model) Engine(ctx context.Context, o Options) (*Engine, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	session, err := m.session(o)
	if err != nil {
		return nil, err
	}
	e := &Engine{model: m, options: o, session: session}
	if err := session.Do(ctx, func(w *python.Worker) error { return e.prepare(ctx, w) }); err != nil {
		return nil, errors.Join(fmt.Errorf("OpenVINO %s: %s: %w", m.version, m.path, err), e.Close())
	}
	session.Ready = e.load
	return e, nil
}

func (e *Engine) prepare(ctx context.Context, w *python.Worker) error {
	shapes, err := e.model.shapes(e.options.Shapes)
	if err != nil {
		return err
	}
	var answer struct {
		Hint      string
		Constants []int64 // offset and size in the blob
	}
	request := map[string]any{"op": "compile", "model": e.model.path, "shapes": shapes, "folder": e.session.Folder.Path, "threads": e.options.Threads,
		"snippets": e.options.View == "snippets"}
	if err := w.Ask(ctx, 0, request, &answer); err != nil {
		err = python.Refusal(err)
		if w.Dead() {
			err = fmt.Errorf("%w; where that is a kernel for AMX, as on some virtual machines, ONEDNN_MAX_CPU_ISA=AVX512_CORE_BF16 in the environment avoids it", err)
		}
		return fmt.Errorf("compile: %w", err)
	}
	if answer.Hint != "bf16" {
		return fmt.Errorf("asked for bf16 the plugin runs in %s: this CPU has no bf16 (it takes AVX-512, or AVX2 with VNNI 2); --engine builtin works on any",
			answer.Hint)
	}
	if len(answer.Constants) != 2 {
		return errors.New("the constants were not found in the exported model: this release is not known (2024.6, 2025.4 and 2026.4 are)")
	}
	if e.exported, err = readExported(e.session.Folder.Path, answer.Constants[0], answer.Constants[1]); err != nil {
		return fmt.Errorf("the exported model: %w", err)
	}
	if err := e.load(ctx, w); err != nil {
		return err
	}
	return e.learnUnits(ctx, w)
}

// load hands the exported model to a worker.
func (e *Engine) load(ctx context.Context, w *python.Worker) error {
	places := make([][2]int64, len(e.exported.places))
	for i, p := range e.exported.places {
		places[i][0] = p.Offset
		if p.Open {
			places[i][1] = 1
		}
	}
	request := map[string]any{"op": "load", "folder": e.session.Folder.Path, "places": places, "threads": e.options.Threads, "snippets": e.options.View == "snippets"}
	return python.Refusal(w.Ask(ctx, 0, request, &struct{}{}))
}

// learnUnits reads the execution graph with everything enforced: which nodes run as one, and which of them show their precision.
func (e *Engine) learnUnits(ctx context.Context, w *python.Worker) error {
	var a answer
	request := marked(nil, "bf16")
	request["inferences"], request["folder"] = [][]string{}, e.session.Folder.Path
	if err := w.Ask(ctx, 0, request, &a); err != nil {
		return fmt.Errorf("import what was exported: %w", python.Refusal(err))
	}
	e.units = newUnits(e.exported, a.Nodes)
	if e.units.shown.Len() == 0 && e.units.stubborn {
		return errors.New("the plugin accepts bf16 but runs no node in it: its CPU, or its kernels as the environment restricts them " +
			"(ONEDNN_MAX_CPU_ISA), have no bf16; --engine builtin works on any")
	}
	e.warnings = e.units.warnings()
	return nil
}

// An answer is what a run shows beside the outputs.
type answer struct{ Nodes []row }

// marked is the request to run the model with marks at the candidates kept.
func marked(kept []int, hint string) map[string]any {
	return map[string]any{"op": "run", "kept": append([]int{}, kept...), "hint": hint}
}

// Candidates returns the model's candidates in counting order, those of the main graph first.
func (e *Engine) Candidates(context.Context) ([]engine.Candidate, error) {
	if e.options.Precision == tensor.F32 {
		return nil, nil
	}
	return slices.Clone(e.units.candidates), nil
}

// Run runs the model on s under the bf16 hint with the candidates outside set marked to stay in f32. Enforced is what the execution graph shows,
// and what was asked for where it shows nothing.
func (e *Engine) Run(ctx context.Context, set engine.Set, s engine.Sample) (engine.Observation, error) {
	if e.options.Precision == tensor.F32 {
		return e.Reference(ctx, s)
	}
	var kept []int
	for p := range e.units.candidates {
		if !set.Has(p) {
			kept = append(kept, p)
		}
	}
	o, nodes, err := e.observe(ctx, kept, "bf16", s)
	if err != nil {
		return o, err
	}
	enforced := e.units.enforced(set, nodes)
	o.Enforced = &enforced
	return o, nil
}

// Reference runs the model on s under the f32 hint.
func (e *Engine) Reference(ctx context.Context, s engine.Sample) (engine.Observation, error) {
	o, _, err := e.observe(ctx, nil, "f32", s)
	return o, err
}

// observe runs the marked model once.
func (e *Engine) observe(ctx context.Context, kept []int, hint string, s engine.Sample) (engine.Observation, []row, error) {
	var a answer
	o, err := e.session.Run(ctx, s, func() (map[string]any, error) { return marked(kept, hint), nil }, &a)
	return o, a.Nodes, err
}

// Info describes the engine.
func (e *Engine) Info() engine.Info { return engine.Info{Name: "openvino", Version: e.model.version} }

// Inputs are the names of the inputs, by which a Sample holds them.
func (e *Engine) Inputs() []string { return e.model.inputNames() }

// Outputs describes the model's outputs in its order.
func (e *Engine) Outputs() []engine.Output { return slices.Clone(e.model.outputs) }

// Warnings returns what a user should know before trusting the answers.
func (e *Engine) Warnings() []string { return slices.Clone(e.warnings) }

// Properties are what the runtime has to be given, beside the precision, to run as the view says; nil in its default mode.
func (e *Engine) Properties() map[string]string {
	if e.options.View == "snippets" {
		return nil
	}
	return map[string]string{"SNIPPETS_MODE": "DISABLE"}
}

// importing is the nominal time of one import of a marked graph, in seconds.
const importing = 0.04

// Seconds is the nominal time of so many probes.
func (e *Engine) Seconds(probes int, samples []engine.Sample) float64 {
	return engine.NominalRuns(importing, e.exported.candidates, probes, samples)
}

// Close waits for the run that is going on, ends the worker and removes the engine's folder. A second Close does nothing.
func (e *Engine) Close() error {
	err := e.session.Close()
	if e.exported != nil {
		err = errors.Join(err, e.exported.close())
	}
	return err
}
