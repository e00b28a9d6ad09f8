package ops_test

import (
	"os"
	"strings"
	"testing"

	"halfway/engine/graph"
	"halfway/engine/ops"
	"halfway/engine/tensor"
)

// TestPromotedTypes compares with the table that testdata/types/generate.py asked OpenVINO for: types of a vector and of a scalar, and what
// ConvertPromoteTypes makes of them without and with PyTorch's promotion of scalars.
func TestPromotedTypes(t *testing.T) {
	table, err := os.ReadFile("testdata/types/promoted.txt")
	if err != nil {
		t.Fatal(err)
	}
	for row := range strings.Lines(string(table)) {
		names := strings.Fields(row)
		for i, scalars := range []string{"false", "true"} {
			op, err := ops.Bind(&graph.Node{Op: "ConvertPromoteTypes", Opset: "opset14", Attrs: graph.Attrs{"pytorch_scalar_promotion": scalars}})
			if err != nil {
				t.Fatal(err)
			}
			got, err := op.Infer([]ops.Arg{{Type: parse(t, names[0]), Shape: []int{2}}, {Type: parse(t, names[1]), Shape: []int{}}})
			if err != nil {
				t.Fatal(row, err)
			}
			if want := parse(t, names[2+i]); got[0].Type != want || got[1].Type != want {
				t.Errorf("%s and %s, scalars=%s: %s and %s, want %s", names[0], names[1], scalars, got[0].Type, got[1].Type, want)
			}
		}
	}
}

func parse(t *testing.T, name string) tensor.DType {
	d, err := tensor.ParseDType(name)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
