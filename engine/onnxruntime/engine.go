// Package onnxruntime is the engine that runs an ONNX model on a stock ONNX Runtime, by one long-lived Python process: another implementation of
// every operation, with its own kernels.
//
// ONNX Runtime has no enforced precision. What enforcement rounds is made explicit: each probe is the user's model with pairs of Casts, from f32 to
// bf16 or f16 and back, at the ports that the built-in engine rounds for the same set; weights stay in the user's file. Candidates, their order,
// names and units are the built-in engine's, in any of its views. Between the pairs ONNX Runtime computes in f32.
//
// Limits: what a view rounds between values that the file does not have stays in f32, as Warnings say; so do the bodies of loops and branches, and
// what a view has scaled (weights that a normalisation is folded into, operands to which the scale of a later product moved) is rounded before that.
package onnxruntime

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"halfway/engine"
	"halfway/engine/builtin"
	"halfway/engine/onnx"
	"halfway/engine/python"
	"halfway/engine/tensor"
)

//go:embed worker.py
var text string

var script = python.Script{Engine: "onnxruntime", Package: "onnxruntime", Text: text}

// Version returns the version of the ONNX Runtime that a Python interpreter has. Its error says what is missing, and what would help.
func Version(ctx context.Context, interpreter string) (string, error) {
	return script.Probe(ctx, interpreter)
}

// Options say how a model is to be run.
type Options struct {
	Python  string // the interpreter
	Threads int    // 0: one; with several a model may give other bits
	Timeout time.Duration
	Temp    string // where the engine has its folder; "": the system's
}

// An Engine runs one model in one view and precision. Runs queue.
type Engine struct {
	path       string // of the model, absolute
	model      *onnx.Model
	candidates []engine.Candidate
	precision  tensor.DType
	inputs     []engine.Input
	outputs    []string
	places     onnx.Places
	options    Options
	folder     *python.Folder
	warnings   []string
	version    string

	turn   chan struct{}  // holds one element while the engine is not closed: whoever takes it may use what follows
	worker *python.Worker // may be dead
	took   time.Duration
	runs   int
}

// New makes an engine of a model at path that the built-in engine has prepared as view. The model must stay open.
func New(ctx context.Context, path string, m *builtin.Model, view *builtin.Engine, precision tensor.DType, o Options) (*Engine, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if m.ONNX() == nil {
		return nil, fmt.Errorf("%s: the engine onnxruntime runs ONNX models (.onnx) only; --engine openvino runs this one", path)
	}
	if precision != tensor.F32 {
		if err := m.ONNX().CanRound(precision); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	o.Threads = max(o.Threads, 1)
	e := &Engine{path: path, model: m.ONNX(), precision: precision, inputs: m.Inputs(), outputs: view.Outputs(), options: o, turn: make(chan struct{}, 1)}
	if e.candidates, err = view.Candidates(ctx); err != nil {
		return nil, err
	}
	e.places = e.model.Place(view.Roundings())
	e.warn()
	if e.worker, err = script.Start(ctx, o.Python); err != nil {
		return nil, err
	}
	e.version = e.worker.Version
	if e.folder, err = python.NewFolder(o.Temp, "halfway-onnxruntime-"); err != nil {
		e.worker.Kill()
		return nil, err
	}
	e.turn <- struct{}{}
	return e, nil
}

// warn tells which candidates the file has no place for.
func (e *Engine) warn() {
	var tags []string
	for p, c := range e.candidates {
		if c.Graph != "" || slices.Contains(e.places.Unplaced, p) {
			tags = append(tags, c.Tag)
		}
	}
	if tags == nil {
		return
	}
	const most = 5
	list := strings.Join(tags[:min(most, len(tags))], ", ")
	if len(tags) > most {
		list += ", ..."
	}
	e.warnings = append(e.warnings, fmt.Sprintf("%d of %d nodes are rounded, in this view, where the ONNX file has no value, or lie in a body; there they "+
		"stay in f32: %s", len(tags), len(e.candidates), list))
}

// Candidates returns those of the built-in engine.
func (e *Engine) Candidates(context.Context) ([]engine.Candidate, error) {
	return slices.Clone(e.candidates), nil
}

// Run runs the model on s with the candidates of set rounded.
func (e *Engine) Run(ctx context.Context, set engine.Set, s engine.Sample) (o engine.Observation, err error) {
	select {
	case <-e.turn:
		defer func() { e.turn <- struct{}{} }()
	case <-ctx.Done():
		return o, context.Cause(ctx)
	}
	if ctx.Err() != nil {
		return o, context.Cause(ctx)
	}
	if e.worker.Dead() {
		if e.worker, err = e.restart(ctx); err != nil {
			return o, err
		}
	}
	start := time.Now()
	if o, err = e.probe(ctx, set, s); err == nil {
		o.Enforced = &set
		e.took += time.Since(start)
		e.runs++
	}
	return o, err
}

// restart starts another worker; where that fails the dead one stays.
func (e *Engine) restart(ctx context.Context) (*python.Worker, error) {
	w, err := script.Start(ctx, e.options.Python)
	if err != nil {
		return e.worker, err
	}
	return w, nil
}

func (e *Engine) probe(ctx context.Context, set engine.Set, s engine.Sample) (o engine.Observation, err error) {
	inferences, err := e.folder.Write(e.inputs, s)
	if err != nil {
		return o, err
	}
	model, err := e.model.Rewrite(e.places.Edit(e.precision, set.Has))
	if err != nil {
		return o, err
	}
	path := filepath.Join(e.folder.Path, "model.onnx")
	if err := tensor.WriteWhole(path, func(w io.Writer) error { _, err := w.Write(model); return err }); err != nil {
		return o, err
	}
	var names []string
	for _, in := range e.inputs {
		names = append(names, in.Name)
	}
	var answer struct{ Outputs []python.Array }
	request := map[string]any{"op": "run", "model": path, "weights": filepath.Dir(e.path), "threads": e.options.Threads, "inputs": names,
		"inferences": inferences, "folder": e.folder.Path}
	if err := e.worker.Ask(ctx, e.options.Timeout, request, &answer); err != nil {
		return o, err
	}
	if want := len(e.outputs) * len(inferences); len(answer.Outputs) != want {
		return o, &engine.Failure{Kind: engine.Crash, Detail: fmt.Sprintf("%d outputs came, expected %d", len(answer.Outputs), want)}
	}
	return e.folder.Read(e.outputs, answer.Outputs)
}

// Info describes the engine.
func (e *Engine) Info() engine.Info { return engine.Info{Name: "onnxruntime", Version: e.version} }

// Outputs returns the names of the model's outputs in its order.
func (e *Engine) Outputs() []string { return slices.Clone(e.outputs) }

// Warnings returns what a user should know before trusting the answers.
func (e *Engine) Warnings() []string { return slices.Clone(e.warnings) }

// Seconds predicts the time of so many probes on one sample; before the first it is infinite.
func (e *Engine) Seconds(probes float64) float64 {
	<-e.turn
	defer func() { e.turn <- struct{}{} }()
	if e.runs == 0 {
		return math.Inf(1)
	}
	return probes * e.took.Seconds() / float64(e.runs)
}

// Close waits for the run that is going on, ends the worker, removes the engine's folder and closes the model's file. It is called once.
func (e *Engine) Close() error {
	<-e.turn
	e.worker.Kill()
	return errors.Join(e.folder.Remove(), e.model.Close())
}
