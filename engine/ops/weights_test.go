package ops_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/ops"
	"halfway/engine/tensor"
)

// result runs one operation on operands and returns its first output.
func result(t *testing.T, op ops.Op, in ...ops.Operand) *tensor.Tensor {
	t.Helper()
	args := make([]ops.Arg, len(in))
	for i, o := range in {
		args[i] = ops.Arg{Type: o.Type, Shape: o.Shape, Value: o.Tensor}
	}
	specs, err := op.Infer(args)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]*tensor.Tensor, len(specs))
	for o, s := range specs {
		out[o] = tensor.New(s.Type, s.Shape...)
		poison(out[o])
	}
	w := kernel.NewWorkers(2)
	defer w.Close()
	if err := op.Eval(w, in, out); err != nil {
		t.Fatal(err)
	}
	return out[0]
}

func bound(t *testing.T, op string, attrs graph.Attrs) ops.Op {
	t.Helper()
	return boundIn(t, "opset1", op, attrs)
}

func boundIn(t *testing.T, opset, op string, attrs graph.Attrs) ops.Op {
	t.Helper()
	o, err := ops.Bind(&graph.Node{Op: op, Opset: opset, Name: "n", Attrs: attrs, Out: make([]graph.Output, 1)})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func normal(r *rand.Rand, shape ...int) ops.Operand {
	x := tensor.New(tensor.F32, shape...)
	for i := range x.F32s() {
		x.F32s()[i] = float32(r.NormFloat64())
	}
	return ops.Operand{Tensor: x, Round: tensor.F32}
}

func rounded(o ops.Operand, grid tensor.DType) ops.Operand {
	x := o.Clone()
	kernel.RoundTo(x.F32s(), grid)
	return ops.Operand{Tensor: x, Round: tensor.F32}
}

// TestRoundersRound checks that an operand handed over with Round gives the bits of one that was rounded before, also when the weights come
// packed from the evaluation before with another grid.
func TestRoundersRound(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	window := graph.Attrs{"strides": "1,1", "pads_begin": "1,1", "pads_end": "1,1", "dilations": "1,1"}
	for _, c := range []struct {
		name, op string
		attrs    graph.Attrs
		in       []ops.Operand
	}{
		{"MatMul", "MatMul", graph.Attrs{"transpose_a": "false", "transpose_b": "true"}, []ops.Operand{normal(r, 2, 5, 7), normal(r, 2, 3, 7)}},
		{"MatMul", "FullyConnected", graph.Attrs{"transpose_b": "true"}, []ops.Operand{normal(r, 2, 5, 7), normal(r, 3, 7), normal(r, 3)}},
		{"Convolution", "Convolution", window, []ops.Operand{normal(r, 2, 3, 5, 6), normal(r, 4, 3, 3, 3), normal(r, 1, 4, 1, 1)}},
		{"depthwise", "GroupConvolution", window, []ops.Operand{normal(r, 2, 3, 5, 6), normal(r, 3, 1, 1, 3, 3)}},
		{"Deconvolution", "ConvolutionBackpropData", window, []ops.Operand{normal(r, 2, 3, 5, 6), normal(r, 3, 2, 3, 3)}},
	} {
		t.Run(c.op, func(t *testing.T) {
			op := bound(t, c.op, c.attrs)
			for _, grid := range []tensor.DType{tensor.F32, tensor.BF16, tensor.F16, tensor.BF16, tensor.F32} {
				var before, during []ops.Operand
				for i, o := range c.in {
					before = append(before, rounded(o, grid))
					o.Round, o.Key = grid, uint64(i+1)
					during = append(during, o)
				}
				if got, want := result(t, op, during...), result(t, bound(t, c.op, c.attrs), before...); !tensor.Equal(got, want) {
					t.Errorf("%v: operands rounded by the operation give other bits than operands rounded before", grid)
				}
			}
		})
	}
}

func TestPackedWeightsFollowTheirKey(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	op := bound(t, "FullyConnected", graph.Attrs{"transpose_b": "true"})
	x := normal(r, 4, 7)
	for key := uint64(0); key < 3; key++ {
		weights := normal(r, 5, 7)
		weights.Key = key
		want := result(t, bound(t, "FullyConnected", graph.Attrs{"transpose_b": "true"}), x, unnamed(weights))
		if got := result(t, op, x, weights); !tensor.Equal(got, want) {
			t.Errorf("key %d: the weights of another key were used", key)
		}
	}
}

// TestRecurrentWeightsStayPacked checks that W and R, known by their keys, are not read again on the same grid, and that other weights, other
// grids and weights that are rounded where X is not give the bits of an operation that kept nothing.
func TestRecurrentWeightsStayPacked(t *testing.T) {
	const batch, steps, size, hidden, dirs = 2, 3, 5, 4, 2
	lengths := ops.Operand{Tensor: tensor.Of(tensor.I64, []int64{3, 2}, batch)}
	for _, c := range []struct {
		name, op      string
		attrs         graph.Attrs
		gates, biases int
		memory        bool
	}{
		{name: "LSTM has a second state before W", op: "LSTMSequence", gates: 4, biases: 4, memory: true},
		{name: "GRU multiplies by the candidate's part of R apart", op: "GRUSequence", gates: 3, biases: 3},
		{name: "GRU with a bias apart", op: "GRUSequence", attrs: graph.Attrs{"linear_before_reset": "true"}, gates: 3, biases: 4},
		{name: "RNN", op: "RNNSequence", gates: 1, biases: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			attrs := graph.Attrs{"hidden_size": "4", "direction": "bidirectional"}
			maps.Copy(attrs, c.attrs)
			r := rand.New(rand.NewPCG(9, 10))
			in := []ops.Operand{normal(r, batch, steps, size), normal(r, batch, dirs, hidden)}
			if c.memory {
				in = append(in, normal(r, batch, dirs, hidden))
			}
			w := len(in) + 1
			in = append(in, lengths, normal(r, dirs, c.gates*hidden, size), normal(r, dirs, c.gates*hidden, hidden), normal(r, dirs, c.biases*hidden))
			op := boundIn(t, "opset5", c.op, attrs)
			for key, grids := range [][2]tensor.DType{{tensor.F32, tensor.F32}, {tensor.F32, tensor.BF16}, {tensor.BF16, tensor.F32}, {tensor.BF16, tensor.BF16},
				{tensor.F16, tensor.F16}, {tensor.F32, tensor.F32}} {
				in[0].Round = grids[0]
				for i := w; i < w+2; i++ {
					if key%3 == 0 {
						in[i] = normal(r, in[i].Shape...)
					}
					in[i].Round, in[i].Key = grids[1], uint64(1+key/3)
				}
				want := result(t, boundIn(t, "opset5", c.op, attrs), in...)
				if got := result(t, op, in...); !tensor.Equal(got, want) {
					t.Errorf("X on %v, weights on %v: other bits than without what is kept", grids[0], grids[1])
				}
				dropped := slices.Clone(in)
				kept := true
				for i := w; i < w+2; i++ {
					dropped[i].Tensor = in[i].Head()
					kept = kept && op.(ops.Packer).Packed(i, dropped)
				}
				if alone := grids[0] == tensor.F32 && grids[1] != tensor.F32; kept == alone {
					t.Errorf("X on %v, weights on %v: packed is %v", grids[0], grids[1], kept)
				}
				if kept && !tensor.Equal(result(t, op, dropped...), want) {
					t.Errorf("X on %v, weights on %v: other bits from the weights that are kept", grids[0], grids[1])
				}
			}
		})
	}
}

