package report

import (
	"fmt"
	"io"
	"strings"

	"halfway/bisect"
	"halfway/patterns"
)

// maxMarkdownRows is how many nodes a summary lists: GitHub refuses more than a megabyte.
const maxMarkdownRows = 500

// Markdown writes a result as a job summary.
func Markdown(w io.Writer, r *bisect.Result) error {
	t := newText(r, Recorded(r))
	var b strings.Builder
	fmt.Fprintf(&b, "## halfway: %s\n\n%s\n", r.Outcome, literal(t.answer()))
	if f := r.First; f != nil {
		fmt.Fprintf(&b, "\nFirst node: %s, CNT=%d fails: <code>%s</code>. %s\n", t.passing(), f.Count, literal(Printable(f.Tag)), t.kind())
	}
	if len(r.KeepF32) > 0 {
		b.WriteString("\n| keep in f32 | why |\n|---|---|\n")
	}
	for _, k := range r.KeepF32[:min(len(r.KeepF32), maxMarkdownRows)] {
		fmt.Fprintf(&b, "| <code>%s</code> | %s |\n", literal(Printable(k.Tag)), k.Reason)
	}
	if more := len(r.KeepF32) - maxMarkdownRows; more > 0 {
		fmt.Fprintf(&b, "| and %d more | |\n", more)
	}
	if r.Settings != nil {
		var s strings.Builder
		if err := patterns.Export(&s, r.Settings.Active(), "shell"); err != nil {
			return err
		}
		fence := "```"
		for strings.Contains(s.String(), fence) {
			fence += "`"
		}
		fmt.Fprintf(&b, "\n%ssh\n%s%s\n", fence, s.String(), fence)
	}
	for _, text := range r.Warnings {
		fmt.Fprintf(&b, "\n> %s\n", literal(Printable(text)))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// literal is text that Markdown shows as it is: punctuation is written as character references, which start no markup.
func literal(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < 0x80 && strings.ContainsRune("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", r) {
			fmt.Fprintf(&b, "&#%d;", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
