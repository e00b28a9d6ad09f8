package cmd_test

import (
	"errors"
	"math"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"halfway/cmd"
	"halfway/engine/enginetest"
	"halfway/engine/tensor"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"halfway": cmd.Main, "fakepython": enginetest.FakePython})
}

// TestScripts runs testdata/script/*.txtar. Beside the commands of testscript they have
//
//	exits STATUS COMMAND...       runs a command that must exit with this status
//	schema NAME FILE              validates JSON by bisect/report/NAME.schema.json; of NAME event, every line
//	npz FILE NAME=TYPE:SHAPE:V,V  writes an archive: x=f32:1,4:1,2,nan,4; a single value fills the array
//
// and the variables TINY, a model that breaks in bf16, TINYINPUT, and CHAIN, one that does not: y = (x w) w.
func TestScripts(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("TINY", filepath.Join(root, "testdata", "tiny-lm", "model.xml"))
			e.Setenv("TINYINPUT", filepath.Join(root, "testdata", "tiny-lm", "input.npz"))
			e.Setenv("CHAIN", filepath.Join(root, "cmd", "testdata", "chain.xml"))
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"exits": exits, "schema": schema, "npz": npz},
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	status := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		status = exit.ExitCode()
	}
	if status != want {
		ts.Fatalf("exit status %d, want %d", status, want)
	}
}

func schema(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: schema NAME FILE")
	}
	s, err := jsonschema.NewCompiler().Compile("../bisect/report/" + args[0] + ".schema.json")
	ts.Check(err)
	texts := []string{ts.ReadFile(args[1])}
	if args[0] == "event" {
		texts = strings.Split(strings.TrimSuffix(texts[0], "\n"), "\n")
	}
	for _, text := range texts {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		ts.Check(err)
		ts.Check(s.Validate(v))
	}
}

func npz(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: npz FILE NAME=TYPE:SHAPE:VALUES...")
	}
	var arrays []tensor.Named
	for _, spec := range args[1:] {
		name, rest, _ := strings.Cut(spec, "=")
		parts := strings.SplitN(rest, ":", 3)
		if len(parts) != 3 {
			ts.Fatalf("%q: want NAME=TYPE:SHAPE:VALUES", spec)
		}
		d, err := tensor.ParseDType(parts[0])
		ts.Check(err)
		var shape []int
		for s := range strings.SplitSeq(parts[1], ",") {
			n, err := strconv.Atoi(s)
			ts.Check(err)
			shape = append(shape, n)
		}
		arrays = append(arrays, tensor.Named{Name: name, Tensor: fill(ts, d, shape, strings.Split(parts[2], ","))})
	}
	ts.Check(tensor.WriteNPZ(ts.MkAbs(args[0]), arrays))
}

func fill(ts *testscript.TestScript, d tensor.DType, shape []int, values []string) *tensor.Tensor {
	t := tensor.New(tensor.F64, shape...)
	data := tensor.Data[float64](t)
	for i := range data {
		v, err := strconv.ParseFloat(values[min(i, len(values)-1)], 64)
		ts.Check(err)
		data[i] = v
	}
	if d == tensor.F32 {
		narrow := tensor.New(tensor.F32, shape...)
		for i, v := range data {
			narrow.F32s()[i] = float32(v)
		}
		return narrow
	}
	for _, v := range data {
		if v != math.Trunc(v) && d != tensor.F64 {
			ts.Fatalf("%v is no %s", v, d)
		}
	}
	r, err := tensor.ConvertExact(t, d)
	ts.Check(err)
	return r
}
