//go:build unix

package cmd_test

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestInterrupt sends a signal in the middle of a search: within a second it ends with status 5, tells what it knows, and leaves a whole
// result and a journal to resume from.
func TestInterrupt(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(s.String(), func(t *testing.T) {
			dir := t.TempDir()
			journal, result := filepath.Join(dir, "journal"), filepath.Join(dir, "result.json")
			args := []string{"bisect", "../testdata/tiny-lm/model.xml", "--input", "../testdata/tiny-lm/input.npz", "--exhaustive", "--memory", "0",
				"--threads", "1", "-v", "--journal", journal, "--json", result}
			stdout, status, took := interrupt(t, s, "scan: probe", exec.Command("halfway", args...))
			if status != 5 {
				t.Errorf("exit status %d, want 5", status)
			}
			if took > time.Second {
				t.Errorf("it took %v to stop", took)
			}
			if !strings.Contains(stdout, "unresolved, since it was interrupted") || !strings.Contains(stdout, "First node: CNT=78 passes, CNT=79 fails") {
				t.Errorf("standard output does not tell what is known:\n%s", stdout)
			}
			var r struct{ Outcome, Reason string }
			b, err := os.ReadFile(result)
			if err == nil {
				err = json.Unmarshal(b, &r)
			}
			if err != nil || r.Outcome != "unresolved" || r.Reason != "interrupted" {
				t.Errorf("result %+v, %v", r, err)
			}
			log, err := exec.Command("halfway", append(args, "--max-probes", "3")...).CombinedOutput()
			if !strings.Contains(string(log), "note: resuming") {
				t.Errorf("the journal is not resumed from: %v\n%s", err, log)
			}
		})
	}
}

// interrupt starts a command, sends it s once a line of standard error holds mark, and waits for its end.
func interrupt(t *testing.T, s syscall.Signal, mark string, c *exec.Cmd) (stdout string, status int, took time.Duration) {
	t.Helper()
	var out strings.Builder
	c.Stdout = &out
	log, err := c.StderrPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	var sent time.Time
	for lines := bufio.NewScanner(log); lines.Scan(); {
		if sent.IsZero() && strings.Contains(lines.Text(), mark) {
			sent = time.Now()
			if err := c.Process.Signal(s); err != nil {
				t.Fatal(err)
			}
		}
	}
	if sent.IsZero() {
		t.Fatalf("no line of standard error holds %q", mark)
	}
	_ = c.Wait() // the status tells how it ended
	return out.String(), c.ProcessState.ExitCode(), time.Since(sent)
}
