package onnxruntime

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"halfway/engine"
	"halfway/engine/builtin"
	"halfway/engine/onnx"
	"halfway/engine/python"
	"halfway/engine/tensor"
)

// IslandsForm is the form that Islands writes.
const IslandsForm = "islands"

// Islands writes an ONNX model of f32 in f16, with Casts around what stays in f32: for runtimes that compute in the types that the file has. What the
// built-in engine enforces is in f16, all else in f32.
type Islands struct {
	path       string
	model      *onnx.Model
	types      map[string]tensor.DType
	candidates []engine.Candidate
	inputs     []engine.Input
	outputs    []engine.Output
	options    Options
	counts     map[string]int // nodes in f16, by the file written
}

// NewIslands makes it of a model at path that the built-in engine has prepared for f16. The model must stay open. Of the options it uses Python,
// Threads, Timeout and Temp.
func NewIslands(ctx context.Context, path string, m *builtin.Model, own *builtin.Engine, shapes map[string][]int, o Options) (*Islands, error) {
	if m.ONNX() == nil {
		return nil, fmt.Errorf("%s is no ONNX model: only one is written in f16 with what stays in f32", path)
	}
	if err := m.ONNX().CanRound(tensor.F16); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	g, err := m.Graph(shapes)
	if err != nil {
		return nil, err
	}
	i := &Islands{path: path, model: m.ONNX(), types: map[string]tensor.DType{}, inputs: m.Inputs(), outputs: own.Outputs(), options: o, counts: map[string]int{}}
	for _, n := range g.Nodes {
		for _, out := range n.Out {
			for _, name := range out.Names {
				i.types[name] = out.Type
			}
		}
	}
	i.candidates, err = own.Candidates(ctx)
	return i, err
}

// Candidates are those of the built-in engine.
func (i *Islands) Candidates(context.Context) ([]engine.Candidate, error) { return i.candidates, nil }

// Forms is the one form that there is.
func (i *Islands) Forms() []string { return []string{IslandsForm} }

// Write writes the model with the nodes of the file of which enforced candidates are made, and none other, in f16.
func (i *Islands) Write(_ context.Context, _ string, enforced engine.Set, path string) error {
	reduced := map[string]bool{}
	for p, c := range i.candidates {
		for _, name := range append([]string{c.Name}, c.From...) {
			if enforced.Has(p) {
				reduced[onnx.NodeName(name)] = true
			}
		}
	}
	for p, c := range i.candidates {
		for _, name := range append([]string{c.Name}, c.From...) {
			if !enforced.Has(p) {
				delete(reduced, onnx.NodeName(name))
			}
		}
	}
	model, nodes, err := i.model.Half(func(name string) bool { return reduced[name] }, i.types)
	if err != nil {
		return err
	}
	i.counts[path] = nodes
	return tensor.WriteWhole(path, func(w io.Writer) error { _, err := w.Write(model); return err })
}

// Ship readies a file to be run as any program does; "" is the model's own: as it is for f32, with all that can be in f16 else.
func (i *Islands) Ship(ctx context.Context, path string, precision tensor.DType) (*Plain, error) {
	w, err := script.Start(ctx, i.options.Python)
	if err != nil {
		return nil, err
	}
	p := &Plain{path: path, threads: max(i.options.Threads, 1), version: w.Version}
	if p.session, err = script.Session(i.options.Python, w, i.options.Temp); err != nil {
		w.Kill()
		return nil, err
	}
	p.session.Inputs, p.session.Outputs, p.session.Timeout = i.inputs, i.outputs, i.options.Timeout
	switch {
	case path == "" && precision == tensor.F32:
		p.path = i.path
	case path == "":
		p.path = filepath.Join(p.session.Folder.Path, "whole.onnx")
		if err := i.Write(ctx, IslandsForm, engine.All(len(i.candidates)), p.path); err != nil {
			_ = p.Close() // err tells more
			return nil, err
		}
	}
	p.reduced = i.counts[p.path]
	p.kept = i.model.Nodes() - p.reduced
	p.path, err = filepath.Abs(p.path)
	return p, err
}

// Version returns that of the ONNX Runtime.
func (i *Islands) Version(ctx context.Context) (string, error) { return Version(ctx, i.options.Python) }

// Close closes the model's file.
func (i *Islands) Close() error { return i.model.Close() }

// A Plain runs a model file as any program does. It has no candidates: what is reduced is for the file to say.
type Plain struct {
	path          string
	threads       int
	version       string
	session       *python.Session
	reduced, kept int
	seconds       float64
}

// Candidates returns none.
func (p *Plain) Candidates(context.Context) ([]engine.Candidate, error) { return nil, nil }

// Run runs the file on s, whatever the set.
func (p *Plain) Run(ctx context.Context, _ engine.Set, s engine.Sample) (engine.Observation, error) {
	var names []string
	for _, in := range p.session.Inputs {
		names = append(names, in.Name)
	}
	var a struct{ Seconds float64 }
	request := map[string]any{"op": "plain", "model": p.path, "threads": p.threads, "inputs": names}
	o, err := p.session.Run(ctx, s, func() (map[string]any, error) { return request, nil }, &a)
	if err == nil {
		p.seconds = a.Seconds
	}
	return o, err
}

// Latency is the time of the fastest inference so far, in seconds.
func (p *Plain) Latency() float64 { return p.seconds }

// Precisions counts the nodes of the file that are in f16, and the others.
func (p *Plain) Precisions() (reduced, kept int) { return p.reduced, p.kept }

// Close ends the worker and removes its files.
func (p *Plain) Close() error { return p.session.Close() }
