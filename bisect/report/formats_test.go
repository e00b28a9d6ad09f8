package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"halfway/bisect"
	"halfway/bisect/report"
	"halfway/engine"
)

// hostile is a name that means something to terminals, HTML, XML, Markdown, GitHub and SVG.
const hostile = "Eltwise@a\"'><script>alert(1)</script>&amp;]]>|`*_[x](y)\n::error::%0A,x:\x1b[31m\u202e\xff${{7*7}}"

// results are those that formats are tested with, by what they show.
func results() map[string]*bisect.Result {
	odd := found()
	odd.Model.Path = hostile
	odd.First.Tag, odd.KeepF32[0].Tag, odd.KeepF32[0].Role, odd.Groups[0].Name = hostile, hostile, hostile, hostile
	odd.Nodes[0].Tag, odd.Nodes[0].Graph = hostile, hostile
	for i := range 4 { // a block and a role that two blocks have
		odd.Nodes[i].Block, odd.Nodes[i].Role = hostile+strconv.Itoa(i/2), hostile
	}
	odd.Settings.Neg, odd.Samples[0].Source, odd.Warnings = hostile, hostile, []string{hostile}
	odd.Command = &bisect.Command{Args: []string{"--shape", hostile}}
	silent := found()
	silent.Curve = []bisect.Point{{Count: -1, Probe: bisect.Probe{Verdict: bisect.Pass}}, {Count: 0, Probe: bisect.Probe{Verdict: bisect.Crash, Detail: "boom"}}}
	return map[string]*bisect.Result{
		"found": found(), "hostile": odd, "inexact": inexact(), "verdicts only": silent,
		"interrupted at once": {Outcome: bisect.Unresolved, Reason: text("interrupted"), Precision: "bf16", Engine: engine.Info{Name: "builtin"}},
		"nothing breaks": {Outcome: bisect.NothingBreaks, Precision: "f16", Candidates: 7, Accept: []string{"sqnr>=20"},
			Curve: []bisect.Point{{Count: -1, Probe: probe(bisect.Pass, 90)}, {Count: 6, Probe: probe(bisect.Pass, 60)}}},
		"baseline": {Outcome: bisect.NotRepairable, Reason: text("baseline"), Precision: "bf16", Accept: []string{"sqnr>=20"},
			Curve: []bisect.Point{{Count: -1, Probe: probe(bisect.NonFinite, 3)}}},
	}
}

func written(t *testing.T, write func(io.Writer, *bisect.Result) error, r *bisect.Result) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestSARIF holds the logs against the schema of OASIS.
func TestSARIF(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("testdata/schemas/sarif-2.1.0.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range results() {
		b := written(t, report.SARIF, r)
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
		if err == nil {
			err = schema.Validate(v)
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if n := bytes.Count(b, []byte(`"ruleId"`)); n == 0 != (r.Outcome == bisect.NothingBreaks) {
			t.Errorf("%s: %d results of the outcome %s", name, n, r.Outcome)
		}
	}
}

// TestJUnit holds the XML against the schema of Jenkins.
func TestJUnit(t *testing.T) {
	want := map[string][3]int{ // failures, errors, skipped
		"found": {1, 0, 0}, "hostile": {1, 0, 0}, "inexact": {1, 0, 1}, "verdicts only": {0, 1, 0}, "interrupted at once": {0, 0, 3},
		"nothing breaks": {0, 0, 1}, "baseline": {1, 0, 2},
	}
	for name, r := range results() {
		b := written(t, report.JUnit, r)
		var s struct {
			Failures int `xml:"failures,attr"`
			Errors   int `xml:"errors,attr"`
			Skipped  int `xml:"skipped,attr"`
		}
		if err := xml.Unmarshal(b, &s); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := [3]int{s.Failures, s.Errors, s.Skipped}; got != want[name] {
			t.Errorf("%s: failures, errors, skipped are %v, want %v", name, got, want[name])
		}
		if _, err := exec.LookPath("xmllint"); err != nil {
			continue // the rest needs it; .ci/run installs it
		}
		c := exec.Command("xmllint", "--noout", "--schema", "testdata/schemas/jenkins-junit.xsd", "-")
		c.Stdin = bytes.NewReader(b)
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%s: %s", name, out)
		}
	}
}

