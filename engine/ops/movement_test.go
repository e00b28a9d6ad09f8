package ops_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestMovement runs every model of testdata/movement, which generate.py made, node by node.
func TestMovement(t *testing.T) {
	models, err := filepath.Glob("testdata/movement/*.xml")
	if err != nil || len(models) == 0 {
		t.Fatalf("no models in testdata/movement: %v", err)
	}
	for _, path := range models {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".xml"), func(t *testing.T) { runModel(t, path) })
	}
}
