package compare

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"halfway/engine"
)

// A Rule asks one or all outputs for a bound of a metric.
type Rule struct {
	Output string // "": every output
	Slice  Slice
	Metric Metric
	Op     string // "<=" or "<" where smaller is better, else ">=" or ">"
	Bound  float64
}

// String is the rule as ParseRule reads it.
func (r Rule) String() string {
	s := r.Metric.String()
	if r.Output != "" {
		s = r.target() + ":" + s
	}
	if r.Metric.Name == "allclose" {
		return s
	}
	return s + r.Op + Value(r.Bound).String()
}

// target is the output with the slice.
func (r Rule) target() string { return r.Output + r.Slice.String() }

// Default returns the rules that hold where a user gives none: sqnr>=20 for outputs of floats, equal>=1 for others.
func Default(outputs []engine.Output) []Rule {
	floats := Rule{Metric: Metric{Name: "sqnr"}, Op: ">=", Bound: 20}
	others := Rule{Metric: Metric{Name: "equal"}, Op: ">=", Bound: 1}
	n := 0
	for _, o := range outputs {
		if o.Tensor.Type.IsFloat() {
			n++
		}
	}
	switch n {
	case len(outputs):
		return []Rule{floats}
	case 0:
		return []Rule{others}
	}
	var rules []Rule
	seen := map[string]bool{}
	for _, o := range outputs {
		if seen[o.Name] { // the same output of a later inference
			continue
		}
		seen[o.Name] = true
		r := others
		if o.Tensor.Type.IsFloat() {
			r = floats
		}
		r.Output = o.Name
		rules = append(rules, r)
	}
	return rules
}

// ParseRule reads a rule; the package's doc has the grammar. Errors quote the rule, say what is wrong, and name the nearest metric.
func ParseRule(s string) (Rule, error) {
	r, err := parseRule(s)
	if err != nil {
		return Rule{}, fmt.Errorf("accept rule %q: %w", s, err)
	}
	return r, nil
}

func parseRule(s string) (Rule, error) {
	target, rest := splitTarget(s)
	var r Rule
	r.Output, r.Slice = splitSlice(target)
	metric, op, bound := splitBound(rest)
	var err error
	if r.Metric, err = parseMetric(metric); err != nil {
		return r, err
	}
	if rest != s && target == "" {
		return r, errors.New("no output is named before the colon")
	}
	return r, r.parseBound(op, bound)
}

// splitTarget splits at the last colon before a metric, else at the last one at all: outputs are called things like "Identity:0", and slices
// have colons too.
func splitTarget(s string) (target, rest string) {
	for i := len(s); i > 0; {
		i = strings.LastIndexByte(s[:i], ':')
		if i < 0 {
			break
		}
		if startsWithMetric(s[i+1:]) {
			return strings.TrimSpace(s[:i]), s[i+1:]
		}
	}
	if i := strings.LastIndexByte(s, ':'); i >= 0 && !startsWithMetric(s) && strings.LastIndexByte(s, ']') < i {
		return strings.TrimSpace(s[:i]), s[i+1:]
	}
	return "", s
}

// startsWithMetric reports whether s is a metric's name and then nothing, parameters or a bound.
func startsWithMetric(s string) bool {
	s = strings.TrimLeft(s, " ")
	end := strings.IndexAny(s, " (<>=!")
	if end < 0 {
		end = len(s)
	}
	_, ok := lookUp(s[:end])
	return ok
}

// splitSlice splits OUTPUT[SLICE]. Brackets that hold no slice belong to the name.
func splitSlice(target string) (string, Slice) {
	open := strings.LastIndexByte(target, '[')
	if open <= 0 || !strings.HasSuffix(target, "]") {
		return target, nil
	}
	s, err := parseSlice(target[open+1 : len(target)-1])
	if err != nil {
		return target, nil
	}
	return target[:open], s
}

// splitBound splits METRIC OP VALUE.
func splitBound(s string) (metric, op, bound string) {
	from := max(strings.LastIndexByte(s, ')'), 0) // parameters have = too
	i := strings.IndexAny(s[from:], "<>=!")
	if i < 0 {
		return strings.TrimSpace(s), "", ""
	}
	i += from
	end := i + 1
	for end < len(s) && strings.IndexByte("<>=!", s[end]) >= 0 {
		end++
	}
	return strings.TrimSpace(s[:i]), s[i:end], strings.TrimSpace(s[end:])
}

func (r *Rule) parseBound(op, text string) error {
	d, _ := lookUp(r.Metric.Name)
	ops := "<="
	if d.kind.largerIsBetter() {
		ops = ">="
	}
	switch {
	case op == "" && d.alone:
		r.Op, r.Bound = ops, bestBound
		return nil
	case op == "":
		return fmt.Errorf("%s needs a bound, as in %s%s%s", d.name, d.name, ops, d.example())
	case d.name == "allclose":
		return errors.New("allclose takes its tolerances as parameters and no bound: allclose(atol=1e-3,rtol=1e-2)")
	case op != ops && op != ops[:1]:
		return fmt.Errorf("%q does not fit: %s is better when it is %s, write %s%s%s", op, d.name, d.kind.better(), r.Metric, ops, text)
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Errorf("%q is no finite number", text)
	}
	if v < d.low || d.kind == shareKind && v > 1 {
		return fmt.Errorf("%s is never %s than %s, which is asked for", d.name, map[bool]string{true: "smaller", false: "larger"}[v < d.low], text)
	}
	r.Op, r.Bound = op, v
	return nil
}

func (k kind) better() string {
	if k.largerIsBetter() {
		return "larger"
	}
	return "smaller"
}

// example is a bound for messages.
func (d definition) example() string {
	switch d.kind {
	case decibelKind:
		return "20"
	case shareKind:
		return "0.99"
	}
	return "0.01"
}
