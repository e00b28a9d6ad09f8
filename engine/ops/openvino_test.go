package ops_test

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"halfway/engine/graph"
	"halfway/engine/ir"
	"halfway/engine/kernel"
	"halfway/engine/ops"
	"halfway/engine/tensor"
)

// tolerances are relative to the largest magnitude of the expected tensor. Integers and booleans are equal.
var tolerances = map[string]float64{
	"elementwise": 1e-6, // a few ulp: the plugin's functions are polynomials
	"movement":    0,
}

// tolerance is for families without a row: the plugin's vector kernels fuse multiply and add and approximate exp and tanh.
const tolerance = 1e-5

// TestOpenVINO runs every model of testdata/*, which the generate.py of its folder made, node by node; each result has its own attributes and
// is compared with what OpenVINO gave in f32.
func TestOpenVINO(t *testing.T) {
	models, err := filepath.Glob("testdata/*/*.xml")
	if err != nil || len(models) == 0 {
		t.Fatalf("no models in testdata: %v", err)
	}
	for _, path := range models {
		family := filepath.Base(filepath.Dir(path))
		name := strings.TrimSuffix(filepath.Base(path), ".xml")
		limit, ok := tolerances[family]
		if !ok {
			limit = tolerance
		}
		t.Run(family+"/"+name, func(t *testing.T) { runModel(t, path, limit) })
	}
}

func runModel(t *testing.T, path string, limit float64) {
	g, e, data := load(t, path)
	for i, r := range g.Results {
		producer := r.In[0]
		t.Run(fmt.Sprintf("%s.%d", producer.Node.Name, producer.Out), func(t *testing.T) {
			out, err := e.evaluate(producer.Node)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, out[producer.Out], data[fmt.Sprintf("output_%d", i)], limit)
		})
	}
}

// load reads a model and its inputs and outputs, called input_0, output_0 and so on.
func load(t *testing.T, path string) (*graph.Graph, *evaluator, map[string]*tensor.Tensor) {
	g, closer, err := ir.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closer.Close() })
	named, err := tensor.ReadNPZ(strings.TrimSuffix(path, ".xml") + ".npz")
	if err != nil {
		t.Fatal(err)
	}
	data := map[string]*tensor.Tensor{}
	for _, n := range named {
		data[n.Name] = n.Tensor
	}
	e := &evaluator{known: map[*graph.Node][]*tensor.Tensor{}}
	for i, p := range g.Params {
		e.known[p] = []*tensor.Tensor{data[fmt.Sprintf("input_%d", i)]}
	}
	return g, e, data
}

type evaluator struct {
	known map[*graph.Node][]*tensor.Tensor
}

func (e *evaluator) evaluate(n *graph.Node) ([]*tensor.Tensor, error) {
	if out, ok := e.known[n]; ok {
		return out, nil
	}
	if n.Op == "Constant" {
		v, err := n.Value.Decode()
		return []*tensor.Tensor{v}, err
	}
	var operands []ops.Operand
	var args []ops.Arg
	for _, p := range n.In {
		out, err := e.evaluate(p.Node)
		if err != nil {
			return nil, err
		}
		v := out[p.Out]
		operands = append(operands, ops.Operand{Tensor: v, Round: tensor.F32})
		args = append(args, ops.Arg{Type: v.Type, Shape: v.Shape, Value: v})
	}
	out, err := evaluateNode(n, args, operands, 1)
	if err != nil {
		return nil, err
	}
	again, err := evaluateNode(n, args, operands, 3)
	if err != nil {
		return nil, err
	}
	for i := range out {
		if !tensor.Equal(out[i], again[i]) {
			return nil, fmt.Errorf("output %d: 1 worker and 3 workers give different bits", i)
		}
	}
	e.known[n] = out
	return out, nil
}

func evaluateNode(n *graph.Node, args []ops.Arg, operands []ops.Operand, threads int) ([]*tensor.Tensor, error) {
	op, err := ops.Bind(n)
	if err != nil {
		return nil, err
	}
	specs, err := op.Infer(args)
	if err != nil {
		return nil, err
	}
	if len(specs) < len(n.Out) {
		return nil, fmt.Errorf("%d outputs, want %d", len(specs), len(n.Out))
	}
	out := make([]*tensor.Tensor, len(n.Out))
	for o := range out {
		if specs[o].Type != n.Out[o].Type {
			return nil, fmt.Errorf("output %d is %s, the file has %s", o, specs[o].Type, n.Out[o].Type)
		}
		if specs[o].Shape != nil {
			out[o] = tensor.New(specs[o].Type, specs[o].Shape...)
			poison(out[o])
		}
	}
	w := kernel.NewWorkers(threads)
	defer w.Close()
	return out, op.Eval(w, operands, out)
}

// poison fills a float tensor with a value that no result has: what Eval gets has no defined content.
func poison(t *tensor.Tensor) {
	if t.Type == tensor.F32 {
		d := t.F32s()
		for i := range d {
			d[i] = -12345
		}
	}
}

func compare(t *testing.T, got, want *tensor.Tensor, limit float64) {
	t.Helper()
	if !slices.Equal(got.Shape, want.Shape) {
		t.Fatalf("shape %v, want %v", got.Shape, want.Shape)
	}
	if !got.Type.IsFloat() {
		if !tensor.Equal(got, want) {
			t.Fatalf("got %v\nwant %v", got.Any(), want.Any())
		}
		return
	}
	if got.Type == tensor.F64 {
		limit = 1e-14 // expected values of f64 are numpy's: the plugin computes in f32
	}
	a, b := floats(got), floats(want)
	scale := 0.0
	for _, v := range b {
		if !math.IsInf(v, 0) && v == v {
			scale = max(scale, math.Abs(v))
		}
	}
	bad := 0
	for i := range b {
		same := a[i] == b[i] || a[i] != a[i] && b[i] != b[i]
		if !same && !(math.Abs(a[i]-b[i]) <= limit*scale) {
			if bad++; bad <= 5 {
				t.Errorf("element %d of %v: got %v, want %v", i, got.Shape, a[i], b[i])
			}
		}
	}
	if bad > 5 {
		t.Errorf("%d of %d elements differ", bad, len(b))
	}
}

func floats(t *tensor.Tensor) []float64 {
	if d, ok := t.Any().([]float64); ok {
		return d
	}
	var r []float64
	for _, v := range t.F32s() {
		r = append(r, float64(v))
	}
	return r
}
