package openvino

import (
	"context"
	"fmt"

	"halfway/engine"
	"halfway/engine/python"
)

// A Plain runs a model file as any program does: read, compiled in the default mode for a precision, run. It has no candidates: what is reduced is
// for the file to say. It is not for several goroutines.
type Plain struct {
	model   *Model
	hint    string
	threads int
	session *python.Session

	properties map[string]string
	rows       []row
	seconds    float64
}

// Plain readies the model to be run as it is, under the hint f32 or bf16. Of the options it uses Threads, Timeout and Temp. Outputs names those of
// the model, which may have lost them; nil: its own.
func (m *Model) Plain(hint string, o Options, outputs []engine.Output) (*Plain, error) {
	if outputs != nil && len(outputs) != len(m.outputs) {
		return nil, fmt.Errorf("%s has %d outputs, expected %d", m.path, len(m.outputs), len(outputs))
	}
	if outputs != nil {
		m.outputs = outputs
	}
	session, err := m.session(o)
	if err != nil {
		return nil, err
	}
	return &Plain{model: m, hint: hint, threads: max(o.Threads, 1), session: session}, nil
}

// Candidates returns none.
func (p *Plain) Candidates(context.Context) ([]engine.Candidate, error) { return nil, nil }

// Run runs the file on s, whatever the set.
func (p *Plain) Run(ctx context.Context, _ engine.Set, s engine.Sample) (engine.Observation, error) {
	var a struct {
		answer
		Seconds float64
	}
	request := map[string]any{"op": "plain", "model": p.model.path, "hint": p.hint, "threads": p.threads, "properties": p.given()}
	o, err := p.session.Run(ctx, s, func() (map[string]any, error) { return request, nil }, &a)
	if err == nil {
		p.rows, p.seconds = a.Nodes, a.Seconds
	}
	return o, err
}

// given are the properties beside the hint.
func (p *Plain) given() map[string]string {
	if p.properties == nil {
		return map[string]string{}
	}
	return p.properties
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
func (p *Plain) Close() error { return p.session.Close() }
