package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"halfway/engine"
	"halfway/engine/program"
	"halfway/engine/tensor"
)

// A Judge is a program of the user's that looks at the outputs of a run.
type Judge struct {
	ctx  context.Context
	args []string

	mutex      sync.Mutex
	references map[int]string // file by sample
	folder     *program.Folder
}

// NewJudge returns the judge that the argument vector args starts; until ctx ends. {output} and {reference} in it are replaced by .npz files,
// {sample} by the number of the sample; where {output} is missing it comes last.
func NewJudge(ctx context.Context, args []string) *Judge {
	if !strings.Contains(strings.Join(args, " "), "{output}") {
		args = append(slices.Clone(args), "{output}")
	}
	return &Judge{ctx: ctx, args: args, references: map[int]string{}}
}

// Close removes the files. A nil Judge has none.
func (j *Judge) Close() error {
	if j == nil || j.folder == nil {
		return nil
	}
	return j.folder.Remove()
}

// Run gives the program the outputs as .npz files and returns its exit status. Several goroutines may call it.
func (j *Judge) Run(sample int, reference, got []engine.Output) (status int, err error) {
	folder, err := j.probe()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	output := filepath.Join(folder, "output.npz")
	if err := tensor.WriteNPZ(output, numbered(got)); err != nil {
		return 0, err
	}
	expected, err := j.reference(sample, reference)
	if err != nil {
		return 0, err
	}
	values := strings.NewReplacer("{output}", output, "{reference}", expected, "{sample}", fmt.Sprint(sample))
	var args []string
	for _, a := range j.args {
		args = append(args, values.Replace(a))
	}
	cmd := exec.CommandContext(j.ctx, args[0], args[1:]...)
	errs := &program.Tail{Most: maxStderr}
	cmd.Stderr = errs
	runErr := program.RunGroup(cmd, syscall.SIGKILL, grace)
	switch {
	case j.ctx.Err() != nil:
		return 0, j.ctx.Err()
	case cmd.ProcessState == nil:
		return 0, fmt.Errorf("starting it: %w", runErr)
	}
	status = cmd.ProcessState.ExitCode()
	if lines := strings.TrimSpace(errs.Lines(errorLines)); lines != "" && (status < 0 || status > 125) {
		return 0, fmt.Errorf("%s; its last errors: %s", cmd.ProcessState, lines)
	}
	return status, nil
}

// probe makes a folder for one call.
func (j *Judge) probe() (string, error) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	if j.folder == nil {
		folder, err := program.NewFolder("", "halfway-judge-")
		if err != nil {
			return "", err
		}
		j.folder = folder
	}
	return os.MkdirTemp(j.folder.Path, "probe-")
}

// reference is the file with the reference outputs of a sample.
func (j *Judge) reference(sample int, outputs []engine.Output) (string, error) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	if path, ok := j.references[sample]; ok {
		return path, nil
	}
	path := filepath.Join(j.folder.Path, fmt.Sprintf("reference-%d.npz", sample))
	if err := tensor.WriteNPZ(path, numbered(outputs)); err != nil {
		return "", err
	}
	j.references[sample] = path
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
