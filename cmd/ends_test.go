//go:build unix

package cmd_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Hard ends: whatever happens to the process, what it wrote is whole, what it learned stays, and what it started is gone.

const (
	tiny      = "../testdata/tiny-lm/model.xml"
	tinyInput = "../testdata/tiny-lm/input.npz"
)

// slowSearch is a search of some seconds that tells each probe.
func slowSearch(more ...string) *exec.Cmd {
	return exec.Command("halfway", append([]string{"bisect", tiny, "--input", tinyInput, "--exhaustive", "--memory", "0", "--threads", "1", "-v"}, more...)...)
}

// TestKilledSearchResumes kills a search with a journal, twice, and starts it again: it ends with the answer of one that was never killed.
func TestKilledSearchResumes(t *testing.T) {
	dir := t.TempDir()
	journal := filepath.Join(dir, "journal")
	for range 2 {
		if _, status, _ := interrupt(t, syscall.SIGKILL, "scan: probe", slowSearch("--journal", journal)); status != -1 {
			t.Fatalf("exit status %d of a search that was killed", status)
		}
	}
	var keys []string
	for _, args := range [][]string{{"--journal", journal}, nil} {
		result := filepath.Join(dir, fmt.Sprintf("result%d.json", len(args)))
		out, err := slowSearch(append(args, "--json", result)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if args != nil && !strings.Contains(string(out), "from the journal") {
			t.Error("nothing was taken from the journal")
		}
		keys = append(keys, answerOf(t, result))
	}
	if keys[0] != keys[1] {
		t.Errorf("resumed:\n%s\nnever killed:\n%s", keys[0], keys[1])
	}
	checkNoTemporaries(t, dir)
}

// answerOf is what a result says of the model, without what depends on how it was found.
func answerOf(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		First, KeepF32, Settings, Verified any
	}
	fields := map[string]any{"first": &r.First, "keep_f32": &r.KeepF32, "settings": &r.Settings, "verified": &r.Verified}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatalf("%s is not whole: %v", path, err)
	}
	for name, to := range fields {
		if err := json.Unmarshal(all[name], to); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return fmt.Sprintf("%v", r)
}

// checkNoTemporaries fails for the unfinished files of atomic writes.
func checkNoTemporaries(t *testing.T, dir string) {
	t.Helper()
	if left, _ := filepath.Glob(filepath.Join(dir, ".halfway-*")); len(left) > 0 {
		t.Errorf("%v is left behind", left)
	}
}

// TestTwoSearchesOnOneJournal starts a search on the journal of one that runs: it is refused, and the first goes on unharmed.
func TestTwoSearchesOnOneJournal(t *testing.T) {
	journal := filepath.Join(t.TempDir(), "journal")
	first := slowSearch("--journal", journal)
	log, err := first.StderrPipe()
	if err == nil {
		err = first.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, log, "scan: probe")
	out, err := slowSearch("--journal", journal).CombinedOutput()
	if code := exitCode(err); code != 1 || !strings.Contains(string(out), "another search has it open") {
		t.Errorf("exit status %d\n%s", code, out)
	}
	if _, err := io.Copy(io.Discard, log); err != nil {
		t.Error(err)
	}
	if err := first.Wait(); err != nil {
		t.Errorf("the first search: %v", err)
	}
}

// waitFor reads r until mark.
func waitFor(t *testing.T, r io.Reader, mark string) {
	t.Helper()
	var seen []byte
	for one := make([]byte, 1); !bytes.Contains(seen, []byte(mark)); seen = append(seen, one[0]) {
		if _, err := r.Read(one); err != nil {
			t.Fatalf("no %q in %s", mark, seen)
		}
	}
}

func exitCode(err error) int {
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		return e.ExitCode()
	}
	return 0
}

// TestReaderLeaves closes the pipes that a search writes to. Progress that nobody reads does not end it; an answer that cannot be written is
// failure, without a word; the result is a whole file all the same.
func TestReaderLeaves(t *testing.T) {
	for _, c := range []struct {
		stream string
		status int
	}{{"stderr", 0}, {"stdout", 1}} {
		result := filepath.Join(t.TempDir(), "result.json")
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		search := exec.Command("halfway", "bisect", tiny, "--input", tinyInput, "--no-exhaustive", "-v", "--json", result)
		var log bytes.Buffer
		search.Stderr = &log
		if c.stream == "stderr" {
			search.Stderr = w
		} else {
			search.Stdout = w
		}
		if code := exitCode(search.Run()); code != c.status {
			t.Errorf("%s closed: exit status %d, want %d\n%s", c.stream, code, c.status, &log)
		}
		w.Close()
		if strings.Contains(log.String(), "halfway:") {
			t.Errorf("%s closed: %s", c.stream, &log)
		}
		answerOf(t, result)
	}
}

