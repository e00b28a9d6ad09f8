// Package enginetest is what the tests of engines share: the reference data beside the checkout, and the suite that every engine passes.
package enginetest

import (
	"os"
	"path/filepath"
	"testing"
)

// Shared returns the path of a file or folder of the reference data, which lies in $HALFWAY_SHARED or in the folder "shared" beside the
// checkout. Where the data is absent the test is skipped; where $HALFWAY_SHARED promises it, absence fails the test.
func Shared(t testing.TB, elem ...string) string {
	t.Helper()
	root, promised := os.Getenv("HALFWAY_SHARED"), true
	if root == "" {
		root, promised = beside(t), false
	}
	path := filepath.Join(append([]string{root}, elem...)...)
	if _, err := os.Stat(path); err == nil {
		return path
	} else if promised {
		t.Fatalf("HALFWAY_SHARED is set, but %v", err)
	}
	t.Skipf("reference data not found at %s: set HALFWAY_SHARED to run this test", path)
	return ""
}

// beside finds ../shared as seen from the module's root, which is the nearest folder upwards that holds go.mod.
func beside(t testing.TB) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(filepath.Dir(dir), "shared")
		}
		if parent := filepath.Dir(dir); parent != dir {
			dir = parent
			continue
		}
		t.Fatal("no go.mod above the test's folder")
	}
}
