//go:build unix

package cmd_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"halfway/engine/enginetest"
)

// Faults of the engines that run a package of Python, by an interpreter that is none. Whatever a worker does, a probe that it spoils is no answer,
// the next one has a new worker, and processes and files are gone at the end.

// A faulty search has a folder for its temporary files, and one for the state of the workers.
type faulty struct {
	*testing.T
	engine, model, temp, state string
}

func newFaulty(t *testing.T, engine string) *faulty {
	f := &faulty{T: t, engine: engine, temp: t.TempDir(), state: t.TempDir()}
	f.model = filepath.Join(f.state, map[string]string{"openvino": "model.xml", "onnxruntime": "model.onnx"}[engine])
	content := []byte(enginetest.FakeIR())
	if engine == "onnxruntime" {
		content = fakeONNX()
	}
	if err := os.WriteFile(f.model, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return f
}

// search is a search whose workers show a fault in some runs, see enginetest.
func (f *faulty) search(fault, runs string, flags ...string) *exec.Cmd {
	c := exec.Command("halfway", append([]string{"bisect", f.model, "--engine", f.engine, "--python", "fakepython", "--input", "random"}, flags...)...)
	c.Env = append(os.Environ(), "TMPDIR="+f.temp, enginetest.FaultVariable+"="+fault, enginetest.RunsVariable+"="+runs, enginetest.StateVariable+"="+f.state)
	return c
}

// checkNothingLeft looks for processes that workers were or had, and for temporary files.
func (f *faulty) checkNothingLeft() {
	f.Helper()
	for _, pid := range readPids(f.T, filepath.Join(f.state, "pids")) {
		checkGone(f.T, pid)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) { // of a killed process they go soon afterwards
		left, err := filepath.Glob(filepath.Join(f.temp, "*"))
		if err != nil {
			f.Fatal(err)
		}
		if len(left) == 0 {
			return
		}
		if time.Now().After(end) {
			f.Errorf("%v is left behind", left)
			return
		}
	}
}

// fakeONNX is the chain of enginetest.FakeIR in ONNX.
func fakeONNX() []byte {
	message := func(number protowire.Number, b ...[]byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), slices.Concat(b...))
	}
	text := func(number protowire.Number, s string) []byte { return message(number, []byte(s)) }
	integer := func(number protowire.Number, v uint64) []byte {
		return protowire.AppendVarint(protowire.AppendTag(nil, number, protowire.VarintType), v)
	}
	value := func(number protowire.Number, name string) []byte {
		two := message(1, integer(1, 2))
		return message(number, text(1, name), message(2, message(1, integer(1, 1), message(2, two, two))))
	}
	var graph []byte
	last := "x"
	for i := range enginetest.FakeNodes {
		name := fmt.Sprintf("m%d", i)
		out := name
		if i+1 == enginetest.FakeNodes {
			out = "y"
		}
		graph = append(graph, message(1, text(1, last), text(1, "w"), text(2, out), text(3, name), text(4, "MatMul"))...)
		last = out
	}
	return slices.Concat(integer(1, 8), message(7, graph, value(11, "x"), value(11, "w"), value(12, "y")), message(8, integer(2, 17)))
}

func TestFaultsOfWorkers(t *testing.T) {
	for _, engine := range []string{"openvino", "onnxruntime"} {
		t.Run(engine, func(t *testing.T) {
			right := newFaulty(t, engine)
			result := filepath.Join(t.TempDir(), "result.json")
			if out, err := right.search("", "", "-q", "--json", result).CombinedOutput(); err != nil {
				t.Fatalf("without a fault: %v\n%s", err, out)
			}
			right.checkNothingLeft()
			answer := answerOf(t, result)
			for _, c := range []struct {
				fault    string
				recovers bool   // the worker's end, after it served others, does not count: a run is made again
				always   string // what is said where no run answers; "" where one does
			}{
				{"die at once", true, "the worker ended: signal: killed"},
				{"die with arrays written", true, "the worker ended: signal: killed"},
				{"die with last words", true, "exit status 134; its last errors: Fatal Python error: Segmentation fault"},
				{"die within the answer", true, "answer cannot be read"},
				{"die afterwards", true, ""},
				{"exit", true, "the worker ended: exit status 0"},
				{"hang", false, "timeout: no answer after"},
				{"endless line", true, "a line of more than"},
				{"endless lines", true, "answer cannot be read"},
				{"one line too many", true, "answer cannot be read"},
				{"another answer", true, "it is of request -1"},
				{"null", true, "it is of request 0"},
				{"64 MiB of errors", true, ""},
				{"an exception", false, "could not create a primitive"},
				{"half of an array", false, "outputs cannot be used"},
				{"half of a header", false, "outputs cannot be used"},
				{"an empty file", false, "outputs cannot be used"},
				{"no file", false, "outputs cannot be used"},
				{"a file elsewhere", false, "is not in"},
				{"outputs of no shape", false, "outputs cannot be used"},
				{"an output less", false, "0 outputs came, expected 1"},
				{"an output more", false, "2 outputs came, expected 1"},
				{"another rank", false, ""},
				{"another type", false, ""},
			} {
				if testing.Short() && c.fault != "die at once" && c.fault != "hang" { // the race detector needs no more
					continue
				}
				t.Run(c.fault, func(t *testing.T) {
					timeout := "1m"
					if c.fault == "hang" {
						timeout = "2s"
					}
					f := newFaulty(t, engine)
					out, err := f.search(c.fault, "4,8", "-q", "--timeout", timeout, "--json", result).CombinedOutput()
					got := answerOf(t, result)
					if c.recovers && (err != nil || got != answer) {
						t.Errorf("in two runs: %v\n%s\nwithout:\n%s\n%s", err, got, answer, out)
					} else if code := exitCode(err); code != 0 && code != 5 || !strings.Contains(got, "tag:MatMul@m6") {
						t.Errorf("in two runs: exit status %d\n%s", code, out)
					}
					f.checkNothingLeft()
					if c.always == "" {
						return
					}
					f = newFaulty(t, engine)
					out, err = f.search(c.fault, "", "-q", "--timeout", timeout).CombinedOutput()
					if code := exitCode(err); code != 1 || !strings.Contains(string(out), c.always) {
						t.Errorf("in all runs: exit status %d, want 1 and %q\n%s", code, c.always, out)
					}
					f.checkNothingLeft()
				})
			}
		})
	}
}

