package bisect

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"halfway/engine"
	"halfway/patterns"
)

// A Writer writes the model of an engine with some of its nodes kept in f32.
type Writer interface {
	Candidates(context.Context) ([]engine.Candidate, error)
	Forms() []string // what the model may be written as, the one first that is to be tried first

	// Write writes the model with the candidates outside of enforced kept in f32 to path, and files that belong to it beside it, by names that differ
	// in the extension alone.
	Write(ctx context.Context, form string, enforced engine.Set, path string) error
}

// A Runtime runs a model file as any program does.
type Runtime interface {
	engine.Engine
	Latency() float64                // seconds of the fastest inference
	Precisions() (reduced, kept int) // nodes that ran in the reduced precision, and in f32
	Close() error
}

// A Patch says what is to be repaired, and how.
type Patch struct {
	Writer Writer
	// Open readies a file to be run, "" the model as it is, with properties beside the precision. Nil: nothing is run.
	Open     func(ctx context.Context, path, precision string, properties map[string]string) (Runtime, error)
	Observe  func(context.Context, engine.Sample) (engine.Observation, error) // the reference, where the model as it is crashes in f32; may be nil
	Settings patterns.Settings
	Fallback map[string]string // what the runtime is given where no form holds in its default mode; nil: nothing
	Reduced  string            // the precision of what is not kept
	Forms    []string          // those to try; nil: all that the writer has
	Samples  []engine.Sample
	Judge    Judge
	Output   string // the file to write
	Progress func(Event)
}

// Patched is what became of it.
type Patched struct {
	Candidates int       `json:"candidates"`
	Kept       int       `json:"kept"`     // of the candidates, in f32
	F32        *Shipped  `json:"f32"`      // the model as it is, in f32: the reference; nil where nothing is run
	Reduced    *Shipped  `json:"reduced"`  // the same in the reduced precision
	Attempts   []Attempt `json:"attempts"` // in their order; the last one holds when Output is set
	Output     string    `json:"output"`   // the repaired model; "" when none held
	Verified   bool      `json:"verified"` // whether it was run
}

// Shipped is what a file is worth that is run as any program runs it.
type Shipped struct {
	Probe
	Accept       []string `json:"accept"`
	Seconds      float64  `json:"seconds"`       // of the fastest inference
	ReducedNodes int      `json:"reduced_nodes"` // as the runtime executes them
	KeptNodes    int      `json:"f32_nodes"`
}

// An Attempt is a repaired model in one form.
type Attempt struct {
	Form       string            `json:"form"`
	Properties map[string]string `json:"properties"` // that the runtime was given beside the precision
	Shipped
}

// Run writes the repaired model in one form after another, and runs it as it ships, until one meets the rules: that one is moved to its place. Where
// none does in the runtime's default mode, all are run with Fallback. Where nothing is run the first form that can be written stays. Where the model breaks in f32 already nothing is tried.
func (p Patch) Run(ctx context.Context) (*Patched, error) {
	candidates, err := p.Writer.Candidates(ctx)
	if err != nil {
		return nil, err
	}
	enforced, err := Admitted(candidates, p.Settings)
	if err != nil {
		return nil, err
	}
	r := &Patched{Candidates: len(candidates), Kept: len(candidates) - enforced.Len(), Verified: p.Open != nil}
	run := &patching{Patch: p}
	if p.Open != nil {
		if r.F32, err = run.reference(ctx); err != nil {
			return nil, fmt.Errorf("running the model in f32: %w", err)
		}
		if r.Reduced, err = run.ship(ctx, "", p.Reduced, nil); err != nil {
			return nil, fmt.Errorf("running the model in %s: %w", p.Reduced, err)
		}
	}
	r.Attempts = []Attempt{}
	if r.F32 != nil && r.F32.Verdict.Bad() { // no form can hold
		return r, nil
	}
	modes := []map[string]string{{}}
	if p.Open != nil && p.Fallback != nil {
		modes = append(modes, p.Fallback)
	}
	for _, properties := range modes {
		for _, form := range p.Writer.Forms() {
			if p.Forms != nil && !slices.Contains(p.Forms, form) {
				continue
			}
			a, written, err := run.attempt(ctx, form, properties, enforced)
			if err != nil {
				return nil, err
			}
			r.Attempts = append(r.Attempts, *a)
			if written {
				r.Output = p.Output
				return r, nil
			}
		}
	}
	return r, nil
}

