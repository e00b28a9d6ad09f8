package report

import (
	"fmt"
	"io"

	"halfway/bisect"
	"halfway/compare"
	"halfway/engine"
)

// CompareSchema names the form of Comparison; compare.schema.json describes it.
const CompareSchema = "halfway/compare/1"

// A Comparison is what two archives of outputs show, held against rules.
type Comparison struct {
	Schema    string         `json:"schema"`
	Verdict   bisect.Verdict `json:"verdict"` // pass, accuracy or non-finite
	Reference string         `json:"reference"`
	Result    string         `json:"result"`
	Accept    []string       `json:"accept"`
	Metrics   []Measured     `json:"metrics"`
	Warnings  []string       `json:"warnings"`
}

// A Measured is one rule about one output.
type Measured struct {
	Rule   string        `json:"rule"`
	Output string        `json:"output"`
	Metric string        `json:"metric"`
	Value  compare.Value `json:"value"`
	Pass   bool          `json:"pass"`
}

// NewComparison measures got, from the file result, against ref, from the file reference, by all rules.
func NewComparison(reference, result string, rules []compare.Rule, ref, got []engine.Output, notes []string) (*Comparison, error) {
	r := &Comparison{Schema: CompareSchema, Verdict: bisect.Pass, Reference: reference, Result: result, Accept: []string{}, Metrics: []Measured{},
		Warnings: append([]string{}, notes...)}
	for _, rule := range rules {
		r.Accept = append(r.Accept, rule.String())
		for _, one := range perOutput(rule, ref) {
			if err := r.measure(rule, one, ref, got); err != nil {
				return nil, err
			}
		}
	}
	return r, nil
}

// perOutput turns a rule about every output into one about each.
func perOutput(rule compare.Rule, outputs []engine.Output) []compare.Rule {
	if rule.Output != "" {
		return []compare.Rule{rule}
	}
	var list []compare.Rule
	for _, o := range outputs {
		rule.Output = o.Name
		list = append(list, rule)
	}
	return list
}

func (r *Comparison) measure(rule, one compare.Rule, ref, got []engine.Output) error {
	a, err := compare.Bind([]compare.Rule{one}, ref)
	if err != nil {
		return err
	}
	c, err := a.Compare(ref, got)
	if err != nil {
		return fmt.Errorf("comparing %s with %s: %w", r.Result, r.Reference, err)
	}
	r.Warnings = append(r.Warnings, c.Notes...)
	for _, m := range c.Readings {
		r.Metrics = append(r.Metrics, Measured{rule.String(), m.Output, m.Metric, m.Value, c.Pass})
	}
	switch {
	case c.NonFinite:
		r.Verdict = bisect.NonFinite
	case !c.Pass && r.Verdict == bisect.Pass:
		r.Verdict = bisect.Accuracy
	}
	return nil
}

// Text writes a line for each measured rule.
func (r *Comparison) Text(w io.Writer) error {
	t := table{right: []bool{false, false, false, true}}
	for _, m := range r.Metrics {
		t.add(passOrFail(m.Pass), Printable(m.Output), m.Metric, valueText(m.Value), "wanted "+Printable(m.Rule))
	}
	return t.write(w, "")
}

func passOrFail(pass bool) string {
	if pass {
		return "pass"
	}
	return "FAIL"
}

// valueText is a measured value with the digits that people read.
func valueText(v compare.Value) string {
	if s := v.String(); s == "inf" || s == "-inf" || s == "nan" {
		return s
	}
	return fmt.Sprintf("%.4g", float64(v))
}
