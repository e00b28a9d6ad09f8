package openvino

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"halfway/engine"
	"halfway/engine/python"
	"halfway/engine/tensor"
)

// An Engine runs one model in one view. Runs queue: the plugin has one stream.
type Engine struct {
	model    *Model
	options  Options
	folder   *python.Folder // with the exported graph and its constants too
	exported *exported
	units    *units
	warnings []string

	turn   chan struct{}  // holds one element: whoever takes it may use what follows
	worker *python.Worker // nil or dead: to be started
	took   time.Duration
	runs   int

	closing sync.Once
}

// Engine compiles the model and exports what the plugin made of it. It fails where this machine or release cannot enforce bf16.
func (m *Model) Engine(ctx context.Context, o Options) (*Engine, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	folder, err := python.NewFolder(o.Temp, "halfway-openvino-")
	if err != nil {
		return nil, err
	}
	e := &Engine{model: m, options: o, folder: folder, turn: make(chan struct{}, 1)}
	e.worker, m.worker = m.worker, nil
	if err := e.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("OpenVINO %s: %s: %w", m.version, m.path, err), e.release())
	}
	e.turn <- struct{}{}
	return e, nil
}

func (e *Engine) prepare(ctx context.Context) (err error) {
	if e.worker == nil {
		if e.worker, err = script.Start(ctx, e.model.python); err != nil {
			return err
		}
	}
	shapes, err := e.model.shapes(e.options.Shapes)
	if err != nil {
		return err
	}
	var answer struct {
		Hint      string
		Constants []int64 // offset and size in the blob
	}
	request := map[string]any{"op": "compile", "model": e.model.path, "shapes": shapes, "folder": e.folder.Path, "threads": e.options.Threads,
		"snippets": e.options.View == "snippets"}
	if err := e.worker.Ask(ctx, 0, request, &answer); err != nil {
		return fmt.Errorf("compile: %w", python.Refusal(err))
	}
	if answer.Hint != "bf16" {
		return fmt.Errorf("asked for bf16 the plugin runs in %s: this CPU has no bf16 (it takes AVX-512, or AVX2 with VNNI 2); --engine builtin works on any",
			answer.Hint)
	}
	if len(answer.Constants) != 2 {
		return errors.New("the constants were not found in the exported model: this release is not known (2024.6, 2025.4 and 2026.4 are)")
	}
	if e.exported, err = readExported(e.folder.Path, answer.Constants[0], answer.Constants[1]); err != nil {
		return fmt.Errorf("the exported model: %w", err)
	}
	if err := e.load(ctx); err != nil {
		return err
	}
	return e.learnUnits(ctx)
}

// load hands the exported model to the worker.
func (e *Engine) load(ctx context.Context) error {
	places := make([][2]int64, len(e.exported.places))
	for i, p := range e.exported.places {
		places[i][0] = p.Offset
		if p.Open {
			places[i][1] = 1
		}
	}
	request := map[string]any{"op": "load", "folder": e.folder.Path, "places": places, "threads": e.options.Threads, "snippets": e.options.View == "snippets"}
	return python.Refusal(e.worker.Ask(ctx, 0, request, &struct{}{}))
}

// learnUnits reads the execution graph with everything enforced: which nodes run as one, and which of them show their precision.
func (e *Engine) learnUnits(ctx context.Context) error {
	a, err := e.request(ctx, 0, nil, "bf16", nil)
	if err != nil {
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

// An answer is what a run shows.
type answer struct {
	Outputs []python.Array
	Nodes   []row
}

// request has the worker run the marked model.
func (e *Engine) request(ctx context.Context, limit time.Duration, kept []int, hint string, inferences [][]string) (a answer, err error) {
	if inferences == nil {
		inferences = [][]string{}
	}
	if kept == nil {
		kept = []int{}
	}
	err = e.worker.Ask(ctx, limit, map[string]any{"op": "run", "kept": kept, "hint": hint, "inferences": inferences, "folder": e.folder.Path}, &a)
	return a, err
}

// revive starts a new worker where the last one ended.
func (e *Engine) revive(ctx context.Context) (err error) {
	if e.worker != nil && !e.worker.Dead() {
		return nil
	}
	if e.worker, err = script.Start(ctx, e.model.python); err != nil {
		return err
	}
	if err = e.load(ctx); err != nil {
		e.worker.Kill()
	}
	return err
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
	kept := []int{}
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

// observe waits for its turn and runs the model once.
func (e *Engine) observe(ctx context.Context, kept []int, hint string, s engine.Sample) (o engine.Observation, nodes []row, err error) {
	select {
	case <-e.turn:
		defer func() { e.turn <- struct{}{} }()
	case <-ctx.Done():
		return o, nil, context.Cause(ctx)
	}
	if err := e.revive(ctx); err != nil {
		return o, nil, err
	}
	inferences, err := e.folder.Write(e.model.inputs, s)
	if err != nil {
		return o, nil, err
	}
	start := time.Now()
	a, err := e.request(ctx, e.options.Timeout, kept, hint, inferences)
	if err != nil {
		return o, nil, err
	}
	o, err = e.folder.Read(e.model.outputs, a.Outputs)
	e.took += time.Since(start)
	e.runs++
	return o, a.Nodes, err
}

// Info describes the engine.
func (e *Engine) Info() engine.Info { return engine.Info{Name: "openvino", Version: e.model.version} }

// Inputs are the names of the inputs, by which a Sample holds them.
func (e *Engine) Inputs() []string { return e.model.inputNames() }

// Outputs returns the names of the model's outputs in its order.
func (e *Engine) Outputs() []string { return slices.Clone(e.model.outputs) }

// Warnings returns what a user should know before trusting the answers.
func (e *Engine) Warnings() []string { return slices.Clone(e.warnings) }

// Properties are what the runtime has to be given, beside the precision, to run as the view says; nil in its default mode.
func (e *Engine) Properties() map[string]string {
	if e.options.View == "snippets" {
		return nil
	}
	return map[string]string{"SNIPPETS_MODE": "DISABLE"}
}

// Seconds predicts the time of so many probes on one sample; before the first it is infinite.
func (e *Engine) Seconds(probes float64) float64 {
	<-e.turn
	defer func() { e.turn <- struct{}{} }()
	if e.runs == 0 {
		return math.Inf(1)
	}
	return probes * e.took.Seconds() / float64(e.runs)
}

// Close waits for the run that is going on, ends the worker and removes the engine's folder. A second Close does nothing.
func (e *Engine) Close() (err error) {
	e.closing.Do(func() {
		<-e.turn
		err = e.release()
	})
	return err
}

func (e *Engine) release() error {
	if e.worker != nil {
		e.worker.Kill()
	}
	var err error
	if e.exported != nil {
		err = e.exported.close()
	}
	return errors.Join(err, e.folder.Remove())
}
