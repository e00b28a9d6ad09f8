package openvino

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"

	"halfway/engine"
	"halfway/engine/program"
)

//go:embed worker.py
var script string

const (
	maxAnswer   = 256 << 20 // bytes of one line of the worker's
	errorBytes  = 16 << 10  // last bytes kept of its errors
	errorLines  = 8
	startupTime = 2 * time.Minute
	grace       = 2 * time.Second
)

// A worker is a Python process that runs worker.py: one request at a time, each answered by one line.
type worker struct {
	python  string
	version string // of OpenVINO
	cmd     *exec.Cmd
	in      io.WriteCloser
	answers chan []byte // closed at the worker's end
	ended   chan struct{}
	stderr  *program.Tail
}

// startWorker starts Python and waits until it has imported OpenVINO.
func startWorker(ctx context.Context, python string) (*worker, error) {
	w := &worker{python: python, answers: make(chan []byte), ended: make(chan struct{}), stderr: &program.Tail{Most: errorBytes}}
	w.cmd = exec.Command(python, "-X", "utf8", "-u", "-c", script)
	program.InGroup(w.cmd)
	w.cmd.Stderr, w.cmd.WaitDelay = w.stderr, grace
	in, err := w.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	w.in = in
	if err := w.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting Python for the engine openvino: %w: name an interpreter by --python PATH", err)
	}
	go w.listen(out)
	var hello struct{ Version, Missing, Error string }
	if err := w.receive(ctx, startupTime, &hello); err != nil {
		w.kill()
		return nil, fmt.Errorf("starting %s: %w", python, err)
	}
	if hello.Missing != "" {
		w.kill()
		return nil, fmt.Errorf("%s cannot import %s (%s): install it with '%s -m pip install openvino', or name another interpreter by --python PATH",
			python, hello.Missing, hello.Error, python)
	}
	w.version = hello.Version
	return w, nil
}

// listen passes on the lines that the worker prints, until it ends.
func (w *worker) listen(out io.Reader) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, maxAnswer)
	for lines.Scan() {
		select {
		case w.answers <- append([]byte{}, lines.Bytes()...):
		case <-w.ended:
		}
	}
	program.KillGroup(w.cmd)
	_ = w.cmd.Wait() // how it ended is in ProcessState
	close(w.answers)
}

// ask sends a request and reads its answer. Its error is a *engine.Failure where the worker died, took too long (limit 0: no limit) or refused; a
// worker that did not answer is ended.
func (w *worker) ask(ctx context.Context, limit time.Duration, request map[string]any, answer any) error {
	line, err := json.Marshal(request)
	if err != nil {
		return err
	}
	go func() { _, _ = w.in.Write(append(line, '\n')) }() // fails where the worker has ended, which its answers tell
	return w.receive(ctx, limit, answer)
}

func (w *worker) receive(ctx context.Context, limit time.Duration, answer any) error {
	var late <-chan time.Time
	if limit > 0 {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		late = timer.C
	}
	select {
	case line, ok := <-w.answers:
		if !ok {
			w.kill()
			return &engine.Failure{Kind: engine.Crash, Detail: w.detail("the worker ended: " + w.cmd.ProcessState.String())}
		}
		return w.decode(line, answer)
	case <-late:
		w.kill()
		return &engine.Failure{Kind: engine.Timeout, Detail: w.detail(fmt.Sprintf("no answer after %v", limit))}
	case <-ctx.Done():
		w.kill()
		return context.Cause(ctx)
	}
}

func (w *worker) decode(line []byte, answer any) error {
	var refusal struct{ Error, Missing string }
	if err := json.Unmarshal(line, &refusal); err != nil {
		w.kill()
		return &engine.Failure{Kind: engine.Crash, Detail: w.detail("the worker's answer cannot be read: " + err.Error())}
	}
	if refusal.Error != "" && refusal.Missing == "" {
		return &engine.Failure{Kind: engine.Crash, Detail: refusal.Error}
	}
	return json.Unmarshal(line, answer)
}

func (w *worker) detail(what string) string {
	if lines := w.stderr.Lines(errorLines); lines != "" {
		what += "; its last errors: " + lines
	}
	return what
}

// kill ends the worker and all that it started. It may be called again.
func (w *worker) kill() {
	select {
	case <-w.ended:
	default:
		close(w.ended)
	}
	program.KillGroup(w.cmd)
	for range w.answers { // to its end, so that nothing of it is left
	}
}

// dead reports whether the worker was ended.
func (w *worker) dead() bool {
	select {
	case <-w.ended:
		return true
	default:
		return false
	}
}

// refusal is the text of a failed request that is no probe.
func refusal(err error) error {
	var f *engine.Failure
	if errors.As(err, &f) {
		return errors.New(f.Detail)
	}
	return err
}

// Version returns the version of the OpenVINO that a Python interpreter has. Its error says what is missing, and what would help.
func Version(ctx context.Context, python string) (string, error) {
	w, err := startWorker(ctx, python)
	if err != nil {
		return "", err
	}
	w.kill()
	return w.version, nil
}
