package report

import (
	"fmt"
	"io"
	"strings"

	"halfway/bisect"
)

// What GitHub's workflow commands need escaped, in their text and in their properties.
var (
	githubText     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	githubProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// maxAnnotations is how many annotations of one kind GitHub shows for a step.
const maxAnnotations = 10

// GitHub writes what a result found as workflow commands, which GitHub shows beside the files of a change. Of the nodes to keep it names as
// many as GitHub shows.
func GitHub(w io.Writer, r *bisect.Result) error {
	commands := map[string]string{"error": "error", "warning": "warning", "note": "notice"}
	var b strings.Builder
	shown := map[string]int{}
	for _, f := range findings(r) {
		if shown[f.level]++; shown[f.level] > maxAnnotations {
			continue
		}
		fmt.Fprintf(&b, "::%s file=%s,line=1,title=%s::%s\n", commands[f.level], githubProperty.Replace(r.Model.Path),
			githubProperty.Replace("halfway: "+f.rule), githubText.Replace(f.message))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
