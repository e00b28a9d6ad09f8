package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"halfway/engine"
	"halfway/engine/openvino"
)

// errInterrupted is the cause with which a signal ends a command's context.
var errInterrupted = errors.New("interrupted")

// interruptible is ctx until the process is interrupted, asked to terminate, or loses its terminal (but for nohup). A second signal ends the
// process at once. A reader that leaves standard output or error does not end it: what it was to read fails to be written, files are still whole.
func interruptible(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // not Ignore, which programs that are started would inherit
	go func() {
		<-signals
		signal.Stop(signals)
		cancel(errInterrupted)
	}()
	return ctx, func() { signal.Stop(signals) }
}

// promptly runs f, which reads files and prepares models, and knows nothing of ctx. When ctx ends it returns without waiting for f, whose
// result is then of no use to anybody.
func promptly(ctx context.Context, f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// patience is how long an engine may take to notice that a run was cancelled.
const patience = 300 * time.Millisecond

// A prompt engine leaves a run behind that does not notice soon that it was cancelled, for example within one large convolution. The
// process ends soon after, so the model's mapped weights are not closed: such a run may still read them.
type prompt struct{ engine.Engine }

// Run runs the engine, and returns soon after ctx ends.
func (p prompt) Run(ctx context.Context, set engine.Set, s engine.Sample) (engine.Observation, error) {
	return soon(ctx, func() (engine.Observation, error) { return p.Engine.Run(ctx, set, s) })
}

// Predict is the engine's own forecast, none where it makes none, and returns soon after ctx ends.
func (p prompt) Predict(ctx context.Context, set engine.Set, s engine.Sample) (engine.Forecast, error) {
	e, ok := p.Engine.(engine.Predictor)
	if !ok {
		return engine.Forecast{}, nil
	}
	return soon(ctx, func() (engine.Forecast, error) { return e.Predict(ctx, set, s) })
}

// soon returns what f does, which it leaves behind when it is not done soon after ctx ends.
func soon[T any](ctx context.Context, f func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := f()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
	}
	select {
	case r := <-done:
		return r.value, r.err
	case <-time.After(patience):
		var none T
		return none, fmt.Errorf("left behind: %w", context.Cause(ctx))
	}
}

// Seconds is the engine's own estimate.
func (p prompt) Seconds(probes int, samples []engine.Sample) float64 {
	return engine.Estimate(p.Engine, probes, samples)
}

// searched is the engine as a search gets it: the built-in one is made prompt, others end their processes by themselves.
func searched(r runner) engine.Engine {
	switch e := r.(type) {
	case programRunner:
		return e.Engine
	case *openvino.Engine:
		return e
	}
	return prompt{r}
}
