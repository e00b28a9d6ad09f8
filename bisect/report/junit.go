package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"halfway/bisect"
)

type (
	junitSuite struct {
		XMLName  xml.Name    `xml:"testsuite"`
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Time     string      `xml:"time,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		Skipped *struct{}     `xml:"skipped"`
		Error   *junitProblem `xml:"error"`
		Failure *junitProblem `xml:"failure"`
	}
	junitProblem struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes a result as the JUnit XML that Jenkins and GitLab read: three tests, whether nothing enforced meets the rules, whether
// everything enforced does, and whether the settings repair it.
func JUnit(w io.Writer, r *bisect.Result) error {
	var whole strings.Builder
	if err := Text(&whole, r, Recorded(r)); err != nil {
		return err
	}
	s := &junitSuite{Name: "halfway bisect " + Printable(r.Model.Path), Time: fmt.Sprintf("%.3f", r.Seconds)}
	answer := newText(r, Recorded(r)).answer()
	s.add(r.Precision, "nothing enforced meets the rules", nothing(r), answer, whole.String())
	s.add(r.Precision, "everything enforced in "+r.Precision+" meets the rules", everything(r), answer, whole.String())
	var repaired bisect.Verdict
	if r.Verified != nil {
		repaired = r.Verified.Verdict
	}
	s.add(r.Precision, "the settings repair it", repaired, answer, whole.String())
	return s.write(w)
}

func (s *junitSuite) write(w io.Writer) error {
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", " ")
	if err := e.Encode(s); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// nothing and everything are the verdicts of the ends of the curve, "" where they were not probed.
func nothing(r *bisect.Result) bisect.Verdict {
	if len(r.Curve) > 0 && r.Curve[0].Count == -1 {
		return r.Curve[0].Verdict
	}
	return ""
}

func everything(r *bisect.Result) bisect.Verdict {
	if n := len(r.Curve); n > 0 && r.Curve[n-1].Count >= 0 {
		return r.Curve[n-1].Verdict
	}
	return ""
}

// add adds a test with this verdict; one that was not run is skipped, one without an answer is an error.
func (s *junitSuite) add(precision, name string, v bisect.Verdict, message, text string) {
	c := junitCase{Name: name, Class: "halfway." + precision}
	switch {
	case v == "":
		c.Skipped = &struct{}{}
		s.Skipped++
	case v.Bad():
		c.Failure = &junitProblem{message, string(v), text}
		s.Failures++
	case !v.Answered():
		c.Error = &junitProblem{message, string(v), text}
		s.Errors++
	}
	s.Tests++
	s.Cases = append(s.Cases, c)
}