// TestGitLab checks what GitLab's documentation asks of a code quality report.
func TestGitLab(t *testing.T) {
	for name, r := range results() {
		var list []struct {
			Description, Fingerprint, Severity string
			Check                              string `json:"check_name"`
			Location                           struct {
				Path  string
				Lines struct{ Begin int }
			}
		}
		if err := json.Unmarshal(written(t, report.GitLab, r), &list); err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, issue := range list {
			if issue.Description == "" || issue.Check == "" || issue.Location.Path == "" || issue.Location.Lines.Begin < 1 || seen[issue.Fingerprint] ||
				!strings.Contains(" info minor major critical blocker ", " "+issue.Severity+" ") {
				t.Errorf("%s: %+v", name, issue)
			}
			seen[issue.Fingerprint] = true
		}
	}
}

// TestGitHub undoes the escapes as GitHub's runner does: a command stays one line, and the file is the model.
func TestGitHub(t *testing.T) {
	for name, r := range results() {
		lines := strings.Split(strings.TrimSuffix(string(written(t, report.GitHub, r)), "\n"), "\n")
		for _, line := range lines {
			if line == "" && r.Outcome == bisect.NothingBreaks {
				continue
			}
			head, _, ok := strings.Cut(strings.TrimPrefix(line, "::"), "::")
			_, properties, _ := strings.Cut(head, " ")
			file := strings.TrimPrefix(strings.Split(properties, ",")[0], "file=")
			for _, e := range [][2]string{{"%0D", "\r"}, {"%0A", "\n"}, {"%3A", ":"}, {"%2C", ","}, {"%25", "%"}} {
				file = strings.ReplaceAll(file, e[0], e[1])
			}
			if !ok || !strings.HasPrefix(line, "::") || file != r.Model.Path {
				t.Errorf("%s: %q is about %q", name, line, file)
			}
		}
	}
}

func TestMarkdownShowsNamesAsTheyAre(t *testing.T) {
	text, _, _ := strings.Cut(string(written(t, report.Markdown, results()["hostile"])), "```")
	for _, markup := range []string{"<script", "](", "::error", "\x1b", "**"} {
		if strings.Contains(text, markup) {
			t.Errorf("a name brings %q into the summary:\n%s", markup, text)
		}
	}
}

// TestPlots draws what has numbers, and says so where there are none.
func TestPlots(t *testing.T) {
	for _, name := range []string{"found", "nothing breaks", "hostile"} {
		r := results()[name]
		if _, err := png.Decode(bytes.NewReader(written(t, report.PNG, r))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for d := xml.NewDecoder(bytes.NewReader(written(t, report.SVG, r))); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Errorf("%s: %v", name, err)
				break
			}
		}
	}
	if err := report.PNG(io.Discard, results()["verdicts only"]); err == nil || !strings.Contains(err.Error(), "no measured errors") {
		t.Errorf("drawing nothing: %v", err)
	}
}

// TestMap has what is known of each block and role.
func TestMap(t *testing.T) {
	page := string(written(t, report.HTML, found()))
	_, section, _ := strings.Cut(page, `<h2 id="map">`)
	section, _, _ = strings.Cut(section, "</section>")
	for _, want := range []string{`<span class="tag">layers.1</span>`, `title="__module.layers.(\d&#43;).norm/aten::mul/Multiply"><span class="role">norm/mul</span>`,
		`<td class="n h4 kept">3.5 / inf <span class="said">kept in f32</span></td>`, `<i>1</i>`} {
		if !strings.Contains(section, want) {
			t.Errorf("%s is not in the map:\n%s", want, section)
		}
	}
	alone := found()
	for i := range alone.Nodes {
		alone.Nodes[i].Block = "" // names that tell nothing
	}
	if strings.Contains(string(written(t, report.HTML, alone)), `id="map"`) {
		t.Error("there is a map of no blocks")
	}
}

// TestHTMLIsText shows hostile names as text, in all results.
func TestHTMLIsText(t *testing.T) {
	for name, r := range results() {
		page := string(written(t, report.HTML, r))
		if n := strings.Count(page, "<script"); n != 1 {
			t.Errorf("%s: %d scripts", name, n)
		}
		if strings.Contains(page, "ZgotmplZ") || strings.Contains(page, "\x1b") {
			t.Errorf("%s: a value that the page cannot show", name)
		}
		if dir := os.Getenv("HALFWAY_KEEP"); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, name+".html"), []byte(page), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}
