package ops_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/ops"
	"halfway/engine/tensor"
)

// link is an operation that can follow another, with the shapes of its further inputs.
type link struct {
	op     string
	attrs  graph.Attrs
	at     int
	shapes [][]int
}

var links = []link{
	{op: "Relu"},
	{op: "Clamp", attrs: graph.Attrs{"min": "-0.5", "max": "1"}},
	{op: "Abs"},
	{op: "HSwish"},
	{op: "Sigmoid"},
	{op: "Cos"}, // without a loop of f32
	{op: "PowerStatic", attrs: graph.Attrs{"power": "1", "scale": "0.3", "shift": "-2"}},
	{op: "HardSigmoid", shapes: [][]int{{1}, {}}},
	{op: "Add", shapes: [][]int{{1, 5, 1, 1}}},
	{op: "Add", at: 1, shapes: [][]int{{5, 1, 1}}},
	{op: "Subtract", at: 1, shapes: [][]int{{}}},
	{op: "Multiply", shapes: [][]int{{1, 1, 1, 9}}},
	{op: "Divide", shapes: [][]int{{1, 5, 7, 1}}},
	{op: "Maximum", shapes: [][]int{{2, 5, 7, 9}}},
	{op: "SquaredDifference", shapes: [][]int{{2, 1, 1, 1}}},
	{op: "Minimum", shapes: [][]int{{2, 1, 7, 1}}}, // its axes are not adjacent
}

// TestChainsHaveTheBitsOfTheirOperations compares chains of random links with their operations one after the other, for heads that let others follow
// while their results are in the cache and for others.
func TestChainsHaveTheBitsOfTheirOperations(t *testing.T) {
	window := graph.Attrs{"strides": "1,1", "dilations": "1,1", "pads_begin": "1,1", "pads_end": "1,1"}
	heads := []struct {
		op     string
		attrs  graph.Attrs
		shapes [][]int
	}{
		{"Convolution", window, [][]int{{2, 3, 7, 9}, {5, 3, 3, 3}}},
		{"GroupConvolution", window, [][]int{{2, 5, 7, 9}, {5, 1, 1, 3, 3}}},
		{"FullyConnected", nil, [][]int{{2, 5, 7, 4}, {9, 4}}},
		{"Add", nil, [][]int{{2, 5, 7, 9}, {5, 7, 9}}},
	}
	random := rand.New(rand.NewPCG(1, 2))
	for _, h := range heads {
		for range 40 {
			name, in := h.op, values(random, h.shapes)
			head, _ := bind(t, h.op, h.attrs, in)
			want := resultOf(t, head, in)
			var chain []ops.Link
			for range 1 + random.IntN(4) {
				l := links[random.IntN(len(links))]
				others := values(random, l.shapes)
				operands := append(append(append([]ops.Operand{}, others[:l.at]...), ops.Operand{Tensor: want}), others[l.at:]...)
				op, _ := bind(t, l.op, l.attrs, operands)
				chain = append(chain, ops.Link{Op: op, At: l.at, Others: len(others)})
				want = resultOf(t, op, operands)
				in = append(in, others...)
				name += "-" + l.op
			}
			got := resultOf(t, ops.Chain(head, len(h.shapes), chain), in)
			for i, v := range want.F32s() {
				if g := got.F32s()[i]; math.Float32bits(g) != math.Float32bits(v) && (g == g || v == v) {
					t.Fatalf("%s: element %d is %v, one after the other %v", name, i, g, v)
				}
			}
		}
	}
}

// values are random operands of the given shapes.
func values(random *rand.Rand, shapes [][]int) []ops.Operand {
	var list []ops.Operand
	for _, s := range shapes {
		x := tensor.New(tensor.F32, s...)
		for i := range x.F32s() {
			x.F32s()[i] = float32(random.NormFloat64())
		}
		list = append(list, ops.Operand{Tensor: x, Round: tensor.F32})
	}
	return list
}

func resultOf(t *testing.T, op ops.Op, in []ops.Operand) *tensor.Tensor {
	t.Helper()
	args := make([]ops.Arg, len(in))
	for i, o := range in {
		args[i] = ops.Arg{Type: o.Type, Shape: o.Shape, Value: o.Tensor}
	}
	specs, err := op.Infer(args)
	if err != nil {
		t.Fatal(err)
	}
	out := tensor.New(specs[0].Type, specs[0].Shape...)
	if err := op.Eval(kernel.NewWorkers(2), in, []*tensor.Tensor{out}); err != nil {
		t.Fatal(err)
	}
	return out
}
