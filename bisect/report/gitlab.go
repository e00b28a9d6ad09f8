package report

import (
	"io"
	"path/filepath"
	"strings"

	"halfway/bisect"
)

type (
	gitlabIssue struct {
		Description string         `json:"description"`
		Check       string         `json:"check_name"`
		Fingerprint string         `json:"fingerprint"`
		Severity    string         `json:"severity"`
		Location    gitlabLocation `json:"location"`
	}
	gitlabLocation struct {
		Path  string      `json:"path"`
		Lines gitlabLines `json:"lines"`
	}
	gitlabLines struct {
		Begin int `json:"begin"`
	}
)

// severities are GitLab's words for SARIF's levels.
var severities = map[string]string{"error": "critical", "warning": "major", "note": "info"}

// GitLab writes what a result found as a code quality report of GitLab.
func GitLab(w io.Writer, r *bisect.Result) error {
	list := []gitlabIssue{}
	path := strings.ToValidUTF8(strings.TrimPrefix(filepath.ToSlash(filepath.Clean(r.Model.Path)), "./"), "\uFFFD")
	for _, f := range findings(r) {
		list = append(list, gitlabIssue{f.message, "halfway/" + f.rule, f.fingerprint(r), severities[f.level], gitlabLocation{path, gitlabLines{1}}})
	}
	return JSON(w, list)
}
