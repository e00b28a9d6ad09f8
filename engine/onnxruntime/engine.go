// Package onnxruntime is the engine that runs an ONNX model on a stock ONNX Runtime, by one long-lived Python process: another implementation of
// every operation, with its own kernels.
//
// ONNX Runtime has no enforced precision. What enforcement rounds is made explicit: each probe is the user's model with pairs of Casts, from f32 to
// bf16 or f16 and back, at the ports that the built-in engine rounds for the same set, in the bodies of branches and loops too; weights stay in the
// user's file. Where a view has nodes that the file has not, or has taken factors to other places, these nodes are written in place of the file's own.
// Candidates, their order, names and units are the built-in engine's, in any of its views. Between the pairs ONNX Runtime computes in f32.
//
// Limits: what a view rounds between values that the file does not have, in operations that are not written, stays in f32, as Warnings say; bf16 of a
// Convert from integers or f16 is rounded to nearest even, where the plugin rounds by a rule of its own.
package onnxruntime

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
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
	outputs    []engine.Output
	places     onnx.Places
	threads    int
	warnings   []string
	version    string
	session    *python.Session
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
	e := &Engine{path: path, model: m.ONNX(), precision: precision, inputs: m.Inputs(), outputs: view.Outputs(), threads: max(o.Threads, 1)}
	if e.candidates, err = view.Candidates(ctx); err != nil {
		return nil, err
	}
	e.places = e.model.Place(view.Roundings())
	e.warn()
	w, err := script.Start(ctx, o.Python)
	if err != nil {
		return nil, err
	}
	e.version = w.Version
	if e.session, err = script.Session(o.Python, w, o.Temp); err != nil {
		w.Kill()
		return nil, err
	}
	e.session.Inputs, e.session.Outputs, e.session.Timeout = e.inputs, e.outputs, o.Timeout
	return e, nil
}

// warn tells which candidates the file has no place for.
func (e *Engine) warn() {
	var tags []string
	for p, c := range e.candidates {
		if slices.Contains(e.places.Unplaced, p) {
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
	e.warnings = append(e.warnings, fmt.Sprintf("%d of %d nodes are rounded, in this view, where the ONNX file has no value; there they stay in f32: %s",
		len(tags), len(e.candidates), list))
}

// Candidates returns those of the built-in engine.
func (e *Engine) Candidates(context.Context) ([]engine.Candidate, error) {
	return slices.Clone(e.candidates), nil
}

// Run runs the model on s with the candidates of set rounded.
func (e *Engine) Run(ctx context.Context, set engine.Set, s engine.Sample) (engine.Observation, error) {
	o, err := e.session.Run(ctx, s, func() (map[string]any, error) { return e.request(set) }, &struct{}{})
	if err == nil {
		o.Enforced = &set
	}
	return o, err
}

// request writes the model that rounds the candidates of set.
func (e *Engine) request(set engine.Set) (map[string]any, error) {
	model, err := e.model.Rewrite(e.places.Edit(e.precision, set.Has))
	if err != nil {
		return nil, err
	}
	path := filepath.Join(e.session.Folder.Path, "model.onnx")
	if err := tensor.WriteWhole(path, func(w io.Writer) error { _, err := w.Write(model); return err }); err != nil {
		return nil, err
	}
	var names []string
	for _, in := range e.inputs {
		names = append(names, in.Name)
	}
	return map[string]any{"op": "run", "model": path, "weights": filepath.Dir(e.path), "threads": e.threads, "inputs": names}, nil
}

// Info describes the engine.
func (e *Engine) Info() engine.Info { return engine.Info{Name: "onnxruntime", Version: e.version} }

// Outputs describes the model's outputs in its order.
func (e *Engine) Outputs() []engine.Output { return slices.Clone(e.outputs) }

// Warnings returns what a user should know before trusting the answers.
func (e *Engine) Warnings() []string { return slices.Clone(e.warnings) }

// loading is the nominal time of writing and loading one rewritten model, in seconds.
const loading = 0.04

// Seconds is the nominal time of so many probes.
func (e *Engine) Seconds(probes int, samples []engine.Sample) float64 {
	return engine.NominalRuns(loading, e.candidates, probes, samples)
}

// Close waits for the run that is going on, ends the worker, removes the engine's folder and closes the model's file. It is called once.
func (e *Engine) Close() error { return errors.Join(e.session.Close(), e.model.Close()) }
