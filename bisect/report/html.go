package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"halfway/bisect"
	"halfway/compare"
	"halfway/engine"
	"halfway/patterns"
)

var (
	//go:embed html/page.html
	pageHTML string
	//go:embed html/page.css
	pageStyle string
	//go:embed html/page.js
	pageScript string

	pageTemplate = template.Must(template.New("page").Parse(pageHTML))
)

type (
	// htmlPage is what the template shows, section by section; empty ones are left out.
	htmlPage struct {
		Style            template.CSS
		Script           template.JS
		ScriptHash       string
		Model, Precision string
		Outcome          string // of a search, or a verdict
		Answer, Rules    string
		First            *htmlFirst
		Plot             *htmlPlot
		Kept             *htmlKept
		Settings         *htmlSettings
		Groups           []htmlGroup
		Map              *htmlMap
		Nodes            []htmlNode
		Outputs          []htmlReading
		Histograms       []htmlHistogram
		Drift            *htmlBlock
		Commands         []htmlBlock
		Proven, Warnings []string
		Facts            []htmlFact
		Probes           []htmlProbe
	}
	htmlFirst struct {
		Passing, Tag string
		Count        int
		Facts        []string
	}
	// htmlKept are the nodes to keep, as many as a person looks at.
	htmlKept struct {
		Title string
		First []bisect.Kept
		More  int
	}
	htmlBlock    struct{ Label, Text string }
	htmlSettings struct {
		Shell  htmlBlock
		Others []htmlExport
		Notes  []string
	}
	htmlExport struct {
		Name, Refused string
		Block         htmlBlock
	}
	htmlGroup struct {
		By, Name       string
		Nodes          int
		Alone, Without htmlHeat
	}
	htmlReading struct{ Run, Verdict, Class, Output, Metric, Value, Sample string }
	htmlFact    struct{ Name, Text string }
	htmlProbe   struct {
		From, To int
		Verdict  bisect.Verdict
		Error    htmlHeat
		Readings string
	}
	// htmlHeat is an error over its tolerance, with the class of its colour.
	htmlHeat struct{ Text, Class string }
)

// HTML writes a result as one page that needs nothing else: no network, and no script to be read. Names of nodes are shown as text.
func HTML(w io.Writer, r *bisect.Result) error {
	t := newText(r, Recorded(r))
	p := htmlPage{Model: Printable(r.Model.Path), Precision: r.Precision, Outcome: string(r.Outcome), Answer: t.answer(), Rules: Printable(strings.Join(r.Accept, ", ")),
		First: t.htmlFirst(), Plot: newHTMLPlot(r), Kept: newHTMLKept(r.KeepF32), Groups: htmlGroups(r), Map: newHTMLMap(r), Nodes: htmlNodes(r),
		Proven: t.claims(), Facts: htmlFacts(r), Probes: htmlProbes(r)}
	if n := len(r.Curve); n > 0 {
		p.Histograms = newHTMLHistograms("everything in "+r.Precision, &r.Curve[n-1].Probe)
	}
	if r.Verified != nil {
		p.Histograms = append(p.Histograms, newHTMLHistograms("the settings", &r.Verified.Probe)...)
	}
	var err error
	if p.Settings, err = t.htmlSettings(); err != nil {
		return err
	}
	for i, c := range reproduction(r, t.options) {
		if copyable(c) {
			p.Commands = append(p.Commands, htmlBlock{fmt.Sprintf("command %d", i+1), c})
		}
	}
	for _, text := range r.Warnings {
		p.Warnings = append(p.Warnings, Printable(text))
	}
	t.readings(&p)
	return p.write(w)
}

// write makes the page.
func (p *htmlPage) write(w io.Writer) error {
	hash := sha256.Sum256([]byte(pageScript))
	p.Style, p.Script, p.ScriptHash = template.CSS(pageStyle), template.JS(pageScript), "sha256-"+base64.StdEncoding.EncodeToString(hash[:])
	return pageTemplate.Execute(w, p)
}

func (t *text) htmlFirst() *htmlFirst {
	f := t.First
	if f == nil {
		return nil
	}
	return &htmlFirst{t.passing(), Printable(f.Tag), f.Count, t.firstFacts()}
}

// maxKept is how many nodes are shown beside the table of all nodes.
const maxKept = 500

func newHTMLKept(list []bisect.Kept) *htmlKept {
	if len(list) == 0 {
		return nil
	}
	list = slices.Clone(list)
	for i := range list {
		list[i].Tag, list[i].Role = Printable(list[i].Tag), Printable(list[i].Role)
	}
	n := min(len(list), maxKept)
	return &htmlKept{count(len(list), "node"), list[:n], len(list) - n}
}

func (t *text) htmlSettings() (*htmlSettings, error) {
	if t.Settings == nil {
		return nil, nil
	}
	notes := t.settingsNotes()
	for _, name := range slices.Sorted(maps.Keys(t.Settings.Properties)) {
		notes = append(notes, fmt.Sprintf("They need the runtime property %s=%s.", name, t.Settings.Properties[name]))
	}
	return htmlSettingsOf(t.Settings.Active(), notes)
}