func unnamed(o ops.Operand) ops.Operand { return ops.Operand{Tensor: o.Clone(), Round: tensor.F32} }

func TestFullyConnectedIsMatMulPlusBias(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, transpose := range []string{"true", "false"} {
		x, weights, bias := normal(r, 2, 9, 13), normal(r, 13, 13), normal(r, 1, 13)
		sum := result(t, bound(t, "MatMul", graph.Attrs{"transpose_b": transpose}), x, weights)
		for i := range sum.F32s() {
			sum.F32s()[i] += bias.F32s()[i%13]
		}
		if got := result(t, bound(t, "FullyConnected", graph.Attrs{"transpose_b": transpose}), x, weights, bias); !tensor.Equal(got, sum) {
			t.Errorf("transpose_b=%s: other bits than MatMul and an addition", transpose)
		}
	}
}

// TestConvolutionInF64 compares small integers, whose sums are exact in either type.
func TestConvolutionInF64(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	whole := func(shape ...int) (ops.Operand, ops.Operand) {
		a, b := tensor.New(tensor.F32, shape...), tensor.New(tensor.F64, shape...)
		for i := range a.F32s() {
			v := r.IntN(19) - 9
			a.F32s()[i], tensor.Data[float64](b)[i] = float32(v), float64(v)
		}
		return ops.Operand{Tensor: a}, ops.Operand{Tensor: b}
	}
	attrs := graph.Attrs{"strides": "2,1", "pads_begin": "1,0", "pads_end": "2,1", "dilations": "1,2"}
	x32, x64 := whole(2, 4, 6, 7)
	w32, w64 := whole(2, 3, 2, 3, 2)
	got := tensor.Data[float64](result(t, bound(t, "GroupConvolution", attrs), x64, w64))
	for i, v := range result(t, bound(t, "GroupConvolution", attrs), x32, w32).F32s() {
		if float64(v) != got[i] {
			t.Fatalf("element %d is %v in f64, %v in f32", i, got[i], v)
		}
	}
}