// patching is a Patch that is running.
type patching struct {
	Patch
	outputs [][]engine.Output // reference
}

// reference runs the model as it is in f32. Where that crashes the runtime, what its own engine shows is the reference.
func (p *patching) reference(ctx context.Context) (*Shipped, error) {
	s, err := p.ship(ctx, "", "f32", nil)
	f, crashed := errors.AsType[*engine.Failure](err)
	if !crashed || p.Observe == nil {
		return s, err
	}
	p.outputs = nil
	for _, sample := range p.Samples {
		o, err := p.Observe(ctx, sample)
		if err != nil {
			return nil, err
		}
		p.outputs = append(p.outputs, o.Outputs)
	}
	return &Shipped{Probe: Probe{Verdict: Crash, Detail: f.Detail}, Accept: []string{}}, nil
}

// attempt writes the model in a form beside its place, runs it as it is, and moves it there when it holds.
func (p *patching) attempt(ctx context.Context, form string, properties map[string]string, enforced engine.Set) (a *Attempt, written bool, err error) {
	folder, err := os.MkdirTemp(filepath.Dir(p.Output), ".halfway-patch-")
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	a = &Attempt{Form: form, Properties: properties, Shipped: Shipped{Probe: Probe{Verdict: Skipped}}}
	file := filepath.Join(folder, filepath.Base(p.Output))
	if err := p.Writer.Write(ctx, form, enforced, file); err != nil {
		if ctx.Err() != nil {
			return nil, false, err
		}
		a.Detail = err.Error()
		return a, false, nil
	}
	if p.Open != nil {
		s, err := p.ship(ctx, file, p.Reduced, properties)
		if f, ok := errors.AsType[*engine.Failure](err); ok {
			a.Verdict, a.Detail = Crash, f.Detail
		} else if err != nil {
			return nil, false, err
		} else {
			a.Shipped = *s
		}
		if a.Verdict != Pass {
			return a, false, nil
		}
	}
	return a, true, move(folder, p.Output)
}

// move moves the files in folder to where path is, that of its name last.
func move(folder, path string) error {
	files, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	slices.SortStableFunc(files, func(a, b os.DirEntry) int {
		return map[bool]int{true: 1}[a.Name() == filepath.Base(path)] - map[bool]int{true: 1}[b.Name() == filepath.Base(path)]
	})
	for _, f := range files {
		if err := os.Rename(filepath.Join(folder, f.Name()), filepath.Join(filepath.Dir(path), f.Name())); err != nil {
			return err
		}
	}
	return nil
}

// ship runs the file as any program does. The first one is the reference.
func (p *patching) ship(ctx context.Context, path, precision string, properties map[string]string) (s *Shipped, err error) {
	runtime, err := p.Open(ctx, path, precision, properties)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, runtime.Close()) }()
	if p.outputs == nil {
		for _, sample := range p.Samples {
			o, err := runtime.Run(ctx, engine.Set{}, sample)
			if err != nil {
				return s, err
			}
			p.outputs = append(p.outputs, o.Outputs)
		}
	}
	c, err := Check(ctx, Config{Engine: runtime, Samples: p.Samples, Reference: p.outputs, Judge: p.Judge, Progress: p.Progress}, patterns.Settings{})
	if err != nil {
		return s, err
	}
	s = &Shipped{Probe: c.Probe, Accept: c.Accept, Seconds: runtime.Latency()}
	s.ReducedNodes, s.KeptNodes = runtime.Precisions()
	return s, nil
}
