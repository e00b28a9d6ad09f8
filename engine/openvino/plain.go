package openvino

import (
	"context"
	"fmt"
	"time"

	"halfway/engine"
	"halfway/engine/python"
)

// A Plain runs a model file as any program does: read, compiled in the default mode for a precision, run. It has no candidates: what is reduced is
// for the file to say. It is not for several goroutines.
type Plain struct {
	model   *Model
	hint    string
	threads int
	timeout time.Duration
	folder  *python.Folder
	worker  *python.Worker // nil or dead: to be started
	rows    []row
	seconds float64
}

// Plain readies the model to be run as it is, under the hint f32 or bf16. Of the options it uses Threads, Timeout and Temp. Outputs names those of
// the model, which may have lost them; nil: its own.
func (m *Model) Plain(hint string, o Options, outputs []string) (*Plain, error) {
	if outputs != nil && len(outputs) != len(m.outputs) {
		return nil, fmt.Errorf("%s has %d outputs, expected %d", m.path, len(m.outputs), len(outputs))
	}
	if outputs != nil {
		m.outputs = outputs
	}
	folder, err := python.NewFolder(o.Temp, "halfway-openvino-")
	if err != nil {
		return nil, err
	}
	p := &Plain{model: m, hint: hint, threads: max(o.Threads, 1), timeout: o.Timeout, folder: folder, worker: m.worker}
	m.worker = nil
	return p, nil
}

// Candidates returns none.
func (p *Plain) Candidates(context.Context) ([]engine.Candidate, error) { return nil, nil }

// Run runs the file on s, whatever the set.
func (p *Plain) Run(ctx context.Context, _ engine.Set, s engine.Sample) (o engine.Observation, err error) {
	inferences, err := p.folder.Write(p.model.inputs, s)
	if err != nil {
		return o, err
	}
	if p.worker == nil || p.worker.Dead() {
		if p.worker, err = script.Start(ctx, p.model.python); err != nil {
			return o, err
		}
	}
	var a struct {
		answer
		Seconds float64
	}
	request := map[string]any{"op": "plain", "model": p.model.path, "hint": p.hint, "threads": p.threads, "inferences": inferences, "folder": p.folder.Path}
	if err := p.worker.Ask(ctx, p.timeout, request, &a); err != nil {
		return o, err
	}
	p.rows, p.seconds = a.Nodes, a.Seconds
	return p.folder.Read(p.model.outputs, a.Outputs)
}

// Latency is the time of the fastest inference so far, in seconds.
func (p *Plain) Latency() float64 { return p.seconds }

// Precisions counts the nodes of the execution graph that run in bf16, and those in f32.
func (p *Plain) Precisions() (reduced, kept int) {
	for _, r := range p.rows {
		switch {
		case r.reduced():
			reduced++
		case r.precision == "f32":
			kept++
		}
	}
	return reduced, kept
}

// Close ends the worker and removes its files.
func (p *Plain) Close() error {
	if p.worker != nil {
		p.worker.Kill()
	}
	return p.folder.Remove()
}