func TestFullyConnectedInF64(t *testing.T) {
	x := tensor.Of(tensor.F64, []float64{1, 2, 3, 4, 5, 6}, 2, 3)
	weights := tensor.Of(tensor.F64, []float64{1, 0, 1, 0, 2, 0}, 2, 3)
	bias := tensor.Of(tensor.F64, []float64{0.5, -1e-300}, 2)
	op := bound(t, "FullyConnected", graph.Attrs{"transpose_b": "true"})
	got := result(t, op, ops.Operand{Tensor: x}, ops.Operand{Tensor: weights}, ops.Operand{Tensor: bias})
	if want := []float64{4.5, 4, 10.5, 10}; !slices.Equal(tensor.Data[float64](got), want) {
		t.Errorf("got %v, want %v", tensor.Data[float64](got), want)
	}
}

// TestTypesThatDoNotFitAreErrors mixes f64, which is kept otherwise than the other floats, and integers in.
func TestTypesThatDoNotFitAreErrors(t *testing.T) {
	square, image, cube := []int{2, 2}, []int{1, 2, 3, 3}, []int{1, 2, 2}
	arg := func(d tensor.DType, shape []int) ops.Arg { return ops.Arg{Type: d, Shape: shape} }
	for _, c := range []struct {
		op string
		in []ops.Arg
	}{
		{"MatMul", []ops.Arg{arg(tensor.F32, square), arg(tensor.F64, square)}},
		{"FullyConnected", []ops.Arg{arg(tensor.F32, square), arg(tensor.F64, square)}},
		{"FullyConnected", []ops.Arg{arg(tensor.F32, square), arg(tensor.F32, square), arg(tensor.F64, []int{2})}},
		{"Convolution", []ops.Arg{arg(tensor.F32, image), arg(tensor.F32, []int{4, 2, 1, 1}), arg(tensor.F64, []int{4})}},
		{"Convolution", []ops.Arg{arg(tensor.I32, image), arg(tensor.I32, []int{4, 2, 1, 1})}},
		{"RMS", []ops.Arg{arg(tensor.F64, square), arg(tensor.F64, []int{2})}},
		{"RMS", []ops.Arg{arg(tensor.F32, square), arg(tensor.F64, []int{2})}},
		{"ScaledDotProductAttention", []ops.Arg{arg(tensor.F32, cube), arg(tensor.F32, cube), arg(tensor.F32, cube), arg(tensor.F64, square)}},
		{"ScaledDotProductAttention", []ops.Arg{arg(tensor.F32, cube), arg(tensor.F32, cube), arg(tensor.F32, cube), arg(tensor.I32, square)}},
		{"ScaledDotProductAttention", []ops.Arg{arg(tensor.F32, cube), arg(tensor.F32, cube), arg(tensor.F32, cube), arg(tensor.Bool, square),
			arg(tensor.I64, []int{})}},
	} {
		if specs, err := bound(t, c.op, graph.Attrs{"epsilon": "1e-6"}).Infer(c.in); err == nil {
			t.Errorf("%s%v is accepted: %v", c.op, c.in, specs)
		}
	}
}

