package openvino_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"halfway/engine"
	"halfway/engine/builtin"
	"halfway/engine/enginetest"
	"halfway/engine/openvino"
)

// TestPortsAreAsTheFileHasThem holds the inputs, with what random integers may be, and the names of the outputs against those of the readers of files.
func TestPortsAreAsTheFileHasThem(t *testing.T) {
	for _, path := range []string{tinyLM + "model.xml", namedTwice(t), enginetest.Shared(t, "models/onnx/magika/model.onnx"), enginetest.Shared(t,
		"corpus/models/small/bert.xml")} {
		t.Run(filepath.Base(path), func(t *testing.T) {
			m, err := openvino.Open(context.Background(), enginetest.Python(t), path)
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			file, err := builtin.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			for i, want := range file.Inputs() {
				if got := m.Inputs()[i]; got.Bound != want.Bound || got.Type != want.Type || got.Mask != want.Mask || !slices.Equal(got.Shape, want.Shape) {
					t.Errorf("input %+v, want %+v", got, want)
				}
			}
			own, err := file.Engine(builtin.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer own.Close()
			e := newEngine(t, m, "plugin", 0)
			for i, want := range own.Outputs() {
				got := called(e.Outputs()[i])
				if missing := slices.DeleteFunc(called(want), func(name string) bool { return slices.Contains(got, name) }); len(missing) > 0 {
					t.Errorf("output %d is called %q, not %q", i, got, missing)
				}
			}
		})
	}
}

func called(o engine.Output) []string { return append([]string{o.Name}, o.Aliases...) }

// namedTwice is a table of 7 rows in which integers look up rows, through a Convert. Its output has two names.
func namedTwice(t *testing.T) string {
	const row = "<dim>3</dim>"
	const model = `<?xml version="1.0"?><net name="lookup" version="11"><layers>
<layer id="0" name="ids" type="Parameter" version="opset1"><data shape="3" element_type="i32"/><output><port id="0" precision="I32" names="ids">` + row + `</port></output></layer>
<layer id="1" name="wide" type="Convert" version="opset1"><data destination_type="i64"/><input><port id="0">` + row + `</port></input><output><port id="1" precision="I64">` + row + `</port></output></layer>
<layer id="2" name="table" type="Parameter" version="opset1"><data shape="4,7" element_type="f32"/><output><port id="0" precision="FP32" names="table"><dim>4</dim><dim>7</dim></port></output></layer>
<layer id="3" name="axis" type="Const" version="opset1"><data element_type="i64" shape="" offset="0" size="8"/><output><port id="0" precision="I64"/></output></layer>
<layer id="4" name="rows" type="Gather" version="opset8"><data batch_dims="0"/><input><port id="0"><dim>4</dim><dim>7</dim></port><port id="1">` + row + `</port><port id="2"/></input><output><port id="3" precision="FP32" names="scores,logits"><dim>4</dim><dim>3</dim></port></output></layer>
<layer id="5" name="result" type="Result" version="opset1"><input><port id="0"><dim>4</dim><dim>3</dim></port></input></layer></layers>
<edges><edge from-layer="0" from-port="0" to-layer="1" to-port="0"/><edge from-layer="2" from-port="0" to-layer="4" to-port="0"/><edge from-layer="1" from-port="1" to-layer="4" to-port="1"/>
<edge from-layer="3" from-port="0" to-layer="4" to-port="2"/><edge from-layer="4" from-port="3" to-layer="5" to-port="0"/></edges></net>`
	base := filepath.Join(t.TempDir(), "lookup")
	for name, content := range map[string]string{".xml": model, ".bin": "\xff\xff\xff\xff\xff\xff\xff\xff"} { // the last axis
		if err := os.WriteFile(base+name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return base + ".xml"
}
