//go:build linux

package cmd_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestTerminal runs on a terminal: names cannot move its cursor unless --raw asks for it, the bar of a search that takes long appears, and
// is gone when the answer comes.
func TestTerminal(t *testing.T) {
	odd := t.TempDir() + "/odd.xml"
	chain, err := os.ReadFile("testdata/chain.xml")
	if err == nil {
		err = os.WriteFile(odd, []byte(strings.Replace(string(chain), `name="early"`, `name="a&#10;b&#9;c"`, 1)), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("OV_CPU_INFER_PRC_POS_PATTERN", ".*")
	if got := onTerminal(t, 80, "run", odd); !strings.Contains(got, `MatMul@a\nb\tc`) {
		t.Errorf("the listing is not escaped:\n%q", got)
	}
	if got := onTerminal(t, 80, "run", odd, "--raw"); !strings.Contains(got, "MatMul@a\r\nb\tc") {
		t.Errorf("the listing is not raw:\n%q", got)
	}
	args := []string{"bisect", "../testdata/tiny-lm/model.xml", "--exhaustive", "--memory", "0", "--threads", "1"}
	for range 8 { // so that it takes some seconds
		args = append(args, "--input", "../testdata/tiny-lm/input.npz")
	}
	got := onTerminal(t, 60, args...)
	bar, answer, found := strings.Cut(got, "breaks in bf16")
	if !found || !strings.Contains(bar, "scan") {
		t.Fatalf("no bar before the answer:\n%q", got)
	}
	if last := bar[strings.LastIndex(bar[:strings.LastIndex(bar, "\r")], "\r"):]; strings.Trim(last[:strings.LastIndex(last, "\r")], " \r") != "" {
		t.Errorf("the bar is not cleared before the answer:\n%q", bar)
	}
	for line := range strings.SplitSeq(answer, "\r\n") {
		if prose := strings.HasPrefix(line, "    ") || strings.HasPrefix(line, "  Each"); prose && len(line) > 60 {
			t.Errorf("a line is wider than the terminal: %q", line)
		}
	}
	if !strings.Contains(answer, "\x1b[1mProven\x1b[0m") {
		t.Error("headings are not bold")
	}
}

// onTerminal runs halfway with a new terminal of so many columns as standard output and error, and returns what it shows.
func onTerminal(t *testing.T, columns uint16, args ...string) string {
	t.Helper()
	master, slave := openTerminal(t, columns)
	c := exec.Command("halfway", args...)
	c.Stdout, c.Stderr = slave, slave
	c.Env = append(os.Environ(), "TERM=xterm")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	shown, _ := io.ReadAll(master) // ends with EIO when the last process has closed the terminal
	if err := c.Wait(); err != nil && c.ProcessState.ExitCode() != 3 {
		t.Fatalf("%v\n%s", err, shown)
	}
	return string(shown)
}

func openTerminal(t *testing.T, columns uint16) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no terminals here: ", err)
	}
	t.Cleanup(func() { master.Close() })
	fd := int(master.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns})
	}
	if err == nil {
		slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	return master, slave
}
