//go:build unix

package cmd_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// mounted is a file system of its own in memory, of 64 KiB. Without the right to mount one the test is skipped.
func mounted(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=64k"+options, "halfway-test", dir).CombinedOutput(); err != nil {
		t.Skipf("a small file system cannot be mounted here: %v %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v %s", err, out)
		}
	})
	return dir
}

// TestFullDisk writes outputs, results and a journal to a disk that is full or fills up: exit status 1, a message that names the file and the reason,
// no half of a file, and a journal to resume from.
func TestFullDisk(t *testing.T) {
	disk := mounted(t, "")
	old := filepath.Join(disk, "old.json")
	if err := os.WriteFile(old, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	room, journal := filepath.Join(disk, "filler"), filepath.Join(disk, "journal")
	if err := os.WriteFile(room, make([]byte, 52<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	// some pages are left: the head of the journal fits, all probes do not
	out, err := slowSearch("--journal", journal).CombinedOutput()
	if code := exitCode(err); code != 1 || !strings.Contains(string(out), "writing the journal "+journal) || !strings.Contains(string(out), "no space left") {
		t.Errorf("journal: exit status %d\n%s", code, out)
	}
	for _, c := range []struct{ name, file string }{{"run", "outputs.npz"}, {"bisect", "old.json"}} {
		file := filepath.Join(disk, c.file)
		args := []string{c.name, tiny, "--input", tinyInput, "-q"}
		if c.name == "run" {
			args = append(args, "--output", file)
		} else {
			args = append(args, "--json", file)
		}
		out, err := exec.Command("halfway", args...).CombinedOutput()
		if code := exitCode(err); code != 1 || !strings.Contains(string(out), file) || !strings.Contains(string(out), "no space left") {
			t.Errorf("%s: exit status %d\n%s", c.name, code, out)
		}
	}
	if b, err := os.ReadFile(old); err != nil || string(b) != "old" {
		t.Errorf("the file that was there holds %q, %v", b, err)
	}
	checkNoTemporaries(t, disk)
	if err := os.Remove(room); err != nil {
		t.Fatal(err)
	}
	out, err = slowSearch("--journal", journal).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "from the journal") {
		t.Errorf("the journal is not resumed from once there is room: %v\n%s", err, out)
	}
}

// TestReadOnlyFolder asks for files where none can be written: that is said before any work is done.
func TestReadOnlyFolder(t *testing.T) {
	disk := mounted(t, ",ro")
	for _, flags := range [][]string{{"run", "--output", "out.npz"}, {"nodes", "--json", "out.json"}, {"bisect", "--json", "out.json"}, {"bisect", "--journal", "j"},
		{"check", "--json", "out.json"}} {
		file := filepath.Join(disk, flags[2])
		out, err := exec.Command("halfway", flags[0], tiny, "--input", tinyInput, flags[1], file).CombinedOutput()
		if code := exitCode(err); code != 1 || !strings.Contains(string(out), disk) || !strings.Contains(string(out), "read-only file system") {
			t.Errorf("%s %s: exit status %d\n%s", flags[0], flags[1], code, out)
		}
	}
}

// TestModelLargerThanMemory runs a model that is small on the disk and needs 1 TiB, and one that needs more than the process may have: exit status 1,
// and the message names the node and says what to do.
func TestModelLargerThanMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the machine's memory is only asked for on Linux")
	}
	for _, c := range []struct {
		reason string
		size   int
		limit  string // ulimit -v, KiB
	}{
		{"1 TiB", 524288, "unlimited"},
		{"4 GiB of a process that may have 3", 32768, "3145728"},
	} {
		path := filepath.Join(t.TempDir(), "outer.xml")
		if err := os.WriteFile(path, []byte(outer(c.size)), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("sh", "-c", "ulimit -v "+c.limit+`; exec halfway run "$0" --input random`, path).CombinedOutput()
		text := string(out)
		if code := exitCode(err); code != 1 || !strings.Contains(text, `node "large" (MatMul)`) || !strings.Contains(text, "give smaller inputs or --shape") {
			t.Errorf("%s: exit status %d\n%s", c.reason, code, text)
		}
		if out, err := exec.Command("halfway", "nodes", path).CombinedOutput(); err != nil || !strings.Contains(string(out), "large") {
			t.Errorf("%s: nodes, which computes nothing: %v\n%s", c.reason, err, out)
		}
	}
}

// outer is a model that multiplies a column of n by a row of n, and sums up.
func outer(n int) string {
	dims := func(d ...int) string {
		s := ""
		for _, v := range d {
			s += fmt.Sprintf("<dim>%d</dim>", v)
		}
		return s
	}
	return fmt.Sprintf(`<?xml version="1.0"?><net name="outer" version="11"><layers>
<layer id="0" name="a" type="Parameter" version="opset1"><data shape="%[1]d,1" element_type="f32"/><output><port id="0" precision="FP32">%[2]s</port></output></layer>
<layer id="1" name="b" type="Parameter" version="opset1"><data shape="1,%[1]d" element_type="f32"/><output><port id="0" precision="FP32">%[3]s</port></output></layer>
<layer id="2" name="large" type="MatMul" version="opset1"><data transpose_a="false" transpose_b="false"/><input><port id="0">%[2]s</port><port id="1">%[3]s</port></input><output><port id="2" precision="FP32">%[4]s</port></output></layer>
<layer id="3" name="y" type="ReLU" version="opset1"><input><port id="0">%[4]s</port></input><output><port id="1" precision="FP32">%[4]s</port></output></layer>
<layer id="4" name="result" type="Result" version="opset1"><input><port id="0">%[4]s</port></input></layer>
</layers><edges><edge from-layer="0" from-port="0" to-layer="2" to-port="0"/><edge from-layer="1" from-port="0" to-layer="2" to-port="1"/>
<edge from-layer="2" from-port="2" to-layer="3" to-port="0"/><edge from-layer="3" from-port="1" to-layer="4" to-port="0"/></edges></net>`, n, dims(n, 1), dims(1, n), dims(n, n))
}
