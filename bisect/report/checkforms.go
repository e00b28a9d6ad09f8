package report

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"

	"halfway/bisect"
	"halfway/patterns"
)

// headline is the verdict in a sentence.
func (k *Check) headline() string {
	what := "is accurate enough"
	switch {
	case k.Verdict.Bad():
		what = "is not accurate enough"
	case !k.Verdict.Answered():
		what = "gave no answer (" + string(k.Verdict) + ")"
	}
	return fmt.Sprintf("%s with %d of %d candidates in %s %s", Printable(k.Model.Path), k.Enforced, k.CheckResult.Candidates, k.Precision, what)
}

// HTML writes the answer as a page of the kind that results have.
func (k *Check) HTML(w io.Writer) error {
	p := htmlPage{Model: Printable(k.Model.Path), Precision: k.Precision, Outcome: string(cmp.Or(k.Verdict, "unresolved")), Answer: k.headline() + ".",
		Rules: Printable(strings.Join(k.Accept, ", ")), Facts: subjectFacts(k.Model, k.Inputs, k.Engine, k.View)}
	p.Facts = append(p.Facts, htmlFact{"enforced", fmt.Sprintf("%d of %d candidates", k.Enforced, k.CheckResult.Candidates)})
	rules := acceptRules(&bisect.Result{Accept: k.Accept})
	p.addReadings(rules, "nothing enforced", k.Baseline, k.source)
	for i := range k.Samples {
		p.addReadings(rules, "sample "+strconv.Itoa(i), &k.Samples[i], k.source)
		p.Histograms = append(p.Histograms, newHTMLHistograms("sample "+strconv.Itoa(i), &k.Samples[i])...)
	}
	p.Histograms = p.Histograms[:min(len(p.Histograms), maxHistograms)]
	var err error
	if p.Settings, err = htmlSettingsOf(patterns.Settings(k.Settings), nil); err != nil {
		return err
	}
	if k.Drift != nil {
		var b strings.Builder
		if err := k.Drift.Text(&b); err != nil {
			return err
		}
		p.Drift = &htmlBlock{"what changed", b.String()}
	}
	for _, text := range k.Warnings {
		p.Warnings = append(p.Warnings, Printable(text))
	}
	return p.write(w)
}

func (k *Check) source(sample int) string {
	if sample < 0 || sample >= len(k.Inputs) {
		return strconv.Itoa(sample)
	}
	return Printable(k.Inputs[sample].Source)
}

// JUnit writes the answer as JUnit XML: a test for each sample.
func (k *Check) JUnit(w io.Writer) error {
	var whole strings.Builder
	if err := k.Text(&whole); err != nil {
		return err
	}
	s := &junitSuite{Name: "halfway check " + Printable(k.Model.Path), Time: fmt.Sprintf("%.3f", k.Seconds)}
	for i, p := range k.Samples {
		s.add(k.Precision, k.source(i), p.Verdict, k.headline(), whole.String())
	}
	return s.write(w)
}

// Markdown writes the answer as a job summary.
func (k *Check) Markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## halfway: %s\n\n%s.\n", passOrFail(k.Verdict == bisect.Pass), literal(k.headline()))
	b.WriteString("\n| sample | verdict | measured |\n|---|---|---|\n")
	for i, p := range k.Samples[:min(len(k.Samples), maxMarkdownRows)] {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", literal(k.source(i)), literal(string(p.Verdict)), literal(readings(p)))
	}
	if k.Drift != nil {
		var d strings.Builder
		if err := k.Drift.Text(&d); err != nil {
			return err
		}
		for line := range strings.Lines(d.String()) {
			fmt.Fprintf(&b, "\n%s\n", literal(strings.TrimSpace(line)))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// GitHub writes an annotation where the settings do not hold.
func (k *Check) GitHub(w io.Writer) error {
	if k.Verdict == bisect.Pass {
		return nil
	}
	_, err := fmt.Fprintf(w, "::error file=%s,line=1,title=halfway::%s\n", githubProperty.Replace(k.Model.Path),
		githubText.Replace(k.headline()+": "+readings(k.Probe)))
	return err
}