// TestWindowsAreChecked gives attributes and shapes that do not fit; none may panic or allocate what they promise.
func TestWindowsAreChecked(t *testing.T) {
	for _, c := range []struct {
		name, op string
		attrs    graph.Attrs
		shapes   [][]int
	}{
		{"kernel larger than the input", "Convolution", graph.Attrs{}, [][]int{{1, 1, 3, 3}, {1, 1, 5, 5}}},
		{"stride zero", "Convolution", graph.Attrs{"strides": "0,1"}, [][]int{{1, 1, 3, 3}, {1, 1, 2, 2}}},
		{"too few strides", "Convolution", graph.Attrs{"strides": "1"}, [][]int{{1, 1, 3, 3}, {1, 1, 2, 2}}},
		{"other channels", "Convolution", graph.Attrs{}, [][]int{{1, 2, 3, 3}, {1, 1, 2, 2}}},
		{"no group", "GroupConvolution", graph.Attrs{}, [][]int{{1, 0, 3, 3}, {0, 1, 1, 2, 2}}},
		{"kernel of size 0", "Convolution", graph.Attrs{}, [][]int{{1, 1, 3, 3}, {1, 1, 0, 2}}},
		{"four dimensions", "Convolution", graph.Attrs{}, [][]int{{1, 1, 3, 3, 3, 3}, {1, 1, 2, 2, 2, 2}}},
		{"more padding than memory", "Convolution", graph.Attrs{"pads_begin": "9999999,9999999", "strides": "9999999,9999999"},
			[][]int{{1, 1, 3, 3}, {1, 1, 2, 2}}},
		{"padding that overflows", "Convolution", graph.Attrs{"pads_begin": "9223372036854775807,0"}, [][]int{{1, 1, 3, 3}, {1, 1, 2, 2}}},
		{"strides that spread more than memory", "ConvolutionBackpropData", graph.Attrs{"strides": "9999999,9999999"},
			[][]int{{1, 1, 30, 30}, {1, 1, 2, 2}}},
		{"pool without a kernel", "MaxPool", graph.Attrs{"strides": "1,1"}, [][]int{{1, 1, 3, 3}}},
		{"pool of an empty image", "MaxPool", graph.Attrs{"strides": "1,1", "kernel": "1,1"}, [][]int{{1, 1, 0, 3}}},
		{"matrices that do not fit", "MatMul", graph.Attrs{}, [][]int{{2, 3}, {4, 5}}},
		{"batches that do not fit", "MatMul", graph.Attrs{}, [][]int{{2, 2, 3}, {3, 3, 5}}},
		{"scalars", "MatMul", graph.Attrs{}, [][]int{{}, {3}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			op, err := ops.Bind(&graph.Node{Op: c.op, Opset: "opset1", Name: "n", Attrs: c.attrs, Out: make([]graph.Output, 1)})
			if err != nil {
				return
			}
			var args []ops.Arg
			for _, s := range c.shapes {
				args = append(args, ops.Arg{Type: tensor.F32, Shape: slices.Clone(s)})
			}
			if specs, err := op.Infer(args); err == nil {
				t.Errorf("%s%v is accepted: %v", c.op, c.shapes, specs)
			}
		})
	}
}
