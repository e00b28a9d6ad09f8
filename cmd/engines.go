package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"halfway/bisect"
	"halfway/engine"
	"halfway/engine/builtin"
	"halfway/engine/command"
	"halfway/patterns"
)

// A runner is an engine as the commands need it.
type runner interface {
	engine.Engine
	Info() engine.Info
	Outputs() []engine.Output // without tensors; nil when not known before running
	Warnings() []string
}

// programFlags say which program --engine command drives.
type programFlags struct {
	run, launcher string
	shell         bool
	timeout       time.Duration
	metric        string
	status        bool
	listing       int
	universe      patterns.Settings
}

func (f *programFlags) register(c *cobra.Command) {
	s := c.Flags()
	s.StringVar(&f.run, "run", "", "with --engine command: the `PROGRAM` and its arguments, in which {model}, {input}, {output} and {precision} are replaced")
	s.BoolVar(&f.shell, "shell", false, "give --run to sh -c as it is; the paths are in HALFWAY_MODEL, HALFWAY_INPUT and HALFWAY_OUTPUT")
	s.StringVar(&f.launcher, "launcher", "", "put this `COMMAND` before the program, such as 'srun -n1'")
	s.DurationVar(&f.timeout, "timeout", 0, "a probe of another program, OpenVINO or ONNX Runtime takes at most this `TIME`, then it is killed (0: no limit)")
	s.StringVar(&f.metric, "metric-regex", "", "take the result from the program's standard output: the number in the first group of this `REGEX`")
	s.BoolVar(&f.status, "status", false, "the program's exit status is the result: 0 good, 125 no answer, any other bad")
	s.IntVar(&f.listing, "listing", 0, "the `N`th of the program's different listings counts (0: the longest)")
	c.MarkFlagsMutuallyExclusive("metric-regex", "status")
}

// words splits a command line at spaces; quotes hold words together, and nothing is expanded.
func words(line string) ([]string, error) {
	var list []string
	var word strings.Builder
	quote, inWord := rune(0), false
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, inWord = r, true
		case r == ' ' || r == '\t' || r == '\n':
			if inWord {
				list = append(list, word.String())
				word.Reset()
				inWord = false
			}
		default:
			word.WriteRune(r)
			inWord = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("%q: the quote %c is not closed", line, quote)
	}
	if inWord {
		list = append(list, word.String())
	}
	return list, nil
}

// prepareProgram readies the program that --run names. What the built-in engine can read of the model helps to load the samples, but is not needed.
func (s *subject) prepareProgram(f *modelFlags, random bool) error {
	o, err := f.program.options(f, s.path)
	if err != nil {
		return err
	}
	if _, err := os.Stat(s.path); err != nil {
		return err
	}
	s.files = []string{s.path}
	if model, err := builtin.Open(s.path); err == nil {
		s.inputs, s.files = model.Inputs(), model.Files()
		if err := model.Close(); err != nil {
			return err
		}
		if _, err := s.askedShapes(f.shapes); err != nil {
			return err
		}
	}
	if s.inputs == nil && len(f.inputs) == 0 {
		return usage(errors.New("the inputs of this model are not known: give --input x.npz"))
	}
	if err := s.load(f.inputs, random); err != nil {
		return err
	}
	program, err := command.New(o, s.samples[0])
	if err != nil {
		return err
	}
	s.engine = programRunner{program}
	return nil
}

// close removes what the engine keeps outside of the process.
func (s *subject) close() {
	for _, e := range append(s.others, s.engine) {
		if c, ok := e.(io.Closer); !ok {
			continue
		} else if err := c.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "halfway:", harmless(err.Error()))
		}
	}
}

// argv is the program as a user starts it by hand, nil for an engine of halfway's own.
func (s *subject) argv() []string {
	p, ok := s.engine.(programRunner)
	if !ok {
		return nil
	}
	if p.Shell {
		return append(slices.Clone(p.Launcher), "sh", "-c", p.Args[0])
	}
	return slices.Concat(p.Launcher, p.Args)
}

// view is what counts as a node: what the flag says, unless a program decides.
func (s *subject) view(flag string) string {
	if s.argv() != nil {
		return "program"
	}
	return flag
}

func (f *programFlags) options(m *modelFlags, path string) (command.Options, error) {
	o := command.Options{Model: path, Precision: m.precision.value, Shell: f.shell, Status: f.status, Timeout: f.timeout, Listing: f.listing,
		Universe: f.universe}
	if f.run == "" {
		return o, usage(errors.New("--engine command needs --run 'PROGRAM {model} {input} {output}'"))
	}
	o.Args = []string{f.run}
	var err error
	if !f.shell {
		if o.Args, err = words(f.run); err != nil {
			return o, usage(fmt.Errorf("--run: %w", err))
		}
	}
	if o.Launcher, err = words(f.launcher); err != nil {
		return o, usage(fmt.Errorf("--launcher: %w", err))
	}
	if f.metric != "" {
		if o.Metric, err = regexp.Compile(f.metric); err != nil {
			return o, usage(fmt.Errorf("--metric-regex: %w", err))
		}
	}
	return o, nil
}

// programRunner is a program as a runner.
type programRunner struct{ *command.Engine }

// Outputs are not known before the program runs.
func (programRunner) Outputs() []engine.Output { return nil }

// Warnings are none.
func (programRunner) Warnings() []string { return nil }

// judgeFor is the judge that fits what the engine gives: outputs, a number, or a status.
func (f *judgeFlags) judgeFor(ctx context.Context, m *modelFlags) (bisect.Judge, error) {
	switch {
	case f.judge != "" && m.engine.value == "command" && (m.program.status || m.program.metric != ""):
		return nil, usage(errors.New("--judge looks at outputs, of which a program with --status or --metric-regex gives none"))
	case f.judge != "":
		args, err := words(f.judge)
		if err != nil {
			return nil, usage(fmt.Errorf("--judge: %w", err))
		}
		if len(args) == 0 {
			return nil, usage(errors.New("--judge is empty: give a program and its arguments, such as './judge.py {reference} {output}'"))
		}
		f.program = command.NewJudge(ctx, args)
		return bisect.NewProgram(f.judge, f.program.Run), nil
	case m.engine.value == "command" && m.program.status:
		if len(f.accept) > 0 {
			return nil, usage(errors.New("--status and --accept exclude each other: the exit status is the verdict"))
		}
		return bisect.NewStatus(), nil
	case m.engine.value == "command" && m.program.metric != "":
		return limit(f.accept)
	}
	rules, err := f.rules()
	return bisect.NewRules(rules), err
}

// limit reads value<=X or value>=X.
func limit(accept []string) (bisect.Judge, error) {
	if len(accept) == 1 {
		for _, op := range []string{"<=", ">="} {
			if text, ok := strings.CutPrefix(accept[0], "value"+op); ok {
				if v, err := strconv.ParseFloat(text, 64); err == nil {
					return bisect.NewLimit(op == ">=", v), nil
				}
			}
		}
	}
	return nil, usage(errors.New("--metric-regex needs one rule about the number: --accept 'value<=0.01' or --accept 'value>=0.9'"))
}
