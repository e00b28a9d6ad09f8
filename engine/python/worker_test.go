package python

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"halfway/engine"
)

var script = Script{Engine: "openvino", Package: "openvino"}

// interpreter writes a program that stands for Python and does what body says.
func interpreter(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "python")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestWorkersThatDoNotStart have errors that say what to do.
func TestWorkersThatDoNotStart(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"the package is missing", `echo '{"missing": "openvino", "error": "No module named openvino"}'`, "-m pip install openvino"},
		{"it ends at once", "echo 'no such thing' >&2; exit 3", "exit status 3; its last errors: no such thing"},
		{"it prints something else", "echo hello", "answer cannot be read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := script.Start(context.Background(), interpreter(t, c.body))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
	if _, err := script.Start(context.Background(), filepath.Join(t.TempDir(), "none")); err == nil || !strings.Contains(err.Error(), "--python PATH") {
		t.Errorf("no interpreter: %v, want the flag that names one", err)
	}
}

// TestWorkersThatMisbehave end with a classified failure, and none stays behind.
func TestWorkersThatMisbehave(t *testing.T) {
	const hello = `echo '{"version": "1"}'; read line; `
	for _, c := range []struct {
		name, body string
		want       engine.FailureKind
	}{
		{"refuses", hello + `echo '{"id": 1, "error": "object is not initialized"}'; read line`, engine.Crash},
		{"dies", hello + "kill -SEGV $$", engine.Crash},
		{"dies, and a child holds its output", hello + "sleep 60 & kill -SEGV $$", engine.Crash},
		{"prints nonsense", hello + "echo '{'; sleep 60", engine.Crash},
		{"hangs", hello + "sleep 60", engine.Timeout},
		{"hangs in a child", hello + "(sleep 60; echo) & wait", engine.Timeout},
		{"hangs in a child that leaves its group", hello + "setsid sleep 20 & wait", engine.Timeout},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, err := script.Start(context.Background(), interpreter(t, c.body))
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			err = w.Ask(context.Background(), time.Second, map[string]any{"op": "run"}, &struct{}{})
			if f, ok := errors.AsType[*engine.Failure](err); !ok || f.Kind != c.want {
				t.Errorf("%v, want %s", err, c.want)
			}
			w.Kill()
			if took := time.Since(start); took > 10*time.Second { // Kill waits until nobody holds the standard output
				t.Errorf("its end took %v", took)
			}
		})
	}
}
