package report

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"halfway/bisect"
)

// A page is text that is laid out for a number of columns.
type page struct {
	strings.Builder
	columns int
	color   bool
}

// heading begins a section.
func (p *page) heading(text string) {
	p.WriteString("\n" + p.bold(text) + "\n")
}

func (p *page) bold(text string) string {
	if !p.color {
		return text
	}
	return "\x1b[1m" + text + "\x1b[0m"
}

// paragraph writes words, wrapped, each line after indent. Lines after the first go further in by hang columns.
func (p *page) paragraph(indent, hang int, text string) {
	margin, used := strings.Repeat(" ", indent), 0
	line := margin
	for word := range strings.FieldsSeq(text) {
		n := utf8.RuneCountInString(word)
		if used > 0 && utf8.RuneCountInString(line)+1+n > p.columns {
			p.WriteString(line + "\n")
			line, used = margin+strings.Repeat(" ", hang), 0
		}
		if used > 0 {
			line += " "
		}
		line += word
		used++
	}
	p.WriteString(line + "\n")
}

// line writes one line that is not wrapped, so that it can be copied.
func (p *page) line(indent int, format string, args ...any) {
	p.WriteString(strings.Repeat(" ", indent) + fmt.Sprintf(format, args...) + "\n")
}

// digits is a positive number with the digits that people read.
func digits(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2g", v)
}

// capital is a sentence's beginning.
func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// maxReadings is how many measured values of a probe are shown.
const maxReadings = 4

// readings are the measured values of a probe in words: "logits sqnr 9.7".
func readings(p bisect.Probe) string {
	if len(p.Metrics) == 0 {
		return strings.TrimSuffix(string(p.Verdict)+": "+Printable(p.Detail), ": ")
	}
	var parts []string
	for i, m := range p.Metrics {
		if i == maxReadings {
			parts = append(parts, "...")
			break
		}
		parts = append(parts, fmt.Sprintf("%s %s %s", Printable(m.Output), m.Metric, valueText(m.Value)))
	}
	return strings.Join(parts, ", ")
}

// verdict is a probe's verdict in a word.
func verdict(p bisect.Probe) string {
	switch {
	case p.Verdict == bisect.Pass:
		return "passes"
	case p.Verdict == bisect.NonFinite:
		return "fails with non-finite values"
	case p.Verdict.Bad():
		return "fails"
	}
	return "gives no answer"
}

// shown is a probe's verdict with what was measured.
func shown(p bisect.Probe) string { return verdict(p) + " (" + readings(p) + ")" }
