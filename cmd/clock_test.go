//go:build unix

package cmd_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestClockJumps searches with a wall clock that jumps by years at every reading: by a build of this program in which the standard library's
// time.Now adds to the seconds since 1970 and leaves the monotonic reading alone. Budgets, timeouts, seconds and answers are those of a clock
// that is right.
func TestClockJumps(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program and the standard library again")
	}
	jumpy := buildJumpy(t)
	dir := t.TempDir()
	search := func(program, result string, more ...string) (took float64) {
		t.Helper()
		args := append([]string{"bisect", tiny, "--input", tinyInput, "--threads", "1", "--json", filepath.Join(dir, result)}, more...)
		start := time.Now()
		out, err := exec.Command(program, args...).CombinedOutput()
		if code := exitCode(err); code != 0 && code != 5 {
			t.Fatalf("%s: exit status %d\n%s", result, code, out)
		}
		return time.Since(start).Seconds()
	}
	checked := func(result string, took float64) (reason string) {
		t.Helper()
		var r struct {
			Reason  string
			Seconds float64
		}
		b, err := os.ReadFile(filepath.Join(dir, result))
		if err == nil {
			err = json.Unmarshal(b, &r)
		}
		if err != nil || !(r.Seconds > 0 && r.Seconds <= took) {
			t.Errorf("%s: %v seconds of %v, %v", result, r.Seconds, took, err)
		}
		return r.Reason
	}

	search("halfway", "right.json")
	want := answerOf(t, filepath.Join(dir, "right.json"))
	driven := []string{"--engine", "command", "--timeout", "2m", "--run", fmt.Sprintf("%s run {model} --input {input} --output {output}", jumpy)}
	journal := []string{"--max-time", "10m", "--journal", filepath.Join(dir, "journal")}
	for _, c := range []struct {
		result string
		flags  []string
	}{{"builtin.json", journal}, {"resumed.json", journal}, {"driven.json", append(driven, "--max-time", "10m", "--no-exhaustive")}} {
		reason := checked(c.result, search(jumpy, c.result, c.flags...))
		if got := answerOf(t, filepath.Join(dir, c.result)); reason != "" || got != want && c.result != "driven.json" { // whose nodes have other numbers
			t.Errorf("%s: %q ended it, and the answer is\n%s, want\n%s", c.result, reason, got, want)
		}
	}
	took := search(jumpy, "budget.json", append(driven, "--max-time", "500ms", "--exhaustive")...)
	if reason := checked("budget.json", took); reason != "budget" || took < 0.5 {
		t.Errorf("after %v s the reason is %q", took, reason)
	}
}

// buildJumpy builds the program with another time.Now, and makes sure that its clock does jump.
func buildJumpy(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	source := filepath.Join(strings.TrimSpace(string(root)), "src", "time", "time.go")
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	const reading = "sec, nsec, mono := runtimeNow()\n\tif mono == 0"
	changed := bytes.Replace(text, []byte(reading), []byte("sec, nsec, mono := runtimeNow()\n\tsec += (mono/1000%7 - 3) * 100_000_000\n\tif mono == 0"), 1)
	if bytes.Equal(changed, text) {
		t.Fatalf("%s has no %q", source, reading)
	}
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	replaced, err := json.Marshal(map[string]map[string]string{"Replace": {source: write("time.go", changed)}})
	if err != nil {
		t.Fatal(err)
	}
	overlay := write("overlay.json", replaced)
	build := func(name, what string) string {
		program := filepath.Join(dir, name)
		if out, err := exec.Command("go", "build", "-overlay", overlay, "-o", program, what).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return program
	}
	control := build("control", write("control.go", []byte(`package main

import (
	"fmt"
	"time"
)

func main() {
	var least, most int64
	for range 1000 {
		now := time.Now().Unix()
		if least == 0 {
			least = now
		}
		least, most = min(least, now), max(most, now)
		time.Sleep(time.Microsecond)
	}
	fmt.Print(most-least > 100_000_000)
}
`)))
	if out, err := exec.Command(control).Output(); err != nil || strings.TrimSpace(string(out)) != "true" {
		t.Fatalf("the clock does not jump: %s, %v", out, err)
	}
	return build("halfway", "..")
}
