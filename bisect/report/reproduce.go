package report

import (
	"fmt"
	"regexp"
	"strings"
)

// reproduce writes the commands that show the first node by hand.
func (t *text) reproduce() {
	f := t.First
	if f == nil {
		return
	}
	sample := 0
	for _, p := range t.Curve {
		if p.Count == f.Count {
			sample = p.Sample
		}
	}
	t.heading("See both sides")
	if t.options.Program != nil {
		t.program(sample)
		return
	}
	t.line(2, "%s --precision f32 --output f32.npz", t.runCommand(sample))
	for _, k := range []int{f.Count - 1, f.Count} {
		if k >= 0 {
			t.line(2, "%s%s --precision %s --output cnt%d.npz", t.variables(k), t.runCommand(sample), t.Precision, k)
		}
	}
	accept := ""
	for _, rule := range t.Accept {
		accept += " --accept " + quote(rule)
	}
	t.line(2, "halfway compare f32.npz cnt%d.npz%s", f.Count, accept)
}

// program writes how the user's own program shows both sides.
func (t *text) program(sample int) {
	replace := []string{"{model}", t.Model.Path, "{precision}", t.Precision}
	if sample < len(t.Samples) {
		replace = append(replace, "{input}", t.Samples[sample].Source)
	}
	for _, k := range []int{t.First.Count - 1, t.First.Count} {
		line := t.variables(k)
		if t.options.Universe.Pos == nil {
			line = "OV_CPU_INFER_PRC_POS_PATTERN='.*' " + line // else nothing is listed
		}
		values := strings.NewReplacer(append(replace, "{output}", fmt.Sprintf("cnt%d.npz", k))...)
		for _, arg := range t.options.Program {
			line += quote(values.Replace(arg)) + " "
		}
		t.line(2, "%s", strings.TrimSpace(line))
	}
}

// variables are the settings of CNT=k within the universe of the search, in front of a command.
func (t *text) variables(k int) string {
	s := ""
	if p := t.options.Universe.Pos; p != nil {
		s += "OV_CPU_INFER_PRC_POS_PATTERN=" + quote(*p) + " "
	}
	if p := t.options.Universe.Neg; p != nil {
		s += "OV_CPU_INFER_PRC_NEG_PATTERN=" + quote(*p) + " "
	}
	return s + fmt.Sprintf("OV_CPU_INFER_PRC_CNT=%d ", k)
}

func (t *text) runCommand(sample int) string {
	s := "halfway run " + quote(t.Model.Path)
	if sample < len(t.Samples) {
		s += " --input " + quote(t.Samples[sample].Source)
	}
	for _, arg := range t.options.RunArgs {
		s += " " + quote(arg)
	}
	return s
}

var harmless = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

// quote makes s one word of a shell's command line.
func quote(s string) string {
	if harmless.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
