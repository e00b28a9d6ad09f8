package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"halfway/bisect"
	"halfway/bisect/report"
	"halfway/compare"
	"halfway/engine"
)

// checked is an answer with two samples, one of which fails, and hostile names.
func checked() *report.Check {
	bad, good := probe(bisect.Accuracy, 3.25), probe(bisect.Pass, 41)
	bad.Errors = []compare.Histogram{{Output: hostile, Elements: 6, Equal: 1, NonFinite: 1, Scale: 2, First: -4, Counts: []int64{3, 0, 1}}}
	return &report.Check{Schema: report.CheckSchema,
		Subject: report.Subject{View: "plain", Precision: "bf16", Engine: engine.Info{Name: "builtin"}, Model: bisect.ModelInfo{Path: hostile},
			Inputs: []bisect.Source{{Source: "x.npz"}, {Source: hostile}}, Warnings: []string{hostile}},
		Settings: bisect.GivenSettings{Neg: text(`a|b`)},
		CheckResult: &bisect.CheckResult{Probe: bad, Samples: []bisect.Probe{good, bad}, Baseline: &good, Accept: []string{"sqnr>=20"}, Candidates: 7,
			Enforced: 5},
		Drift: report.NewDrift(found(), found())}
}

// checkForms are all of them.
var checkForms = map[string]func(*report.Check, io.Writer) error{"text": (*report.Check).Text, "html": (*report.Check).HTML,
	"markdown": (*report.Check).Markdown, "junit": (*report.Check).JUnit, "github": (*report.Check).GitHub}

func checkWritten(t *testing.T, form string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := checkForms[form](checked(), &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestCheckForms holds each form against what reads it, and against names that mean something to it.
func TestCheckForms(t *testing.T) {
	for form := range checkForms {
		markup := form != "text" && form != "github" // where < begins something
		if got := checkWritten(t, form); form != "github" && bytes.ContainsAny(got, "\x1b\xff") || markup && bytes.Contains(got, []byte("<script>alert")) {
			t.Errorf("%s lets a name through:\n%s", form, got)
		}
	}
	page := string(checkWritten(t, "html"))
	for _, want := range []string{"is not accurate enough", `class="outcome accuracy"`, "OV_CPU_INFER_PRC_NEG_PATTERN=&#39;a|b&#39;", "<title>3 of 0.01 to 0.032</title>", "6 elements, 1 without an error, 1 not finite",
		"The same nodes must be kept"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	junit := checkWritten(t, "junit")
	var s struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
	}
	if err := xml.Unmarshal(junit, &s); err != nil || s.Tests != 2 || s.Failures != 1 {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := exec.LookPath("xmllint"); err == nil {
		c := exec.Command("xmllint", "--noout", "--schema", "testdata/schemas/jenkins-junit.xsd", "-")
		c.Stdin = bytes.NewReader(junit)
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%s", out)
		}
	}
	if lines := strings.Count(string(checkWritten(t, "github")), "\n"); lines != 1 {
		t.Errorf("%d annotations", lines)
	}
}

func TestParseCheck(t *testing.T) {
	b, err := json.Marshal(checked())
	if err != nil {
		t.Fatal(err)
	}
	k, err := report.ParseCheck(b)
	if err != nil || k.Enforced != 5 || k.Baseline.Verdict != bisect.Pass || len(k.Samples) != 2 {
		t.Errorf("%+v, %v", k, err)
	}
	for text, want := range map[string]string{"[]": "cannot unmarshal", `{"schema":"x"}`: "its schema is", `{"schema":"halfway/check/1"}`: "no baseline",
		`{"schema":"halfway/check/1","baseline":{},"inputs":[{}]}`: "0 samples of 1 inputs"} {
		if _, err := report.ParseCheck([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
}

// FuzzReport writes whatever is JSON of a result or of a check in all forms: an error, but no panic.
func FuzzReport(f *testing.F) {
	for _, r := range results() {
		b, err := json.Marshal(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	b, err := json.Marshal(checked())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		if k, err := report.ParseCheck(b); err == nil {
			for _, form := range checkForms {
				_ = form(k, io.Discard)
			}
			return
		}
		r := &bisect.Result{}
		if json.Unmarshal(b, r) != nil {
			return
		}
		_ = report.Text(io.Discard, r, report.Recorded(r))
		for _, form := range []func(io.Writer, *bisect.Result) error{report.HTML, report.Markdown, report.JUnit, report.SARIF, report.GitHub, report.GitLab, report.SVG} {
			_ = form(io.Discard, r)
		}
	})
}

// TestCheckOfAnyBytes has a pattern that is not UTF-8: its JSON fits the schema and gives it back.
func TestCheckOfAnyBytes(t *testing.T) {
	k := checked()
	k.Settings = bisect.GivenSettings{Neg: text("a\xff|b")}
	b, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	schema, err := jsonschema.NewCompiler().Compile("check.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(v); err != nil {
		t.Error(err)
	}
	var back report.Check
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if s := back.Settings; s.Pos != nil || s.Count != nil || s.Neg == nil || *s.Neg != "a\xff|b" {
		t.Errorf("the settings came back as %+v", s)
	}
}
