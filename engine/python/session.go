package python

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"halfway/engine"
)

// A Session is what an engine has of a script: one worker at a time, replaced after its end when it is needed again, and the folder of its arrays.
// Runs queue. Several goroutines may use it once its fields are set.
type Session struct {
	Folder  *Folder
	Inputs  []engine.Input                       // of the model
	Outputs []engine.Output                      // described
	Timeout time.Duration                        // of one run; 0: no limit
	Ready   func(context.Context, *Worker) error // prepares a worker that was started in place of another; nil: nothing to do

	script Script
	python string
	turn   chan struct{} // holds one element: whoever takes it may use what follows
	worker *Worker       // nil or dead: to be started
	served int           // runs that it answered
	first  []engine.Output
	closed bool
}

// Session makes a session in a Python interpreter, with a private folder below temp ("": the system's). Its first worker is w; nil: to be started.
func (s Script) Session(python string, w *Worker, temp string) (*Session, error) {
	folder, err := NewFolder(temp, "halfway-"+s.Engine+"-")
	if err != nil {
		return nil, err
	}
	session := &Session{Folder: folder, script: s, python: python, worker: w, turn: make(chan struct{}, 1)}
	session.turn <- struct{}{}
	return session, nil
}

// Do waits for its turn and has f talk to a worker that lives, as far as can be known.
func (s *Session) Do(ctx context.Context, f func(*Worker) error) error {
	select {
	case <-s.turn:
		defer func() { s.turn <- struct{}{} }()
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if s.closed {
		return fmt.Errorf("the engine %s is closed", s.script.Engine)
	}
	if err := s.revive(ctx); err != nil {
		return err
	}
	return f(s.worker)
}

// revive starts a new worker where the last one ended.
func (s *Session) revive(ctx context.Context) error {
	if s.worker != nil && !s.worker.Dead() {
		return nil
	}
	w, err := s.script.Start(ctx, s.python)
	if err != nil {
		return err
	}
	if s.Ready != nil {
		err = s.Ready(ctx, w)
	}
	if err != nil {
		w.Kill()
		return err
	}
	s.worker, s.served = w, 0
	return nil
}

// Run runs the model on a sample by the request that its function makes when the turn has come, to which the files of the inputs are added. The
// outputs are returned; what else is in the worker's answer is decoded into answer, a pointer to a struct. It fails as Ask does. A worker that dies
// after it served other runs may do so for what came before: the run is made again by a new one, whose death counts.
func (s *Session) Run(ctx context.Context, sample engine.Sample, request func() (map[string]any, error), answer any) (o engine.Observation, err error) {
	for again := true; again; {
		again = false // also where it does not come to a run
		err = s.Do(ctx, func(w *Worker) error {
			o, err = s.run(ctx, w, sample, request, answer)
			f, failed := errors.AsType[*engine.Failure](err)
			again = failed && f.Kind == engine.Crash && w.Dead() && s.served > 0
			if err == nil {
				s.served++
			}
			return err
		})
	}
	return o, err
}

func (s *Session) run(ctx context.Context, w *Worker, sample engine.Sample, request func() (map[string]any, error), answer any) (o engine.Observation,
	err error) {
	inferences, err := s.Folder.Write(s.Inputs, sample)
	if err != nil {
		return o, err
	}
	r, err := request()
	if err != nil {
		return o, err
	}
	r["inferences"], r["folder"] = inferences, s.Folder.Path
	var line json.RawMessage
	if err := w.Ask(ctx, s.Timeout, r, &line); err != nil {
		return o, err
	}
	var written struct{ Outputs []Array }
	if err := errors.Join(json.Unmarshal(line, &written), json.Unmarshal(line, answer)); err != nil {
		return o, useless(err)
	}
	if want := len(s.Outputs) * len(inferences); len(written.Outputs) != want {
		return o, useless(fmt.Errorf("%d outputs came, expected %d", len(written.Outputs), want))
	}
	if o, err = s.Folder.Read(s.Outputs, written.Outputs); err == nil {
		err = s.compare(o.Outputs[:len(s.Outputs)])
	}
	if err != nil {
		return o, useless(err)
	}
	return o, nil
}

// compare holds the outputs of a run against those of the first one: their types and ranks are the model's, sizes may be dynamic.
func (s *Session) compare(outputs []engine.Output) error {
	if s.first == nil {
		s.first = outputs
	}
	for i, o := range outputs {
		was, is := s.first[i].Tensor, o.Tensor
		if was.Type != is.Type || len(was.Shape) != len(is.Shape) {
			return fmt.Errorf("output %q is %s of shape %v, it was %s of %v before", o.Name, is.Type, is.Shape, was.Type, was.Shape)
		}
	}
	return nil
}

// useless is the failure of a run whose worker answered, but not what it was asked for.
func useless(err error) error {
	return &engine.Failure{Kind: engine.Crash, Detail: "the worker's outputs cannot be used: " + err.Error()}
}

// Close waits for the run that is going on, ends the worker and removes the folder. A second Close does nothing.
func (s *Session) Close() error {
	<-s.turn
	defer func() { s.turn <- struct{}{} }()
	if s.closed {
		return nil
	}
	s.closed = true
	if s.worker != nil {
		s.worker.Kill()
	}
	return s.Folder.Remove()
}
