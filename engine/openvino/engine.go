package openvino

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"halfway/engine"
	"halfway/engine/tensor"
)

// An Engine runs one model in one view. Runs queue: the plugin has one stream.
type Engine struct {
	model    *Model
	options  Options
	folder   string // private: the exported graph, its constants, inputs and outputs
	exported *exported
	units    *units
	warnings []string

	turn   chan struct{}             // holds one element: whoever takes it may use what follows
	worker *worker                   // nil or dead: to be started
	files  map[*tensor.Tensor]string // of inputs
	took   time.Duration
	runs   int

	closing sync.Once
}

// Engine compiles the model and exports what the plugin made of it. It fails where this machine or release cannot enforce bf16.
func (m *Model) Engine(ctx context.Context, o Options) (*Engine, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp(o.Temp, "halfway-openvino-")
	if err != nil {
		return nil, err
	}
	e := &Engine{model: m, options: o, folder: folder, turn: make(chan struct{}, 1), files: map[*tensor.Tensor]string{}}
	e.worker, m.worker = m.worker, nil
	if err := e.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("OpenVINO %s: %s: %w", m.version, m.path, err), e.release())
	}
	e.turn <- struct{}{}
	return e, nil
}

func (e *Engine) prepare(ctx context.Context) (err error) {
	if e.worker == nil {
		if e.worker, err = startWorker(ctx, e.model.python); err != nil {
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
	request := map[string]any{"op": "compile", "model": e.model.path, "shapes": shapes, "folder": e.folder, "threads": e.options.Threads,
		"snippets": e.options.View == "snippets"}
	if err := e.worker.ask(ctx, 0, request, &answer); err != nil {
		return fmt.Errorf("compile: %w", refusal(err))
	}
	if answer.Hint != "bf16" {
		return fmt.Errorf("asked for bf16 the plugin runs in %s: this CPU has no bf16 (it takes AVX-512, or AVX2 with VNNI 2); --engine builtin works on any",
			answer.Hint)
	}
	if len(answer.Constants) != 2 {
		return errors.New("the constants were not found in the exported model: this release is not known (2024.6, 2025.4 and 2026.4 are)")
	}
	if e.exported, err = readExported(e.folder, answer.Constants[0], answer.Constants[1]); err != nil {
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
	request := map[string]any{"op": "load", "folder": e.folder, "places": places, "threads": e.options.Threads, "snippets": e.options.View == "snippets"}
	return refusal(e.worker.ask(ctx, 0, request, &struct{}{}))
}

// learnUnits reads the execution graph with everything enforced: which nodes run as one, and which of them show their precision.
func (e *Engine) learnUnits(ctx context.Context) error {
	a, err := e.request(ctx, 0, nil, "bf16", nil)
	if err != nil {
		return fmt.Errorf("import what was exported: %w", refusal(err))
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
	Outputs [][2]string // path and type
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
	err = e.worker.ask(ctx, limit, map[string]any{"op": "run", "kept": kept, "hint": hint, "inferences": inferences, "folder": e.folder}, &a)
	return a, err
}

// revive starts a new worker where the last one ended.
func (e *Engine) revive(ctx context.Context) (err error) {
	if e.worker != nil && !e.worker.dead() {
		return nil
	}
	if e.worker, err = startWorker(ctx, e.model.python); err != nil {
		return err
	}
	if err = e.load(ctx); err != nil {
		e.worker.kill()
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
	inferences, err := e.write(s)
	if err != nil {
		return o, nil, err
	}
	start := time.Now()
	a, err := e.request(ctx, e.options.Timeout, kept, hint, inferences)
	if err != nil {
		return o, nil, err
	}
	o, err = e.read(a.Outputs)
	e.took += time.Since(start)
	e.runs++
	return o, a.Nodes, err
}

// write puts the sample's inputs into files, once, and returns their paths by inference and input.
func (e *Engine) write(s engine.Sample) ([][]string, error) {
	var all [][]string
	for n, inputs := range s.Inferences() {
		var paths []string
		for i, names := range e.model.names {
			at := slices.IndexFunc(names, func(name string) bool { return inputs[name] != nil })
			if at < 0 {
				return nil, fmt.Errorf("%s: input %q is missing", s.Source, names[0])
			}
			t := inputs[names[at]]
			if want := e.model.inputs[i].Type; t.Type != want {
				return nil, fmt.Errorf("%s: input %q is %s, the model wants %s", s.Source, names[0], t.Type, want)
			}
			path, err := e.file(t)
			if err != nil {
				return nil, fmt.Errorf("%s: inference %d: input %q: %w", s.Source, n, names[0], err)
			}
			paths = append(paths, path)
		}
		all = append(all, paths)
	}
	return all, nil
}

// file is the array t as a file, written once.
func (e *Engine) file(t *tensor.Tensor) (string, error) {
	if path, ok := e.files[t]; ok {
		return path, nil
	}
	path := filepath.Join(e.folder, fmt.Sprintf("input-%d.npy", len(e.files)))
	err := tensor.WriteWhole(path, func(w io.Writer) error { return tensor.WriteNPY(w, t) })
	if err == nil {
		e.files[t] = path
	}
	return path, err
}

// read reads the outputs of all inferences.
func (e *Engine) read(files [][2]string) (engine.Observation, error) {
	o := engine.Observation{Work: 1}
	h := sha256.New()
	for i, f := range files {
		t, err := tensor.ReadNPYFile(f[0])
		if err != nil {
			return o, err
		}
		if f[1] == "bf16" { // which numpy does not have
			t.Type = tensor.BF16
		}
		o.Outputs = append(o.Outputs, engine.Output{Name: e.model.outputs[i%len(e.model.outputs)], Tensor: t})
		h.Write(tensor.Digest(t))
	}
	o.Key = hex.EncodeToString(h.Sum(nil))
	return o, nil
}

// Info describes the engine.
func (e *Engine) Info() engine.Info { return engine.Info{Name: "openvino", Version: e.model.version} }

// Inputs are the names of the inputs, by which a Sample holds them.
func (e *Engine) Inputs() []string {
	var names []string
	for _, in := range e.model.inputs {
		names = append(names, in.Name)
	}
	return names
}

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
		e.worker.kill()
	}
	var err error
	if e.exported != nil {
		err = e.exported.close()
	}
	return errors.Join(err, os.RemoveAll(e.folder))
}
