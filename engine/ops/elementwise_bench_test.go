package ops_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/ops"
	"halfway/engine/tensor"
)

// BenchmarkElementwise prints the bytes that an operation reads and writes a second, by one thread.
func BenchmarkElementwise(b *testing.B) {
	data, row, channel, scalar := []int{8, 64, 32, 64}, []int{64}, []int{1, 64, 1, 1}, []int{}
	for _, c := range []struct {
		op     string
		attrs  graph.Attrs
		shapes [][]int
	}{
		{"Add", nil, [][]int{data, data}},
		{"Add", nil, [][]int{data, row}},
		{"Add", nil, [][]int{data, channel}},
		{"Multiply", nil, [][]int{data, scalar}},
		{"Power", nil, [][]int{data, scalar}},
		{"Relu", nil, [][]int{data}},
		{"Clamp", graph.Attrs{"min": "0", "max": "6"}, [][]int{data}},
		{"HSwish", nil, [][]int{data}},
		{"PRelu", nil, [][]int{data, row}},
		{"Sigmoid", nil, [][]int{data}},
		{"Gelu", nil, [][]int{data}},
		{"Exp", nil, [][]int{data}},
		{"Sqrt", nil, [][]int{data}},
		{"Sin", nil, [][]int{data}},
		{"Softmax", graph.Attrs{"axis": "3"}, [][]int{data}},
		{"Softmax", graph.Attrs{"axis": "1"}, [][]int{data}},
		{"MVN", graph.Attrs{"across_channels": "false"}, [][]int{data}},
		{"FakeQuantize", graph.Attrs{"levels": "256"}, [][]int{data, scalar, scalar, scalar, scalar}},
		{"FakeQuantize", graph.Attrs{"levels": "256"}, [][]int{data, channel, channel, channel, channel}},
	} {
		b.Run(fmt.Sprint(c.op, c.shapes[1:]), func(b *testing.B) { benchmarkOperation(b, c.op, c.attrs, c.shapes) })
	}
}

func benchmarkOperation(b *testing.B, name string, attrs graph.Attrs, shapes [][]int) {
	n := &graph.Node{Op: name, Opset: "opset1", Name: name, Attrs: attrs, In: make([]graph.Port, len(shapes)), Out: make([]graph.Output, 1)}
	r := rand.New(rand.NewPCG(1, 1))
	var args []ops.Arg
	var operands []ops.Operand
	bytes := int64(0)
	for _, s := range shapes {
		t := tensor.New(tensor.F32, s...)
		for i := range t.F32s() {
			t.F32s()[i] = float32(r.NormFloat64())
		}
		args = append(args, ops.Arg{Type: tensor.F32, Shape: s, Value: t})
		operands = append(operands, ops.Operand{Tensor: t, Round: tensor.F32})
		bytes += t.Bytes()
	}
	op, err := ops.Bind(n)
	if err != nil {
		b.Fatal(err)
	}
	specs, err := op.Infer(args)
	if err != nil {
		b.Fatal(err)
	}
	out := []*tensor.Tensor{tensor.New(specs[0].Type, specs[0].Shape...)}
	b.SetBytes(bytes + out[0].Bytes())
	w := kernel.NewWorkers(1)
	defer w.Close()
	for b.Loop() {
		if err := op.Eval(w, operands, out); err != nil {
			b.Fatal(err)
		}
	}
}
