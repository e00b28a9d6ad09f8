package enginetest

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// PythonWith returns a Python interpreter with a package: $HALFWAY_PYTHON, else python3. The test is skipped without one, but an interpreter that
// $HALFWAY_PYTHON promises must do.
func PythonWith(t testing.TB, name string) string {
	t.Helper()
	python, out, ok := ask(t, name, "import "+name)
	if !ok {
		t.Skip(out)
	}
	return python
}

// Python returns a Python interpreter with openvino and numpy: $HALFWAY_PYTHON, else python3. The test is skipped without one, but an interpreter
// that $HALFWAY_PYTHON promises must do; and on a processor that OpenVINO has no bf16 for.
func Python(t testing.TB) string {
	t.Helper()
	python, out, ok := ask(t, "openvino", `import numpy, openvino; print(openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"))`)
	if !ok {
		t.Skip(out)
	}
	if !strings.Contains(out, "BF16") {
		t.Skipf("OpenVINO has no bf16 on this processor, only %s", out)
	}
	return python
}

// ask runs a program in the interpreter: what it prints, or why it cannot run.
func ask(t testing.TB, name, program string) (python, out string, ok bool) {
	t.Helper()
	python, promised := os.Getenv("HALFWAY_PYTHON"), true
	if python == "" {
		python, promised = "python3", false
	}
	printed, err := exec.Command(python, "-c", program).CombinedOutput()
	if err == nil {
		return python, string(printed), true
	}
	if promised {
		t.Fatalf("HALFWAY_PYTHON is %s, but: %v\n%s", python, err, printed)
	}
	lines := strings.Split(strings.TrimSpace(string(printed)), "\n")
	return "", fmt.Sprintf("%s cannot import %s (%v %s): set HALFWAY_PYTHON to a Python that can", python, name, err, lines[len(lines)-1]), false
}
