package main

import (
	"flag"
	"math"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the answer in README.md")

// TestReadme repeats the bisect command of README.md and compares the answer with the one shown there. Measured values may differ a little,
// since the last bits depend on the processor.
func TestReadme(t *testing.T) {
	b, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	command, want := block(t, string(b), "bisect"), block(t, string(b), "answer")
	args := strings.Fields(command)
	out, err := exec.Command(args[0], args[1:]...).Output()
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	got := string(out)
	if *update {
		const start = "<!-- answer -->\n```\n"
		s := strings.Replace(string(b), start+want, start+masked.ReplaceAllString(got, "$1 0.5 s; engine builtin avx2,"), 1)
		if err := os.WriteFile("README.md", []byte(s), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if line, ok := same(masked.ReplaceAllString(got, "$1"), masked.ReplaceAllString(want, "$1")); !ok {
		t.Errorf("line %d of the answer in README.md differs: run go test . -run Readme -update and look at the change\n%s", line, got)
	}
}

// masked is what depends on the machine: the time, and the level of the kernels.
var masked = regexp.MustCompile(`(forward passes,) \S+ s; engine builtin \w*,`)

// block returns what the fence after the mark holds.
func block(t *testing.T, readme, mark string) string {
	t.Helper()
	_, rest, found := strings.Cut(readme, "<!-- "+mark+" -->\n```\n")
	text, _, closed := strings.Cut(rest, "```\n")
	if !found || !closed {
		t.Fatalf("README.md has no block marked %q", mark)
	}
	return text
}

// same compares word by word; numbers with a decimal point may differ by 2 %. It returns the first line that differs.
func same(got, want string) (line int, ok bool) {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) {
			return i + 1, false
		}
		x, y := strings.Fields(a[i]), strings.Fields(b[i])
		for j := range max(len(x), len(y)) {
			if j >= len(x) || j >= len(y) || !alike(x[j], y[j]) {
				return i + 1, false
			}
		}
	}
	return 0, true
}

func alike(a, b string) bool {
	if a == b {
		return true
	}
	x, errX := strconv.ParseFloat(strings.Trim(a, "(),.;"), 64)
	y, errY := strconv.ParseFloat(strings.Trim(b, "(),.;"), 64)
	return errX == nil && errY == nil && strings.Contains(a, ".") && math.Abs(x-y) <= 0.02*math.Abs(y)
}
