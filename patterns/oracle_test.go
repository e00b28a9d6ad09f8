package patterns

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// An oracle is a process of the real std::regex, compiled from testdata/oracle.cpp.
type oracle struct {
	in  io.WriteCloser
	out io.Reader
}

// oracleFolder is where the oracle is compiled, once for all tests.
var oracleFolder string

func TestMain(m *testing.M) {
	var err error
	if oracleFolder, err = os.MkdirTemp("", "oracle"); err != nil {
		panic(err)
	}
	status := m.Run()
	os.RemoveAll(oracleFolder)
	os.Exit(status)
}

// compileOracle returns the path of the oracle.
var compileOracle = sync.OnceValues(func() (string, error) {
	exe := filepath.Join(oracleFolder, "oracle")
	if out, err := exec.Command("g++", "-O1", "-o", exe, filepath.Join("testdata", "oracle.cpp")).CombinedOutput(); err != nil {
		return "", fmt.Errorf("compiling the oracle: %w\n%s", err, out)
	}
	return exe, nil
})

// newOracle starts an oracle, or skips the test where there is no g++.
func newOracle(t testing.TB) *oracle {
	t.Helper()
	if _, err := exec.LookPath("g++"); err != nil {
		t.Skip("no g++: the comparison with the real std::regex is left out")
	}
	exe, err := compileOracle()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Stderr = os.Stderr
	o := &oracle{}
	if o.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if o.out, err = cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		o.in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the oracle: %v", err)
		}
	})
	return o
}

// verdicts returns a byte for each subject: 1 found, 0 not; or nil and the message where the pattern is refused.
func (o *oracle) verdicts(t testing.TB, pattern string, subjects []string) ([]byte, string) {
	t.Helper()
	var b bytes.Buffer
	put := func(s string) {
		b.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(s))))
		b.WriteString(s)
	}
	put(pattern)
	b.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(subjects))))
	for _, s := range subjects {
		put(s)
	}
	sent := make(chan error, 1)
	go func() {
		_, err := o.in.Write(b.Bytes())
		sent <- err
	}()
	answer := make([]byte, 1+len(subjects))
	if _, err := io.ReadFull(o.out, answer); err != nil {
		t.Fatalf("the oracle ended at %.200q (%d bytes): %v", pattern, len(pattern), err)
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	switch answer[0] {
	case 0:
		return nil, "refused"
	case 2:
		t.Skipf("std::regex takes ages for %.200q", pattern)
	}
	return answer[1:], ""
}

// everyByte is a subject for each byte.
func everyByte() []string {
	s := make([]string, 256)
	for i := range s {
		s[i] = string([]byte{byte(i)})
	}
	return s
}
