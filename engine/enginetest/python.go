package enginetest

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Python returns a Python interpreter with openvino and numpy: $HALFWAY_PYTHON, else python3. The test is skipped without one, but an interpreter
// that $HALFWAY_PYTHON promises must do; and on a processor that OpenVINO has no bf16 for.
func Python(t testing.TB) string {
	t.Helper()
	python, promised := os.Getenv("HALFWAY_PYTHON"), true
	if python == "" {
		python, promised = "python3", false
	}
	const ask = `import numpy, openvino; print(openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"))`
	out, err := exec.Command(python, "-c", ask).CombinedOutput()
	switch {
	case err == nil && strings.Contains(string(out), "BF16"):
		return python
	case err == nil:
		t.Skipf("OpenVINO has no bf16 on this processor, only %s", out)
	case promised:
		t.Fatalf("HALFWAY_PYTHON is %s, but: %v\n%s", python, err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	t.Skipf("no OpenVINO: %s cannot import it (%v %s): set HALFWAY_PYTHON to a Python that can", python, err, lines[len(lines)-1])
	return ""
}
