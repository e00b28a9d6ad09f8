package bisect

import (
	"halfway/compare"
	"halfway/engine"
	"halfway/patterns"
)

// Schema names the form of Result that this version writes.
const Schema = "halfway/result/1"

// An Outcome says how a search ended.
type Outcome string

// The outcomes.
const (
	Found         Outcome = "found"          // a culprit set was found and its settings verified
	NothingBreaks Outcome = "nothing-breaks" // everything enforced passes
	NotRepairable Outcome = "not-repairable" // nothing enforced fails already
	Unresolved    Outcome = "unresolved"     // a budget, an interrupt or an unstable engine ended the search
)

// A Verdict is what a Judge makes of one probe.
type Verdict string

// The verdicts. Only Pass, Accuracy and NonFinite are answers.
const (
	Pass        Verdict = "pass"
	Accuracy    Verdict = "accuracy"
	NonFinite   Verdict = "non-finite"
	Crash       Verdict = "crash"
	Timeout     Verdict = "timeout"
	Skipped     Verdict = "skipped"
	NotHonoured Verdict = "not-honoured"
)

// Answered reports whether v says something about accuracy.
func (v Verdict) Answered() bool { return v == Pass || v == Accuracy || v == NonFinite }

// Bad reports whether v is an answer and a bad one.
func (v Verdict) Bad() bool { return v == Accuracy || v == NonFinite }

// A Probe is the judged outcome of one enforced set over all samples.
type Probe struct {
	Verdict Verdict           `json:"verdict"`
	Metrics []compare.Reading `json:"metrics"`          // of the worst sample
	Sample  int               `json:"sample"`           // index of the worst sample
	Detail  string            `json:"detail,omitempty"` // of a probe without an answer, or an output that cannot be compared

	Errors []compare.Histogram `json:"errors,omitempty"` // on the worst sample; of everything enforced, of the settings and of a check
}

// A Result is all that a search found out. It is written as JSON and read back without loss.
type Result struct {
	Schema    string      `json:"schema"`
	Outcome   Outcome     `json:"outcome"`
	Reason    *string     `json:"reason"` // "baseline", "noise", "budget", "interrupted"
	View      string      `json:"view"`
	Precision string      `json:"precision"`
	Engine    engine.Info `json:"engine"`
	Model     ModelInfo   `json:"model"`
	Samples   []Source    `json:"samples"`
	Accept    []string    `json:"accept"`

	Candidates int `json:"candidates"`
	Units      int `json:"units"`

	First    *First    `json:"first"`
	KeepF32  []Kept    `json:"keep_f32"`
	Groups   []Group   `json:"groups"`
	Settings *Settings `json:"settings"`
	Verified *Verified `json:"verified"`
	Proven   Proven    `json:"proven"`
	Curve    []Point   `json:"curve"`           // every CNT that was probed, ascending
	Nodes    []Node    `json:"nodes,omitempty"` // all candidates, in the engine's order

	Confirmed *Confirmed `json:"confirmed,omitempty"` // where a runtime was asked about what another engine found

	Tradeoff []Tradeoff `json:"tradeoff,omitempty"` // where it was asked for, by ascending share of work in f32

	Probes        int           `json:"probes"`
	ForwardPasses ForwardPasses `json:"forward_passes"`
	Seconds       float64       `json:"seconds"`
	Warnings      []string      `json:"warnings"`

	Command *Command `json:"command,omitempty"` // how to run the same network; nil where that was not recorded
}

// A Command is what halfway run needs beside the model, a sample and the precision to see what the search saw.
type Command struct {
	Args    []string `json:"args"`              // flags: --view plain
	Program []string `json:"program,omitempty"` // that ran the model instead, with {model} and the like where the paths go
	Pos     *string  `json:"-"`                 // what restricted the search; null is unset
	Neg     *string  `json:"-"`
}

// ModelInfo says which model was searched.
type ModelInfo struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
}

// Source says where a sample came from.
type Source struct {
	Source string `json:"source"`
	SHA256 string `json:"sha256"`
}

// First is the first node that breaks the network when nodes are enforced in counting order.
type First struct {
	Graph     string     `json:"graph"`
	Count     int        `json:"count"` // CNT=Count fails, CNT=Count-1 passes
	Index     *int       `json:"index"` // equals Count; null when the engine does not list in counting order
	Tag       Tag        `json:"-"`
	Unit      []Tag      `json:"-"`
	Effect    string     `json:"effect"` // "compute" or "output"
	Kind      string     `json:"kind"`   // "monotone", "accumulated", "interacting"
	Smallest  bool       `json:"smallest"`
	Crossings []Crossing `json:"crossings"`
	Alone     *Probe     `json:"alone"`
	Without   *Probe     `json:"without"` // everything enforced but this one
}

// A Crossing is a CNT at which the verdict differs from that of CNT-1.
type Crossing struct {
	Count   int     `json:"count"`
	Verdict Verdict `json:"verdict"`
}

// A Point is one measured CNT.
type Point struct {
	Count int `json:"count"`
	Probe
}

// A Tag is Type@name, any bytes. How JSON has those that are not UTF-8 is said in resultjson.go.
type Tag = string

// Kept is a node that the repair keeps in f32.
type Kept struct {
	Graph  string   `json:"graph"`
	Index  int      `json:"index"`
	Tag    Tag      `json:"-"`
	Role   string   `json:"-"`
	From   []string `json:"-"` // names of the model's own nodes that it was made of
	Unit   int      `json:"unit"`
	MACs   int64    `json:"macs"`
	Reason string   `json:"reason"` // "culprit" or "closure"
}

// A Group is a set of candidates that a person sees as one thing, or two or three of them of one kind, whose names " and " joins.
type Group struct {
	By         string `json:"by"` // "role", "type" or "block"
	Name       string `json:"name"`
	Candidates []int  `json:"candidates"`
	Alone      *Probe `json:"alone"`
	Without    *Probe `json:"without"`
}

// GivenSettings are settings as they were given.
type GivenSettings patterns.Settings

// Settings are the two ways to ask a runtime for the repair. Each alone, with the other unset, enforces the candidates not kept.
type Settings struct {
	Chosen     string            `json:"chosen"` // "pos" or "neg"
	Pos        string            `json:"-"`
	Neg        string            `json:"-"`
	Exact      bool              `json:"exact"`
	AlsoKept   []Tag             `json:"-"` // tags that the nearest settings keep beside the wanted ones
	Properties map[string]string `json:"properties"`
}

// Active returns the settings to export: the chosen pattern alone.
func (s Settings) Active() patterns.Settings {
	if s.Chosen == "pos" {
		return patterns.Settings{Pos: &s.Pos}
	}
	return patterns.Settings{Neg: &s.Neg}
}

// Verified is the probe of the settings exactly as exported.
type Verified struct {
	Probe
	Settings string `json:"settings"` // "pos" or "neg"
	Enforced int    `json:"enforced"` // number of candidates enforced
}

// Proven says which parts of the answer were shown by probes.
type Proven struct {
	First    bool `json:"first"`
	KeepF32  bool `json:"keep_f32"`
	Settings bool `json:"settings"`
}

// ForwardPasses is the work of the search in passes of the whole network.
type ForwardPasses struct {
	First   float64 `json:"first"`    // until the first node was known, without what was spent on the culprit set
	KeepF32 float64 `json:"keep_f32"` // until the culprit set was first seen to repair; what follows shows that it is 1-minimal, and looks for better ones
	Total   float64 `json:"total"`
}
