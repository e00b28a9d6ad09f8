// Package python is what engines share that run a model in a package of the user's Python: one long-lived worker process that answers requests,
// one JSON object a line, and a private folder through which arrays travel as .npy files.
//
// A worker that dies, hangs or answers nonsense is a classified engine.Failure, and is ended with all that it started; it does not outlive this
// process either, where the system allows that.
package python

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"halfway/engine"
	"halfway/engine/program"
)

const (
	maxAnswer   = 64 << 20 // bytes of one line of the worker's
	errorBytes  = 16 << 10 // last bytes kept of its errors
	errorLines  = 8
	startupTime = 2 * time.Minute
	grace       = 2 * time.Second
)

// A Script is the program of workers of one kind. It greets with one line: {"version": V} of its package, or {"missing": PACKAGE, "error": TEXT}.
type Script struct {
	Engine  string // that it serves, for messages: "openvino"
	Package string // to install, as pip calls it
	Text    string // which ends in a call of serve, see serve.py
}

//go:embed serve.py
var serve string

// A Worker is a Python process that runs a script: one request at a time, each answered by one line.
type Worker struct {
	Version string // of the package

	python  string
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     io.ReadCloser
	asked   int              // requests so far; each answer has the number of its request
	answers chan []byte      // closed at the worker's end
	unread  error            // why what it printed cannot be read; after its end
	ended   chan struct{}    // closed by Kill
	gone    chan struct{}    // closed when the process is no more
	state   *os.ProcessState // how it ended, once it is gone
	stderr  *program.Tail
}

// Start starts the script in a Python interpreter and waits until it has imported its package. Its error says what is missing, and what would help.
func (s Script) Start(ctx context.Context, python string) (*Worker, error) {
	w := &Worker{python: python, answers: make(chan []byte), ended: make(chan struct{}), gone: make(chan struct{}),
		stderr: &program.Tail{Most: errorBytes}}
	w.cmd = exec.Command(python, "-X", "utf8", "-u", "-c", serve+s.Text)
	program.InGroup(w.cmd)
	w.cmd.Stderr, w.cmd.WaitDelay = w.stderr, grace
	in, err := w.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	w.in, w.out, w.cmd.Stdout = in, out, write
	err = program.Start(w.cmd, w.gone)
	_ = write.Close() // the process has its own
	if err != nil {
		_ = out.Close() // err tells more
		return nil, fmt.Errorf("starting Python for the engine %s: %w: name an interpreter by --python PATH", s.Engine, err)
	}
	go w.wait()
	go w.listen()
	var hello struct{ Version, Missing, Error string }
	if err := w.receive(ctx, startupTime, &hello); err != nil {
		w.Kill()
		return nil, fmt.Errorf("starting %s: %w", python, err)
	}
	if hello.Missing != "" {
		w.Kill()
		return nil, fmt.Errorf("%s cannot import %s (%s): install it with '%s -m pip install %s', or name another interpreter by --python PATH",
			python, hello.Missing, hello.Error, python, s.Package)
	}
	w.Version = hello.Version
	return w, nil
}

// wait waits for the worker's end, and ends what it started: that may hold its standard output open.
func (w *Worker) wait() {
	w.state, _ = w.cmd.Process.Wait() // fails only for a process that is not ours
	program.KillGroup(w.cmd)
	_ = w.cmd.Wait() // for the rest of its errors
	close(w.gone)
}

// listen passes on the lines that the worker prints, until it ends.
func (w *Worker) listen() {
	lines := bufio.NewScanner(w.out)
	lines.Buffer(nil, maxAnswer)
	for lines.Scan() {
		select {
		case w.answers <- append([]byte{}, lines.Bytes()...):
		case <-w.ended:
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		w.unread = fmt.Errorf("the worker printed a line of more than %d bytes", maxAnswer)
	}
	_ = w.out.Close() // nothing is written to it
	program.KillGroup(w.cmd)
	<-w.gone
	close(w.answers)
}

// Ask sends a request and reads its answer. Its error is a *engine.Failure where the worker died, took too long (limit 0: no limit) or refused; a
// worker that did not answer is ended.
func (w *Worker) Ask(ctx context.Context, limit time.Duration, request map[string]any, answer any) error {
	w.asked++
	request["id"] = w.asked
	line, err := json.Marshal(request)
	if err != nil {
		return err
	}
	go func() { _, _ = w.in.Write(append(line, '\n')) }() // fails where the worker has ended, which its answers tell
	return w.receive(ctx, limit, answer)
}

func (w *Worker) receive(ctx context.Context, limit time.Duration, answer any) error {
	var late <-chan time.Time
	if limit > 0 {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		late = timer.C
	}
	select {
	case line, ok := <-w.answers:
		if !ok {
			w.Kill()
			if w.unread != nil {
				return w.failure(engine.Crash, w.unread.Error())
			}
			return w.failure(engine.Crash, "the worker ended: "+w.state.String())
		}
		return w.decode(line, answer)
	case <-late:
		w.Kill()
		return w.failure(engine.Timeout, fmt.Sprintf("no answer after %v", limit))
	case <-ctx.Done():
		w.Kill()
		return context.Cause(ctx)
	}
}

func (w *Worker) decode(line []byte, answer any) error {
	var refusal struct {
		ID             int
		Error, Missing string
	}
	err := json.Unmarshal(line, &refusal)
	if err == nil && refusal.ID != w.asked {
		err = fmt.Errorf("it is of request %d, not %d", refusal.ID, w.asked)
	}
	if err != nil {
		w.Kill()
		return w.failure(engine.Crash, "the worker's answer cannot be read: "+err.Error())
	}
	if refusal.Error != "" && refusal.Missing == "" {
		return &engine.Failure{Kind: engine.Crash, Detail: refusal.Error}
	}
	return json.Unmarshal(line, answer)
}

func (w *Worker) failure(kind engine.FailureKind, what string) error {
	if lines := w.stderr.Lines(errorLines); lines != "" {
		what += "; its last errors: " + lines
	}
	return &engine.Failure{Kind: kind, Detail: what}
}

// Kill ends the worker and all that it started. It may be called again.
func (w *Worker) Kill() {
	select {
	case <-w.ended:
	default:
		close(w.ended)
	}
	program.KillGroup(w.cmd)
	fled := time.AfterFunc(grace, func() { _ = w.out.Close() }) // what left the group may hold it open
	defer fled.Stop()
	for range w.answers { // to its end, so that nothing of it is left
	}
}

// Dead reports whether the worker ended, or was ended.
func (w *Worker) Dead() bool {
	select {
	case <-w.ended:
		return true
	case <-w.gone:
		return true
	default:
		return false
	}
}

// Refusal is the text of a failed request that is no probe.
func Refusal(err error) error {
	var f *engine.Failure
	if errors.As(err, &f) {
		return errors.New(f.Detail)
	}
	return err
}

// Probe returns the version of the package that a Python interpreter has. It fails as Start does.
func (s Script) Probe(ctx context.Context, python string) (string, error) {
	w, err := s.Start(ctx, python)
	if err != nil {
		return "", err
	}
	w.Kill()
	return w.Version, nil
}
