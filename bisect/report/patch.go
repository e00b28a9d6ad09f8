package report

import (
	"fmt"
	"io"
	"strings"

	"halfway/bisect"
	"halfway/engine"
)

// PatchSchema names the form of Patch.
const PatchSchema = "halfway/patch/1"

// A Patch says what became of a model that was to be repaired.
type Patch struct {
	Schema     string      `json:"schema"`
	Model      string      `json:"model"`
	Engine     engine.Info `json:"engine"`
	Candidates int         `json:"candidates"`
	Kept       int         `json:"kept"`     // of the candidates, in f32
	F32        Shipped     `json:"f32"`      // the model as it is, under the hint f32: the reference
	BF16       Shipped     `json:"bf16"`     // the same under the hint bf16
	Attempts   []Attempt   `json:"attempts"` // in their order; the last one holds when Output is set
	Output     string      `json:"output"`   // the repaired model; "" when none held
	Warnings   []string    `json:"warnings"`
}

// Shipped is what a file is worth that is run as any program runs it.
type Shipped struct {
	bisect.Probe
	Accept  []string `json:"accept"`
	Seconds float64  `json:"seconds"`    // of the fastest inference
	Reduced int      `json:"bf16_nodes"` // of the execution graph
	Kept    int      `json:"f32_nodes"`
}

// An Attempt is a repaired model in one form.
type Attempt struct {
	Form string `json:"form"` // "marks" or "lowered"
	Shipped
}

// Text writes the outcome, then what each file showed.
func (p *Patch) Text(w io.Writer) error {
	head := fmt.Sprintf("No form of %s with %d of its %d candidates in f32 meets the rules under bf16: nothing is written.", Printable(p.Model), p.Kept, p.Candidates)
	if p.Output != "" {
		head = fmt.Sprintf("%s keeps %d of the %d candidates of %s in f32, and meets the rules under the hint bf16.", Printable(p.Output), p.Kept, p.Candidates,
			Printable(p.Model))
	}
	if _, err := fmt.Fprintf(w, "%s\nRules: %s. Run by OpenVINO %s in its default mode.\n\n", head, Printable(strings.Join(p.F32.Accept, ", ")),
		Printable(p.Engine.Version)); err != nil {
		return err
	}
	if err := p.F32.line(w, "model, f32"); err != nil {
		return err
	}
	if err := p.BF16.line(w, "model, bf16"); err != nil {
		return err
	}
	for _, a := range p.Attempts {
		if err := a.line(w, a.Form+", bf16"); err != nil {
			return err
		}
	}
	if p.Output == "" {
		_, err := fmt.Fprintln(w, "\nSearch for what holds in this OpenVINO: halfway bisect MODEL --confirm openvino --json RESULT.json, and patch by that result.")
		return err
	}
	return nil
}

func (s *Shipped) line(w io.Writer, what string) error {
	if !s.Verdict.Answered() {
		_, err := fmt.Fprintf(w, "  %-14s %s\n", what, readings(s.Probe))
		return err
	}
	_, err := fmt.Fprintf(w, "  %-14s %-8s %9.2f ms  %4d nodes in bf16, %4d in f32  %s\n", what, s.Verdict, s.Seconds*1e3, s.Reduced, s.Kept, readings(s.Probe))
	return err
}
