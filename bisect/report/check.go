package report

import (
	"fmt"
	"io"
	"strings"

	"halfway/bisect"
	"halfway/engine"
	"halfway/patterns"
)

// CheckSchema names the form of Check; check.schema.json describes it.
const CheckSchema = "halfway/check/1"

// A Subject says what was run.
type Subject struct {
	View      string           `json:"view"`
	Precision string           `json:"precision"`
	Engine    engine.Info      `json:"engine"`
	Model     bisect.ModelInfo `json:"model"`
	Inputs    []bisect.Source  `json:"inputs"` // the samples
	Warnings  []string         `json:"warnings"`
}

// A Check is what given settings are worth.
type Check struct {
	Schema string `json:"schema"`
	Subject
	Settings bisect.GivenSettings `json:"settings"`
	*bisect.CheckResult
	Drift *Drift `json:"drift,omitempty"` // against a baseline, where one was given
}

// NewCheck reports r, the check of settings on subject, run on samples.
func NewCheck(r *bisect.CheckResult, settings patterns.Settings, subject Subject, samples []engine.Sample) *Check {
	subject.Inputs = []bisect.Source{}
	for _, s := range samples {
		subject.Inputs = append(subject.Inputs, bisect.Source{Source: s.Source, SHA256: s.SHA256})
	}
	subject.Warnings = append([]string{}, subject.Warnings...)
	return &Check{CheckSchema, subject, bisect.GivenSettings(settings), r, nil}
}

// Text writes the verdict, then a line for each sample and measured value.
func (k *Check) Text(w io.Writer) error {
	if _, err := fmt.Fprintf(w, "%s: %s\n", passOrFail(k.Verdict == bisect.Pass), k.headline()); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "Rules: %s.\n", Printable(strings.Join(k.Accept, ", "))); err != nil {
		return err
	}
	if err := k.table().write(w, "  "); err != nil {
		return err
	}
	if k.Baseline.Verdict.Bad() {
		if _, err := fmt.Fprintf(w, "Nothing enforced fails too (%s): the settings are not to blame.\n", readings(*k.Baseline)); err != nil {
			return err
		}
	}
	if k.Drift != nil {
		return k.Drift.Text(w)
	}
	return nil
}

// table has a row for each sample and measured value.
func (k *Check) table() *table {
	t := &table{right: []bool{false, false, false, false, true}}
	for i, p := range k.Samples {
		verdict, source := passOrFail(p.Verdict == bisect.Pass), Printable(k.Inputs[i].Source)
		if len(p.Metrics) == 0 {
			t.add(verdict, source, string(p.Verdict), Printable(p.Detail))
		}
		for _, m := range p.Metrics {
			t.add(verdict, source, Printable(m.Output), m.Metric, valueText(m.Value))
			verdict, source = "", ""
		}
	}
	return t
}