func htmlSettingsOf(settings patterns.Settings, notes []string) (*htmlSettings, error) {
	s := &htmlSettings{Notes: notes}
	for _, format := range patterns.Formats() {
		var b strings.Builder
		err := patterns.Export(&b, settings, format)
		block := htmlBlock{"settings for " + format, b.String()}
		if err == nil && !copyable(b.String()) {
			err = errNotCopyable
		}
		switch {
		case format == "shell" && err != nil && !errors.Is(err, errNotCopyable):
			return nil, err
		case format == "shell" && err != nil:
			s.Notes = append(s.Notes, capital(err.Error())+".")
		case format == "shell":
			s.Shell = block
		case err != nil:
			s.Others = append(s.Others, htmlExport{Name: format, Refused: err.Error()})
		default:
			s.Others = append(s.Others, htmlExport{Name: format, Block: block})
		}
	}
	return s, nil
}

// errNotCopyable says why settings are not shown.
var errNotCopyable = errors.New("a page cannot give these settings to the clipboard, since they hold control characters or bytes that are no UTF-8: " +
	"use halfway export")

// copyable reports whether a browser gives text to the clipboard as it is.
func copyable(text string) bool {
	return utf8.ValidString(text) && strings.IndexFunc(text, func(r rune) bool { return r != '\n' && r != '\t' && unicode.IsControl(r) }) < 0
}

func htmlGroups(r *bisect.Result) (list []htmlGroup) {
	for _, g := range r.Groups {
		list = append(list, htmlGroup{g.By, Printable(g.Name), len(g.Candidates), heatOf(r, g.Alone), heatOf(r, g.Without)})
	}
	return list
}

// heatOf is the error of a probe, its verdict where there is no number, nothing where there is no probe.
func heatOf(r *bisect.Result, p *bisect.Probe) htmlHeat {
	if p == nil {
		return htmlHeat{}
	}
	return probeHeat(acceptRules(r), p)
}

func probeHeat(rules []compare.Rule, p *bisect.Probe) htmlHeat {
	if !p.Verdict.Answered() {
		return htmlHeat{Text: string(p.Verdict)}
	}
	return heat(errorOf(rules, *p), p.Verdict)
}

func heat(e float64, v bisect.Verdict) htmlHeat {
	switch {
	case math.IsNaN(e) && v.Bad():
		return htmlHeat{string(v), "h4"}
	case math.IsNaN(e):
		return htmlHeat{string(v), "h0"}
	case math.IsInf(e, 1):
		return htmlHeat{"inf", "h5"}
	}
	class := 0
	for _, bound := range []float64{0.1, 0.5, 1, 3, 10} {
		if e > bound {
			class++
		}
	}
	return htmlHeat{strconv.FormatFloat(e, 'g', 3, 64), "h" + strconv.Itoa(class)}
}

// readings are the measured values of the runs that matter.
func (t *text) readings(p *htmlPage) {
	rules := acceptRules(t.Result)
	add := func(run string, probe *bisect.Probe) { p.addReadings(rules, run, probe, t.source) }
	if n := len(t.Curve); n > 0 {
		add("everything in "+t.Precision, &t.Curve[n-1].Probe)
	}
	if f := t.First; f != nil {
		add("the first node alone", f.Alone)
		add("all but the first node", f.Without)
	}
	if t.Verified != nil {
		add("the settings", &t.Verified.Probe)
	}
}

// addReadings adds a row for each value that a run showed.
func (p *htmlPage) addReadings(rules []compare.Rule, run string, probe *bisect.Probe, source func(sample int) string) {
	if probe == nil {
		return
	}
	class := probeHeat(rules, probe).Class
	if len(probe.Metrics) == 0 {
		p.Outputs = append(p.Outputs, htmlReading{Run: run, Verdict: string(probe.Verdict), Class: class, Output: Printable(probe.Detail)})
	}
	for _, m := range probe.Metrics {
		p.Outputs = append(p.Outputs, htmlReading{run, string(probe.Verdict), class, Printable(m.Output), m.Metric, valueText(m.Value), source(m.Sample)})
	}
}

// source names a sample.
func (t *text) source(sample int) string {
	if sample < 0 || sample >= len(t.Samples) {
		return strconv.Itoa(sample)
	}
	return Printable(t.Samples[sample].Source)
}

func htmlFacts(r *bisect.Result) []htmlFact {
	return append(subjectFacts(r.Model, r.Samples, r.Engine, r.View), htmlFact{"candidates", fmt.Sprintf("%d in %d units", r.Candidates, r.Units)},
		htmlFact{"probes", fmt.Sprintf("%d, %s forward passes, %s s", r.Probes, digits(r.ForwardPasses.Total), digits(r.Seconds))})
}

// subjectFacts say what was run.
func subjectFacts(model bisect.ModelInfo, samples []bisect.Source, e engine.Info, view string) []htmlFact {
	list := []htmlFact{{"model", Printable(model.Path)}, {"its SHA-256", model.SHA256}}
	for _, s := range samples {
		list = append(list, htmlFact{"sample", strings.TrimSpace(Printable(s.Source) + " " + s.SHA256)})
	}
	return append(list, htmlFact{"engine", strings.TrimSpace(e.Name + " " + e.Version + " " + e.Kernel)}, htmlFact{"view", view})
}

// htmlProbes sums up neighbours that showed the same.
func htmlProbes(r *bisect.Result) (list []htmlProbe) {
	rules := acceptRules(r)
	for i, p := range r.Curve {
		row := htmlProbe{p.Count, p.Count, p.Verdict, heat(errorOf(rules, p.Probe), p.Verdict), readings(p.Probe)}
		if n := len(list); n > 0 && r.Curve[i-1].Count == p.Count-1 && list[n-1].Verdict == row.Verdict && list[n-1].Readings == row.Readings {
			list[n-1].To = p.Count
			continue
		}
		list = append(list, row)
	}
	return list
}