// TestHangupUnderNohup sends SIGHUP to a search that was started with it ignored: it goes on to its end.
func TestHangupUnderNohup(t *testing.T) {
	c := exec.Command("sh", "-c", `trap "" HUP; exec halfway bisect "$0" --input "$1" --exhaustive --memory 0 --threads 1 -v`, tiny, tinyInput)
	if _, status, _ := interrupt(t, syscall.SIGHUP, "scan: probe", c); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

// TestProgramsEndWithTheSearch ends a search while its program, and one that the program started, sleep.
func TestProgramsEndWithTheSearch(t *testing.T) {
	for _, c := range []struct {
		signal syscall.Signal
		status int
		group  bool // what the program started ends too
	}{{syscall.SIGINT, 5, true}, {syscall.SIGTERM, 5, true}, {syscall.SIGHUP, 5, true}, {syscall.SIGKILL, -1, false}} {
		t.Run(c.signal.String(), func(t *testing.T) {
			if c.signal == syscall.SIGKILL && !orphansEnd {
				t.Skip("only Linux ends the programs of a killed process")
			}
			temp := t.TempDir()
			pids := filepath.Join(temp, "pids")
			script := fmt.Sprintf(`sleep 600 & echo $! $$ > %s.new; mv %s.new %s; wait`, pids, pids, pids)
			search := exec.Command("halfway", "bisect", tiny, "--input", tinyInput, "--engine", "command", "--shell", "--run", script, "-q")
			search.Env = append(os.Environ(), "TMPDIR="+temp)
			if err := search.Start(); err != nil {
				t.Fatal(err)
			}
			running := readPids(t, pids)
			sent := time.Now()
			if err := search.Process.Signal(c.signal); err != nil {
				t.Fatal(err)
			}
			if code := exitCode(search.Wait()); code != c.status {
				t.Errorf("exit status %d, want %d", code, c.status)
			}
			if took := time.Since(sent); took > time.Second {
				t.Errorf("it took %v", took)
			}
			if !c.group {
				defer syscall.Kill(running[0], syscall.SIGKILL)
				running = running[1:]
			}
			for _, pid := range running {
				checkGone(t, pid)
			}
			if left, _ := filepath.Glob(filepath.Join(temp, "halfway-*")); c.group && len(left) > 0 {
				t.Errorf("%v is left behind", left)
			}
		})
	}
}

func readPids(t *testing.T, path string) []int {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		b, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		var list []int
		for field := range strings.FieldsSeq(string(b)) {
			pid, err := strconv.Atoi(field)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, pid)
		}
		return list
	}
	t.Fatal("the program did not start")
	return nil
}

// checkGone fails when a process is still there after a second; one that ended and waits for its parent, which may be anybody, is gone.
func checkGone(t *testing.T, pid int) {
	t.Helper()
	for end := time.Now().Add(time.Second); ; time.Sleep(10 * time.Millisecond) {
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if syscall.Kill(pid, 0) != nil || bytes.Contains(status, []byte(") Z ")) {
			return
		}
		if time.Now().After(end) {
			t.Errorf("process %d is still running", pid)
			return
		}
	}
}

// TestInterruptWithinOneNode interrupts a run within one multiplication that takes seconds, and while its input is made: it computes for less than
// a second from then on. That is what another load on the machine does not change.
func TestInterruptWithinOneNode(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a gigabyte")
	}
	path := filepath.Join(t.TempDir(), "square.xml")
	const dims = `<dim>4096</dim><dim>16384</dim>`
	model := `<?xml version="1.0"?><net name="square" version="11"><layers>
<layer id="0" name="a" type="Parameter" version="opset1"><data shape="4096,16384" element_type="f32"/><output><port id="0" precision="FP32">` + dims + `</port></output></layer>
<layer id="1" name="square" type="MatMul" version="opset1"><data transpose_a="false" transpose_b="true"/><input><port id="0">` + dims + `</port><port id="1">` + dims + `</port></input>
<output><port id="2" precision="FP32"><dim>4096</dim><dim>4096</dim></port></output></layer>
<layer id="2" name="result" type="Result" version="opset1"><input><port id="0"/></input></layer></layers>
<edges><edge from-layer="0" from-port="0" to-layer="1" to-port="0"/><edge from-layer="0" from-port="0" to-layer="1" to-port="1"/>
<edge from-layer="1" from-port="2" to-layer="2" to-port="0"/></edges></net>`
	if err := os.WriteFile(path, []byte(model), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, wait := range []time.Duration{0, 200 * time.Millisecond, 600 * time.Millisecond} { // after the note that input is random
		c := exec.Command("halfway", "run", path, "--threads", "1", "--precision", "f32", "--output", filepath.Join(t.TempDir(), "out.npz"))
		log, err := c.StderrPipe()
		if err == nil {
			err = c.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		waitFor(t, log, "note: no --input")
		time.Sleep(wait)
		sent, before := time.Now(), computed(c.Process.Pid)
		if err := c.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(log)
		if err != nil {
			t.Error(err)
		}
		if code := exitCode(c.Wait()); code != 5 || !strings.Contains(string(text), "interrupted") {
			t.Errorf("exit status %d\n%s", code, text)
		}
		took, work := time.Since(sent), c.ProcessState.UserTime()+c.ProcessState.SystemTime()-before
		t.Logf("after %v: it took %v and computed for %v", wait, took, work)
		if before > 0 && (work > time.Second || took > 10*time.Second) || before == 0 && took > time.Second {
			t.Errorf("it took %v and computed for %v", took, work)
		}
	}
}

// computed is for how long a process has computed so far, which other load on the machine hardly changes, 0 where the system does not tell.
func computed(pid int) time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:])) // from the third on
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * (time.Second / 100)
}
