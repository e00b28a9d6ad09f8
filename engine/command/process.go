package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"halfway/engine"
	"halfway/engine/program"
	"halfway/engine/tensor"
	"halfway/patterns"
)

const (
	maxStdout     = 64 << 20 // bytes kept of what a program prints; more ends it
	maxStderr     = 16 << 10 // last bytes kept of its errors
	errorLines    = 12
	grace         = 2 * time.Second
	launcherGrace = 10 * time.Second
)

// A process is a finished run of the program.
type process struct {
	*Engine
	folder string
	output string // path
	stdout []byte
	stderr string
	status int
}

// run starts the program with settings and waits for its end. Its error is a *engine.Failure when the program gave no answer.
func (e *Engine) run(ctx context.Context, settings patterns.Settings, s engine.Sample) (p *process, err error) {
	input, err := e.sampleFile(s)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp(e.folder.Path, "probe-")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(folder))
		}
	}()
	p = &process{Engine: e, folder: folder, output: filepath.Join(folder, "output.npz")}
	deadline, cancel := context.WithCancel(ctx)
	if e.Timeout > 0 {
		deadline, cancel = context.WithTimeout(ctx, e.Timeout)
	}
	defer cancel()
	args := e.argv(input, p.output)
	cmd := exec.CommandContext(deadline, args[0], args[1:]...)
	cmd.Env = e.environment(settings, input, p.output)
	stdout, stderr := &capped{most: maxStdout}, &program.Tail{Most: maxStderr}
	stdout.full = cancel
	cmd.Stdout, cmd.Stderr = stdout, stderr
	runErr := e.start(cmd)
	p.stdout, p.stderr = stdout.kept.Bytes(), stderr.Lines(errorLines)
	if cmd.ProcessState != nil {
		p.status = cmd.ProcessState.ExitCode()
	}
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case stdout.overflow:
		return nil, p.failure(engine.Crash, fmt.Sprintf("it printed more than %d bytes", maxStdout))
	case deadline.Err() != nil:
		return nil, p.failure(engine.Timeout, fmt.Sprintf("no end after %v", e.Timeout))
	case cmd.ProcessState == nil:
		return nil, fmt.Errorf("starting %s: %w", args[0], runErr)
	case p.status < 0:
		return nil, p.failure(engine.Crash, cmd.ProcessState.String())
	case p.status == 125:
		return nil, p.failure(engine.Skipped, "exit status 125")
	case p.status != 0 && !e.Status:
		return nil, p.failure(engine.Crash, fmt.Sprintf("exit status %d", p.status))
	}
	return p, nil
}

// start runs the program to its end. A launcher is asked to end what it has launched, which may be out of reach.
func (e *Engine) start(cmd *exec.Cmd) error {
	if len(e.Launcher) > 0 {
		return program.RunGroup(cmd, syscall.SIGTERM, launcherGrace)
	}
	return program.RunGroup(cmd, syscall.SIGKILL, grace)
}

func (p *process) failure(kind engine.FailureKind, what string) error {
	if lines := strings.TrimSpace(p.stderr); lines != "" {
		what += "; its last errors: " + lines
	}
	return &engine.Failure{Kind: kind, Detail: what}
}

// argv is the argument vector of one run.
func (e *Engine) argv(input, output string) []string {
	values := strings.NewReplacer("{model}", e.Model, "{input}", input, "{output}", output, "{precision}", e.Precision)
	args := append([]string{}, e.Launcher...)
	if e.Shell {
		return append(args, "sh", "-c", e.Args[0]) // a shell finds the paths in the variables, where nothing has to be quoted
	}
	for _, a := range e.Args {
		args = append(args, values.Replace(a))
	}
	return args
}

// environment is the caller's, with the settings' variables as they are, set or not.
func (e *Engine) environment(s patterns.Settings, input, output string) []string {
	ours := map[string]*string{patterns.PosVariable: s.Pos, patterns.NegVariable: s.Neg, patterns.CountVariable: nil,
		"HALFWAY_MODEL": &e.Model, "HALFWAY_INPUT": &input, "HALFWAY_OUTPUT": &output, "HALFWAY_PRECISION": &e.Precision}
	if s.Count != nil {
		ours[patterns.CountVariable] = ptr(strconv.Itoa(*s.Count))
	}
	var env []string
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if _, ok := ours[name]; !ok {
			env = append(env, v)
		}
	}
	for _, name := range []string{patterns.PosVariable, patterns.NegVariable, patterns.CountVariable, "HALFWAY_MODEL", "HALFWAY_INPUT", "HALFWAY_OUTPUT",
		"HALFWAY_PRECISION"} {
		if v := ours[name]; v != nil {
			env = append(env, name+"="+*v)
		}
	}
	return env
}

// result reads what the program gave into o.
func (p *process) result(o *engine.Observation) error {
	switch {
	case p.Metric != nil:
		return p.metric(o)
	case p.Status:
		o.Status = &p.status
		return nil
	}
	arrays, err := readOutputs(p.output)
	if err != nil {
		return p.failure(engine.Crash, "its outputs cannot be used: "+err.Error())
	}
	for _, a := range arrays {
		o.Outputs = append(o.Outputs, engine.Output{Name: a.Name, Tensor: a.Tensor})
	}
	return nil
}

func (p *process) metric(o *engine.Observation) error {
	m := p.Metric.FindSubmatch(p.stdout)
	if m == nil {
		return p.failure(engine.Crash, fmt.Sprintf("standard output has nothing that fits %q", p.Metric))
	}
	v, err := strconv.ParseFloat(string(bytes.TrimSpace(m[len(m)-1])), 64)
	if err != nil {
		return p.failure(engine.Crash, fmt.Sprintf("what fits %q on standard output is no number: %q", p.Metric, m[len(m)-1]))
	}
	o.Metric = &v
	return nil
}

// readOutputs reads an .npz archive or an .npy array, which of them its first bytes say.
func readOutputs(path string) ([]tensor.Named, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	head := make([]byte, 6)
	_, err = f.Read(head)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if bytes.HasPrefix(head, []byte("\x93NUMPY")) {
		t, err := tensor.ReadNPYFile(path)
		return []tensor.Named{{Name: "output", Tensor: t}}, err
	}
	return tensor.ReadNPZ(path)
}

// capped keeps what is written up to a number of bytes, then calls full.
type capped struct {
	kept     bytes.Buffer // not embedded: io.Copy would write past the limit by its ReadFrom
	most     int
	overflow bool
	full     func()
}

func (c *capped) Write(b []byte) (int, error) {
	if c.kept.Len()+len(b) > c.most {
		if !c.overflow {
			c.overflow = true
			c.full()
		}
		return len(b), nil // read to its end, so that nothing blocks
	}
	return c.kept.Write(b)
}
