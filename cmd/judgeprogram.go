package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"halfway/bisect"
	"halfway/engine"
	"halfway/engine/program"
	"halfway/engine/tensor"
)

// A judgeProgram is a program of the user's that looks at the outputs of a run.
type judgeProgram struct {
	ctx  context.Context
	args []string

	mutex      sync.Mutex
	references map[int]string // file by sample
	folder     string
}

// parseJudge reads --judge.
func parseJudge(ctx context.Context, line string) (*judgeProgram, error) {
	args, err := words(line)
	if err != nil {
		return nil, usage(fmt.Errorf("--judge: %w", err))
	}
	if len(args) == 0 {
		return nil, usage(errors.New("--judge is empty: give a program and its arguments, such as './judge.py {reference} {output}'"))
	}
	if !strings.Contains(strings.Join(args, " "), "{output}") {
		args = append(args, "{output}")
	}
	return &judgeProgram{ctx: ctx, args: args, references: map[int]string{}}, nil
}

func (p *judgeProgram) judge(name string) bisect.Judge {
	return bisect.NewProgram(name, p.run)
}

// close removes the files.
func (p *judgeProgram) close() error {
	if p == nil || p.folder == "" {
		return nil
	}
	return os.RemoveAll(p.folder)
}

// run gives the program the outputs as .npz files and returns its exit status.
func (p *judgeProgram) run(sample int, reference, got []engine.Output) (status int, err error) {
	folder, err := p.probe()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	output := filepath.Join(folder, "output.npz")
	if err := tensor.WriteNPZ(output, numbered(got)); err != nil {
		return 0, err
	}
	expected, err := p.reference(sample, reference)
	if err != nil {
		return 0, err
	}
	values := strings.NewReplacer("{output}", output, "{reference}", expected, "{sample}", fmt.Sprint(sample))
	var args []string
	for _, a := range p.args {
		args = append(args, values.Replace(a))
	}
	cmd := exec.CommandContext(p.ctx, args[0], args[1:]...)
	errs := &program.Tail{Most: 4096}
	cmd.Stderr = errs
	program.InGroup(cmd)
	cmd.Cancel = func() error { program.KillGroup(cmd); return nil }
	cmd.WaitDelay = 2 * time.Second
	runErr := program.Run(cmd)
	program.KillGroup(cmd)
	switch {
	case p.ctx.Err() != nil:
		return 0, p.ctx.Err()
	case cmd.ProcessState == nil:
		return 0, fmt.Errorf("starting it: %w", runErr)
	}
	status = cmd.ProcessState.ExitCode()
	if lines := strings.TrimSpace(errs.Lines(5)); lines != "" && (status < 0 || status > 125) {
		return 0, fmt.Errorf("%s; its last errors: %s", cmd.ProcessState, lines)
	}
	return status, nil
}

// probe makes a folder for one call.
func (p *judgeProgram) probe() (string, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.folder == "" {
		folder, err := os.MkdirTemp("", "halfway-judge-")
		if err != nil {
			return "", err
		}
		p.folder = folder
	}
	return os.MkdirTemp(p.folder, "probe-")
}

// reference is the file with the reference outputs of a sample.
func (p *judgeProgram) reference(sample int, outputs []engine.Output) (string, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if path, ok := p.references[sample]; ok {
		return path, nil
	}
	path := filepath.Join(p.folder, fmt.Sprintf("reference-%d.npz", sample))
	if err := tensor.WriteNPZ(path, numbered(outputs)); err != nil {
		return "", err
	}
	p.references[sample] = path
	return path, nil
}

// numbered names outputs as archives do. Those of several inferences come one after the other.
func numbered(outputs []engine.Output) []tensor.Named {
	inferences := 0
	for _, o := range outputs {
		if o.Name == outputs[0].Name {
			inferences++
		}
	}
	return engine.Sample{Then: make([]map[string]*tensor.Tensor, max(inferences-1, 0))}.Arrays(outputs)
}