// TestKilledWithItsWorker kills a search while its worker works, or hangs.
func TestKilledWithItsWorker(t *testing.T) {
	if !orphansEnd {
		t.Skip("only Linux ends the programs of a killed process")
	}
	f := newFaulty(t, "openvino")
	c := f.search("hang", "3", "-q")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if b, _ := os.ReadFile(filepath.Join(f.state, "pids")); strings.Count(string(b), "\n") == 2 { // the worker and its child
			break
		}
	}
	if left, _ := filepath.Glob(filepath.Join(f.temp, "halfway-openvino-*")); len(left) != 1 {
		t.Errorf("while it runs the folders are %v", left)
	}
	if err := c.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // it was killed
	pids := readPids(t, filepath.Join(f.state, "pids"))
	defer syscall.Kill(pids[1], syscall.SIGKILL) // what the worker started is not ended
	if err := os.WriteFile(filepath.Join(f.state, "pids"), fmt.Appendln(nil, pids[0]), 0o600); err != nil {
		t.Fatal(err)
	}
	f.checkNothingLeft()
}

// TestDiskFullOfArrays has arrays that the disk has no room for: the run fails with the disk's own words, for whoever writes.
func TestDiskFullOfArrays(t *testing.T) {
	for _, c := range []struct{ name, fault, want string }{
		{"the worker's", "large outputs", "OSError: write"},
		{"halfway's", "", "input-0.npy"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFaulty(t, "openvino")
			f.temp = mounted(t, "")
			if c.fault == "" {
				if err := os.WriteFile(filepath.Join(f.temp, "filler"), make([]byte, 1<<20), 0o600); err == nil {
					t.Fatal("the disk is not full")
				}
			}
			out, err := f.search(c.fault, "", "-q").CombinedOutput()
			if code := exitCode(err); code != 1 || !strings.Contains(string(out), "no space left on device") {
				t.Errorf("exit status %d, want 1 and %q\n%s", code, c.want, out)
			}
			if err := os.RemoveAll(filepath.Join(f.temp, "filler")); err != nil {
				t.Fatal(err)
			}
			f.checkNothingLeft()
		})
	}
}

// TestBrokenKernel confirms that nothing breaks in a runtime where a node is wrong by far more than rounding: its kernel is suspect.
func TestBrokenKernel(t *testing.T) {
	f := newFaulty(t, "openvino")
	result := filepath.Join(f.state, "result.json")
	c := exec.Command("halfway", "bisect", f.model, "--confirm", "openvino", "--python", "fakepython", "--input", "random", "--json", result)
	c.Env = append(os.Environ(), "TMPDIR="+f.temp, enginetest.StateVariable+"="+f.state)
	out, err := c.CombinedOutput()
	if err != nil || !strings.Contains(strings.Join(strings.Fields(string(out)), " "), "its kernel there is suspect, not the precision") {
		t.Errorf("%v\n%s", err, out)
	}
	b, err := os.ReadFile(result)
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		Confirmed struct {
			Suspects []struct {
				Tag              string
				Error, Explained float64
			}
		}
	}
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	if s := r.Confirmed.Suspects; len(s) != 1 || s[0].Tag != "MatMul@m6" || s[0].Error < 6 || s[0].Explained > 0.1 {
		t.Errorf("suspects %+v\n%s", s, out)
	}
	f.checkNothingLeft()
}
