package ops_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestMatMulConvolutionPool runs every model of testdata/matmul_conv, which generate.py made; each result has its own attributes.
func TestMatMulConvolutionPool(t *testing.T) {
	models, err := filepath.Glob("testdata/matmul_conv/*.xml")
	if err != nil || len(models) == 0 {
		t.Fatalf("no models in testdata/matmul_conv: %v", err)
	}
	for _, path := range models {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".xml"), func(t *testing.T) { runModel(t, path) })
	}
}
