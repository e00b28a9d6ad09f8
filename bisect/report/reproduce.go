package report

import (
	"fmt"
	"regexp"
	"strings"

	"halfway/bisect"
	"halfway/engine"
	"halfway/patterns"
)

// reproduce writes the commands that show the first node by hand.
func (t *text) reproduce() {
	commands := reproduction(t.Result, t.options)
	if len(commands) > 0 {
		t.heading("See both sides")
	}
	for _, line := range commands {
		t.line(2, "%s", line)
	}
}

// reproduction is the commands that run both sides of the first node; none where there is no such node.
func reproduction(r *bisect.Result, o Options) []string {
	f := r.First
	if f == nil {
		return nil
	}
	sample := 0
	for _, p := range r.Curve {
		if p.Count == f.Count {
			sample = p.Sample
		}
	}
	if o.Program != nil {
		return program(r, o, sample)
	}
	list := []string{runCommand(r, o, sample) + " --precision f32 --output f32.npz"}
	for _, k := range []int{f.Count - 1, f.Count} {
		if k >= 0 {
			list = append(list, fmt.Sprintf("%s%s --precision %s --output cnt%d.npz", o.variables(k), runCommand(r, o, sample), r.Precision, k))
		}
	}
	if judge, ok := bisect.JudgedBy(r.Accept); ok {
		return append(list, strings.NewReplacer("{reference}", "f32.npz", "{output}", fmt.Sprintf("cnt%d.npz", f.Count)).Replace(judge))
	}
	last := fmt.Sprintf("halfway compare f32.npz cnt%d.npz", f.Count)
	for _, rule := range r.Accept {
		last += " --accept " + quote(rule)
	}
	return append(list, last)
}

// program is how the user's own program shows both sides.
func program(r *bisect.Result, o Options, sample int) (list []string) {
	replace := []string{"{model}", r.Model.Path, "{precision}", r.Precision}
	if sample < len(r.Samples) {
		replace = append(replace, "{input}", r.Samples[sample].Source)
	}
	for _, k := range []int{r.First.Count - 1, r.First.Count} {
		line := o.variables(k)
		if o.Universe.Pos == nil {
			line = "OV_CPU_INFER_PRC_POS_PATTERN='.*' " + line // else nothing is listed
		}
		values := strings.NewReplacer(append(replace, "{output}", fmt.Sprintf("cnt%d.npz", k))...)
		for _, arg := range o.Program {
			line += quote(values.Replace(arg)) + " "
		}
		list = append(list, strings.TrimSpace(line))
	}
	return list
}

// variables are the settings of CNT=k within the universe of the search, in front of a command.
func (o Options) variables(k int) string {
	s := ""
	if p := o.Universe.Pos; p != nil {
		s += "OV_CPU_INFER_PRC_POS_PATTERN=" + quote(*p) + " "
	}
	if p := o.Universe.Neg; p != nil {
		s += "OV_CPU_INFER_PRC_NEG_PATTERN=" + quote(*p) + " "
	}
	return s + fmt.Sprintf("OV_CPU_INFER_PRC_CNT=%d ", k)
}

func runCommand(r *bisect.Result, o Options, sample int) string {
	s := "halfway run " + quote(r.Model.Path)
	if sample < len(r.Samples) {
		s += " --input " + quote(r.Samples[sample].Source)
	}
	for _, arg := range o.RunArgs {
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

// Recorded are the options that a result records about how it was made.
func Recorded(r *bisect.Result) Options {
	var o Options
	for _, n := range r.Nodes {
		kind, name, _ := strings.Cut(n.Tag, "@")
		o.Candidates = append(o.Candidates, engine.Candidate{Graph: n.Graph, Index: n.Index, Tag: n.Tag, Type: kind, Name: name, Role: n.Role, Unit: n.Unit, MACs: n.MACs})
	}
	if c := r.Command; c != nil {
		o.RunArgs, o.Program, o.Universe = c.Args, c.Program, patterns.Settings{Pos: c.Pos, Neg: c.Neg}
	}
	return o
}
