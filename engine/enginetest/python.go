package enginetest

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Python returns a Python interpreter that can import openvino and numpy: $HALFWAY_PYTHON, else python3. Without one the test is skipped; an
// interpreter that $HALFWAY_PYTHON promises must be able to.
func Python(t testing.TB) string {
	t.Helper()
	python, promised := os.Getenv("HALFWAY_PYTHON"), true
	if python == "" {
		python, promised = "python3", false
	}
	out, err := exec.Command(python, "-c", "import numpy, openvino").CombinedOutput()
	switch {
	case err == nil:
		return python
	case promised:
		t.Fatalf("HALFWAY_PYTHON is %s, but: %v\n%s", python, err, out)
	}
	t.Skipf("no OpenVINO: %s cannot import openvino and numpy (%v %s): set HALFWAY_PYTHON to one that can", python, err,
		strings.TrimSpace(string(out[max(0, len(out)-200):])))
	return ""
}
