package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"halfway/bisect"
)

// A finding is one thing that a reviewer of code should see.
type finding struct {
	rule    string // name of a rule
	level   string // "error", "warning" or "note", as SARIF has them
	message string
	tag     string // the node that it is about; "" for the whole network
}

// A rule is a kind of finding.
type rule struct{ name, help string }

// rules are all kinds of findings.
var rules = []rule{
	{"breaks", "The network is not accurate enough with all nodes in the reduced precision."},
	{"keep-f32", "This node must stay in f32 for the network to be accurate enough."},
	{"baseline", "The network does not meet the rules with nothing enforced."},
	{"unresolved", "The search ended before an answer."},
}

// findings are what a result says, the most important first.
func findings(r *bisect.Result) []finding {
	answer := newText(r, Recorded(r)).answer()
	switch {
	case r.Outcome == bisect.NothingBreaks:
		return nil
	case r.Outcome == bisect.Unresolved:
		return []finding{{"unresolved", "warning", answer, ""}}
	case r.Reason != nil && *r.Reason == "baseline":
		return []finding{{"baseline", "error", answer, ""}}
	}
	list := []finding{{"breaks", "error", answer, ""}}
	if f := r.First; f != nil {
		list[0].tag = f.Tag
		list[0].message += fmt.Sprintf(" The first node that breaks it is %s (CNT=%d).", Printable(f.Tag), f.Count)
	}
	for _, k := range r.KeepF32 {
		list = append(list, finding{"keep-f32", "note", fmt.Sprintf("%s must stay in f32 in %s.", Printable(k.Tag), Printable(r.Model.Path)), k.Tag})
	}
	return list
}

// fingerprint tells findings apart, and stays the same from run to run.
func (f finding) fingerprint(r *bisect.Result) string {
	tag := f.tag
	if f.rule != "keep-f32" {
		tag = "" // the same trouble at another node
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %q", f.rule, r.Model.Path, r.Precision, r.View, tag))
	return hex.EncodeToString(sum[:])
}
