package builtin_test

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"halfway/engine"
	"halfway/engine/builtin"
)

const pool = `<?xml version="1.0"?><net name="pool" version="11"><layers>
<layer id="0" name="x" type="Parameter" version="opset1"><data shape="1,1,4,4" element_type="f32"/><output><port id="0" precision="FP32"/></output></layer>
<layer id="1" name="pool" type="MaxPool" version="opset8"><data strides="2,2" dilations="1,1" kernel="2,2" pads_begin="0,0" pads_end="0,0" axis="0" index_element_type="i64"/>
<input><port id="0"/></input><output><port id="1" precision="FP32"/><port id="2" precision="FP32"/></output></layer>
<layer id="2" name="y" type="ReLU" version="opset1"><input><port id="0"/></input><output><port id="1" precision="FP32"/></output></layer>
<layer id="3" name="out" type="Convolution" version="opset1"><data strides="1,1" dilations="1,1" pads_begin="0,0" pads_end="0,0"/><input><port id="0"/><port id="1"/></input>
<output><port id="2" precision="FP32"/></output></layer>
<layer id="4" name="weights" type="Const" version="opset1"><data element_type="f32" shape="1,1,1,1" offset="0" size="4"/><output><port id="0" precision="FP32"/></output></layer>
<layer id="5" name="result" type="Result" version="opset1"><input><port id="0"/></input></layer></layers><edges>
<edge from-layer="0" from-port="0" to-layer="1" to-port="0"/><edge from-layer="1" from-port="1" to-layer="2" to-port="0"/>
<edge from-layer="2" from-port="1" to-layer="3" to-port="0"/><edge from-layer="4" from-port="0" to-layer="3" to-port="1"/>
<edge from-layer="3" from-port="2" to-layer="5" to-port="0"/></edges></net>`

// TestWronglyDeclaredOutputThatNothingReads runs a MaxPool whose indices the file declares as f32, as a model of the Open Model Zoo has it.
func TestWronglyDeclaredOutputThatNothingReads(t *testing.T) {
	for _, view := range builtin.Views() {
		path := written(t, pool, []byte{0, 0, 0x80, 0x3f})
		e := open(t, path, builtin.Options{View: view})
		list, err := e.Candidates(context.Background())
		if err != nil || len(list) == 0 {
			t.Fatalf("%s: %d candidates, %v", view, len(list), err)
		}
		if _, err := e.Run(context.Background(), engine.All(len(list)), random(t, path)); err != nil {
			t.Errorf("%s: %v", view, err)
		}
	}
}

// TestControlWithoutBody opens operations with bodies that have none, or too few inputs.
func TestControlWithoutBody(t *testing.T) {
	for _, op := range []string{"Loop", "If", "TensorIterator"} {
		text := strings.Replace(pool, `type="ReLU" version="opset1"`, `type="`+op+`" version="opset8"`, 1)
		m, err := builtin.Open(written(t, text, []byte{0, 0, 0x80, 0x3f}))
		if err == nil {
			_, err = m.Engine(builtin.Options{})
		}
		if err == nil || !strings.Contains(err.Error(), `node "y" (`+op+`): it has 0 bodies`) {
			t.Errorf("%s: error %v", op, err)
		}
	}
}

// TestLoopWithoutEnd runs the body of testdata/bodies/loop-trips.xml 2^62 times: that ends soon after its context does.
func TestLoopWithoutEnd(t *testing.T) {
	text, err := os.ReadFile("testdata/bodies/loop-trips.xml")
	if err != nil {
		t.Fatal(err)
	}
	bin, err := os.ReadFile("testdata/bodies/loop-trips.bin")
	if err != nil {
		t.Fatal(err)
	}
	binary.LittleEndian.PutUint64(bin, 1<<62)
	binary.LittleEndian.PutUint32(bin[9:], 0)           // the factor by which the value grows
	binary.LittleEndian.PutUint32(bin[29:], 0x7f800000) // the bound up to which it goes on: infinity
	path := written(t, string(text), bin)
	e := open(t, path, builtin.Options{})
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := e.Run(ctx, engine.Set{}, random(t, path)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("it took %v to stop", took)
	}
}

// written is the path of a model of this text and these weights.
func written(t *testing.T, text string, bin []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.xml")
	for name, content := range map[string][]byte{path: []byte(text), strings.TrimSuffix(path, ".xml") + ".bin": bin} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// random is a sample of random data for the model at path.
func random(t *testing.T, path string) engine.Sample {
	t.Helper()
	m, err := builtin.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	samples, _, err := engine.LoadSamples("random:1", m.Inputs())
	if err != nil {
		t.Fatal(err)
	}
	return samples[0]
}

// TestWeightsThatShrink cuts the weights off between opening a model and running it, on several threads: an error names the file, and nothing else
// happens to the process.
func TestWeightsThatShrink(t *testing.T) {
	path := written(t, pool, []byte{0, 0, 0x80, 0x3f})
	s := random(t, path)
	e := open(t, path, builtin.Options{Threads: 4, Memory: 0})
	bin := strings.TrimSuffix(path, ".xml") + ".bin"
	if err := os.Truncate(bin, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Run(context.Background(), engine.Set{}, s); err == nil || !strings.Contains(err.Error(), bin+" shrank") {
		t.Errorf("error %v", err)
	}
}

// TestTooLarge runs models whose inputs, outputs and files are small, and in which a constant that follows from others, or what an operation
// takes while it computes, needs a terabyte: an error names the node. What only lists nodes computes nothing.
func TestTooLarge(t *testing.T) {
	models, err := filepath.Glob("testdata/toolarge/*.xml")
	if err != nil || len(models) == 0 {
		t.Fatalf("no models: %v", err)
	}
	for _, path := range models {
		for _, view := range builtin.Views() {
			e := open(t, path, builtin.Options{View: view})
			list, err := e.Candidates(context.Background())
			if err != nil {
				t.Errorf("%s, %s: %v", path, view, err)
			}
			_, err = e.Run(context.Background(), engine.All(len(list)), random(t, path))
			if err == nil || !strings.Contains(err.Error(), path+`: node "`) || !strings.Contains(err.Error(), "of memory: give smaller inputs") {
				t.Errorf("%s, %s: error %v", path, view, err)
			}
		}
	}
}
