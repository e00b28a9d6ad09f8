package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"halfway/bisect"
	"halfway/engine"
	"halfway/patterns"
)

// Options say how Text lays out a result, and what it cannot know from the result alone.
type Options struct {
	Candidates []engine.Candidate // those that the result counts
	Universe   patterns.Settings  // what restricted the search
	RunArgs    []string           // flags that halfway run needs to see the same nodes
	Program    []string           // that ran the model instead of halfway itself
	Columns    int                // of the terminal; 0 where there is none
	Color      bool
}

// plainColumns is the width of texts that no terminal shows.
const plainColumns = 100

// Text writes a result for a person who wants to act on it: what breaks, what to keep in f32, the settings to paste, how to see both sides,
// and what of this is proven.
func Text(w io.Writer, r *bisect.Result, o Options) error {
	t := newText(r, o)
	t.headline()
	t.first()
	t.groups()
	t.kept()
	if err := t.settings(); err != nil {
		return err
	}
	t.tradeoff()
	t.reproduce()
	t.confirmed()
	t.proven()
	t.warnings()
	t.work()
	_, err := io.WriteString(w, t.String())
	return err
}

// text is a result on its way to a page.
type text struct {
	page
	*bisect.Result
	options Options
}

// headline is the answer, then the rules.
func (t *text) headline() {
	t.paragraph(0, 0, t.answer())
	if len(t.Accept) > 0 {
		t.paragraph(0, 0, fmt.Sprintf("Rules: %s.", Printable(strings.Join(t.Accept, ", "))))
	}
}

func newText(r *bisect.Result, o Options) *text {
	t := &text{page: page{columns: o.Columns, color: o.Color}, Result: r, options: o}
	if t.columns <= 0 {
		t.columns = plainColumns
	}
	return t
}

// answer is the outcome in one or two sentences.
func (t *text) answer() string {
	model := Printable(t.Model.Path)
	switch {
	case t.Outcome == bisect.Found:
		return fmt.Sprintf("%s breaks in %s. Keeping %s in f32 repairs it.", model, t.Precision, t.share())
	case t.Outcome == bisect.NothingBreaks:
		return fmt.Sprintf("%s holds in %s: nothing breaks with %s enforced%s.", model, t.Precision, t.universe(), t.at(len(t.Curve)-1))
	case t.Outcome == bisect.NotRepairable && (t.Reason == nil || *t.Reason != "baseline"):
		return fmt.Sprintf("%s breaks in %s, and nothing that was found within --max-f32 repairs it. Keeping %s in f32 is the best.",
			model, t.Precision, t.share())
	case t.Outcome == bisect.NotRepairable:
		return fmt.Sprintf("%s breaks the rules with nothing enforced already%s: no precision is to blame. Look at the reference, the "+
			"input and the rules.", model, t.at(0))
	}
	return fmt.Sprintf("%s in %s: unresolved, %s. What follows is what is known so far.", model, t.Precision, t.reason())
}

// share is how much of the network is kept in f32.
func (t *text) share() string {
	var kept, all int64
	for _, k := range t.KeepF32 {
		kept += k.MACs
	}
	for _, c := range t.options.Candidates {
		all += c.MACs
	}
	s := fmt.Sprintf("%d of its %d candidates", len(t.KeepF32), t.Candidates)
	if all > 0 {
		s += fmt.Sprintf(" (%s %% of the multiply-adds)", digits(100*float64(kept)/float64(all)))
	}
	return s
}

func (t *text) universe() string {
	if t.options.Universe.Pos != nil || t.options.Universe.Neg != nil {
		return "all the nodes that --pos and --neg admit"
	}
	return fmt.Sprintf("all %d candidates", t.Candidates)
}

// at is what the i-th measured CNT showed, as an insertion.
func (t *text) at(i int) string {
	if i < 0 || i >= len(t.Curve) {
		return ""
	}
	return " (" + readings(t.Curve[i].Probe) + ")"
}

func (t *text) reason() string {
	if t.Reason == nil {
		return "since some probes gave no answer"
	}
	switch *t.Reason {
	case "budget":
		return "since the budget is used up"
	case "interrupted":
		return "since it was interrupted"
	case "noise":
		return "since the engine's noise exceeds the tolerance"
	}
	return *t.Reason
}

// first says which node turns the verdict.
func (t *text) first() {
	f := t.First
	if f == nil {
		return
	}
	t.heading(fmt.Sprintf("First node: %s, CNT=%d fails", t.passing(), f.Count))
	t.line(2, "%s", Printable(f.Tag))
	for _, fact := range t.firstFacts() {
		t.paragraph(2, 2, fact)
	}
}

// firstFacts are the sentences about the first node.
func (t *text) firstFacts() (list []string) {
	f := t.First
	if len(f.Unit) > 1 {
		list = append(list, fmt.Sprintf("It is computed as one with %s; %s starts here.", t.others(f), map[string]string{"compute": "the computation in " +
			t.Precision, "output": "the rounding of the output to " + t.Precision}[f.Effect]))
	}
	if f.Kind != "" {
		list = append(list, t.kind())
	}
	if f.Alone != nil && f.Without != nil {
		others := "."
		switch {
		case f.Without.Verdict == bisect.Pass:
			others = ": keeping it in f32 is enough."
		case f.Without.Verdict.Bad():
			others = ": there are other culprits."
		}
		list = append(list, fmt.Sprintf("Enforced alone it %s. With all but it enforced the network %s%s", shown(*f.Alone), shown(*f.Without), others))
	}
	if n := len(f.Crossings); n > 1 {
		list = append(list, "The verdict changes at "+t.crossings())
	}
	return list
}

