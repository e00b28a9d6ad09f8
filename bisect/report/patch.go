package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"halfway/bisect"
	"halfway/engine"
)

// PatchSchema names the form of Patch.
const PatchSchema = "halfway/patch/2"

// A Patch says what became of a model that was to be repaired.
type Patch struct {
	Schema    string      `json:"schema"`
	Model     string      `json:"model"`
	Engine    engine.Info `json:"engine"` // that ran what was written
	Precision string      `json:"precision"`
	bisect.Patched
	Warnings []string `json:"warnings"`
}

// Text writes the outcome, then what each file showed.
func (p *Patch) Text(w io.Writer) error {
	if !p.Verified {
		return p.unverified(w)
	}
	head := fmt.Sprintf("No form of %s with %d of its %d candidates in f32 meets the rules under %s: nothing is written.", Printable(p.Model), p.Kept,
		p.Candidates, p.Precision)
	if p.Output != "" {
		head = fmt.Sprintf("%s keeps %d of the %d candidates of %s in f32, and meets the rules with the rest in %s.", Printable(p.Output), p.Kept, p.Candidates,
			Printable(p.Model), p.Precision)
	}
	mode := "in its default mode"
	if p.Output != "" {
		if last := p.Attempts[len(p.Attempts)-1]; len(last.Properties) > 0 {
			mode = "with " + strings.Join(assignments(last.Properties), ", ") + ", without which it does not hold"
		}
	}
	if _, err := fmt.Fprintf(w, "%s\nRules: %s. Run by %s %s %s.\n\n", head, Printable(strings.Join(p.Reduced.Accept, ", ")), p.Engine.Name,
		Printable(p.Engine.Version), mode); err != nil {
		return err
	}
	lines := []bisect.Attempt{{Form: "model, f32", Shipped: *p.F32}, {Form: "model, " + p.Precision, Shipped: *p.Reduced}}
	for _, a := range p.Attempts {
		lines = append(lines, bisect.Attempt{Form: strings.Join(append([]string{a.Form, p.Precision}, assignments(a.Properties)...), ", "), Shipped: a.Shipped})
	}
	for _, l := range lines {
		if err := p.line(w, &l); err != nil {
			return err
		}
	}
	if p.F32.Verdict.Bad() {
		_, err := fmt.Fprintln(w, "\nIn f32 already the model does not meet the rules there, or gives numbers that are not finite: no precision repairs it.")
		return err
	}
	if p.Output == "" && p.Engine.Name == "openvino" {
		_, err := fmt.Fprintln(w, "\nSearch for what holds in this OpenVINO: halfway bisect MODEL --confirm openvino --json RESULT.json, and patch by that result.")
		return err
	}
	return nil
}

// assignments are properties as NAME=VALUE, sorted.
func assignments(properties map[string]string) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		list = append(list, name+"="+properties[name])
	}
	return list
}

// unverified tells of what was written and not run.
func (p *Patch) unverified(w io.Writer) error {
	if p.Output != "" {
		_, err := fmt.Fprintf(w, "%s keeps %d of the %d candidates of %s in f32. NOT VERIFIED: it was not run; no runtime has shown that it meets the rules.\n",
			Printable(p.Output), p.Kept, p.Candidates, Printable(p.Model))
		return err
	}
	_, err := fmt.Fprintf(w, "%s is written in no form:\n", Printable(p.Model))
	for _, a := range p.Attempts {
		if err == nil {
			_, err = fmt.Fprintf(w, "  %s: %s\n", a.Form, Printable(a.Detail))
		}
	}
	return err
}

func (p *Patch) line(w io.Writer, a *bisect.Attempt) error {
	if !a.Verdict.Answered() {
		_, err := fmt.Fprintf(w, "  %-14s %s\n", a.Form, readings(a.Probe))
		return err
	}
	_, err := fmt.Fprintf(w, "  %-14s %-8s %9.2f ms  %4d nodes in %s, %4d in f32  %s\n", a.Form, a.Verdict, a.Seconds*1e3, a.ReducedNodes, p.Precision,
		a.KeptNodes, readings(a.Probe))
	return err
}
