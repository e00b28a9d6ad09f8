package bisect

import (
	"fmt"
	"math"
	"strings"

	"halfway/engine"
)

// NewStatus returns a Judge of engines that give an exit status: 0 is good, 125 no answer, any other bad, as git bisect run has it.
func NewStatus() Judge { return status{} }

type status struct{}

func (status) Bind([]engine.Observation) (BoundJudge, error) { return status{}, nil }

func (status) Accept() []string { return []string{"status==0"} }

func (status) Judge(_ int, o engine.Observation) (Judgement, error) {
	if o.Status == nil {
		return Judgement{Verdict: Skipped, Detail: "the run gave no exit status to judge by"}, nil
	}
	return byStatus(*o.Status), nil
}

func byStatus(status int) Judgement {
	if status == 125 {
		return Judgement{Verdict: Skipped, Detail: "exit status 125"}
	}
	return plain(status == 0, math.NaN())
}

// A Program looks at the outputs of a run on a sample, beside those of the reference, and gives an exit status as NewProgram says. Several
// goroutines may call it. Its error ends the search.
type Program func(sample int, reference, got []engine.Output) (status int, err error)

// NewProgram returns a Judge that asks a program of the user's: 0 is good, 125 no answer, any other from 1 to 124 bad, as git bisect run has
// it. 126 and 127, with which shells say that they found no program to run, and 128 and more, with which one that was killed ends, are errors.
// command is how the user names it; the rule is shown as "judge " and that.
func NewProgram(command string, run Program) Judge {
	return &program{name: judgePrefix + command, run: run}
}

const judgePrefix = "judge "

// JudgedBy returns the command of the program that judged, where the rules of a result say that one did.
func JudgedBy(accept []string) (command string, ok bool) {
	if len(accept) != 1 {
		return "", false
	}
	return strings.CutPrefix(accept[0], judgePrefix)
}

type program struct {
	name      string
	run       Program
	reference []engine.Observation
}

func (p *program) Bind(reference []engine.Observation) (BoundJudge, error) {
	return &program{p.name, p.run, reference}, nil
}

func (p *program) Accept() []string { return []string{p.name} }

func (p *program) Judge(sample int, o engine.Observation) (Judgement, error) {
	status, err := p.run(sample, p.reference[sample].Outputs, o.Outputs)
	switch {
	case err != nil:
		return Judgement{}, fmt.Errorf("%s: %w", p.name, err)
	case status < 0 || status == 126 || status == 127 || status >= 128:
		return Judgement{}, fmt.Errorf("%s ended with the status %d, which is no verdict: 0 is good, 125 no answer, 1 to 124 bad", p.name, status)
	}
	return byStatus(status), nil
}