// passing is what passes just before the first node.
func (t *text) passing() string {
	if t.First.Count == 0 {
		return "nothing enforced passes"
	}
	return fmt.Sprintf("CNT=%d passes", t.First.Count-1)
}

func (t *text) others(f *bisect.First) string {
	var tags []string
	for _, tag := range f.Unit {
		if tag != f.Tag {
			tags = append(tags, Printable(tag))
		}
	}
	return strings.Join(tags, ", ")
}

func (t *text) kind() string {
	switch t.First.Kind {
	case "monotone":
		return "A culprit by itself."
	case "accumulated":
		return "The last straw: its error adds to that of the nodes before it, none of them too much by itself."
	case "interacting":
		return "It does harm only together with others, or others undo it again."
	}
	return ""
}

func (t *text) crossings() string {
	const most = 8
	var parts []string
	for i, c := range t.First.Crossings {
		if i == most {
			parts = append(parts, "...")
			break
		}
		parts = append(parts, fmt.Sprintf("CNT=%d (%s)", c.Count, verdict(bisect.Probe{Verdict: c.Verdict})))
	}
	return strings.Join(parts, ", ") + "."
}

// count is a number of things in words.
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// settings are the lines to paste.
func (t *text) settings() error {
	s := t.Settings
	if s == nil {
		return nil
	}
	t.heading("Settings")
	if err := patterns.Export(&t.page, s.Active(), "shell"); err != nil { // not indented: a quoted pattern may have several lines
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		t.line(0, "and the runtime property %s=%s", name, s.Properties[name])
	}
	for _, n := range t.settingsNotes() {
		t.paragraph(2, 2, n)
	}
	return nil
}

// settingsNotes are what the user of the settings should know.
func (t *text) settingsNotes() (list []string) {
	if t.Verified == nil {
		list = append(list, "The search ended before these were run: halfway check tells whether they hold.")
	}
	if !t.Settings.Exact {
		list = append(list, fmt.Sprintf("No pattern can tell the kept nodes from others of the same tag, so these keep %s more in f32.",
			count(len(t.Settings.AlsoKept), "node")))
	}
	return list
}

// tradeoff shows how the error falls with what stays in f32.
func (t *text) tradeoff() {
	if len(t.Tradeoff) == 0 {
		return
	}
	t.heading("What more or less in f32 gives")
	rows := table{right: []bool{true, true, true}}
	rows.add("nodes", "multiply-adds", "error/tolerance", "")
	for _, o := range t.Tradeoff {
		rows.add(strconv.Itoa(o.Nodes), digits(100*o.Work)+" %", valueText(o.Error), verdict(o.Probe)+": "+readings(o.Probe))
	}
	_ = rows.write(&t.page, "  ") // a Builder takes everything
	t.line(2, "the settings of each are in --json")
}

// proven says what of the answer was shown by probes.
func (t *text) proven() {
	list := t.claims()
	if len(list) > 0 {
		t.heading("Proven")
	}
	for _, line := range list {
		t.paragraph(2, 2, line)
	}
}

// claims are the sentences about it.
func (t *text) claims() (list []string) {
	if f := t.First; f != nil && t.Proven.First {
		smaller := "Some smaller CNTs were not run."
		if f.Smallest {
			smaller = "No smaller CNT fails: each was run, or gives the same bits as one that was."
		}
		list = append(list, fmt.Sprintf("%s and CNT=%d fails: both were run. %s", capital(t.passing()), f.Count, smaller))
	}
	if t.Proven.KeepF32 {
		list = append(list, fmt.Sprintf("Each unit kept in f32 is needed: give any one back to %s, and the network fails. Smaller sets of other "+
			"nodes are not excluded.", t.Precision))
	}
	if s := t.Settings; s != nil && s.Exact {
		list = append(list, fmt.Sprintf("The pattern enforces exactly the %d candidates that it should, of %d.", t.Candidates-len(t.KeepF32),
			t.Candidates))
	}
	if v := t.Verified; v != nil {
		list = append(list, fmt.Sprintf("Run once more exactly as printed, with %d nodes enforced, the network %s.", v.Enforced, shown(v.Probe)))
	}
	return list
}

// work says what the answer took.
func (t *text) work() {
	t.WriteString("\n")
	engine := strings.TrimSpace(t.Engine.Name + " " + t.Engine.Kernel)
	t.paragraph(0, 0, fmt.Sprintf("%s, %s forward passes, %s s; engine %s, view %s.", count(t.Probes, "probe"), digits(t.ForwardPasses.Total),
		digits(t.Seconds), Printable(engine), t.View))
	if p := t.ForwardPasses; t.First != nil && p.KeepF32 > 0 {
		t.paragraph(0, 0, fmt.Sprintf("The first node was known after %s passes, what to keep after %s.", digits(p.First), digits(p.KeepF32)))
	}
}

func (t *text) warnings() {
	if len(t.Warnings) == 0 {
		return
	}
	t.heading("Mind")
	for _, w := range t.Warnings {
		t.paragraph(2, 2, "- "+Printable(w))
	}
}
