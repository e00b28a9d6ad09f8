package cmd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var decimal = regexp.MustCompile(`\d+\\\.\d+`)

// TestTutorial runs the lines of "halfway help tutorial" that begin with $, one after the other. The lines below one are in its output; numbers
// with a decimal point may differ, since last bits depend on the processor.
func TestTutorial(t *testing.T) {
	dir := t.TempDir()
	root, err := filepath.Abs("..")
	if err == nil {
		err = os.Symlink(filepath.Join(root, "testdata"), filepath.Join(dir, "testdata"))
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("docs/tutorial.md")
	if err != nil {
		t.Fatal(err)
	}
	output, commands := "", 0
	for line := range strings.SplitSeq(string(text), "\n") {
		shown, code := strings.CutPrefix(line, "    ")
		command, runs := strings.CutPrefix(shown, "$ ")
		switch {
		case code && runs:
			output = tutorialLine(t, dir, command)
			commands++
		case code && !shows(output, shown):
			t.Errorf("%q is not in the output:\n%s", shown, output)
		}
	}
	if commands < 10 {
		t.Errorf("only %d commands", commands)
	}
}

func tutorialLine(t *testing.T, dir, command string) string {
	t.Helper()
	c := exec.Command("sh", "-c", command)
	c.Dir = dir
	out, err := c.Output()
	if status := c.ProcessState.ExitCode(); err != nil && status != 4 {
		t.Fatalf("%s: exit status %d", command, status)
	}
	return string(out)
}

// shows reports whether a line of output holds the words of line, whatever space is between them.
func shows(output, line string) bool {
	var words []string
	for _, w := range strings.Fields(line) {
		words = append(words, decimal.ReplaceAllString(regexp.QuoteMeta(w), `[0-9.]+`))
	}
	return regexp.MustCompile(strings.Join(words, `.*`)).MatchString(output)
}
