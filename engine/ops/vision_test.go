package ops_test

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/ops"
	"halfway/engine/tensor"
)

// evaluate binds n to the given inputs and evaluates it.
func evaluate(t *testing.T, n *graph.Node, in ...*tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	var args []ops.Arg
	var operands []ops.Operand
	for _, v := range in {
		args = append(args, ops.Arg{Type: v.Type, Shape: v.Shape, Value: v})
		operands = append(operands, ops.Operand{Tensor: v, Round: tensor.F32})
	}
	op, err := ops.Bind(n)
	if err != nil {
		t.Fatal(err)
	}
	specs, err := op.Infer(args)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]*tensor.Tensor, len(specs))
	for o, s := range specs {
		if s.Shape != nil {
			out[o] = tensor.New(s.Type, s.Shape...)
		}
	}
	if err := op.Eval(kernel.NewWorkers(1), operands, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestCausalMask has the values of the Python code that the plugin's node stands for: row q of the mask attends to keys up to q, without those
// that the attention mask excludes; keys behind the end of that mask are not excluded.
func TestCausalMask(t *testing.T) {
	const low = -math.MaxFloat32
	got := evaluate(t, &graph.Node{Op: "CausalMaskPreprocess"},
		tensor.Of(tensor.I64, []int64{1, 0, 1, 1, 1, 1}, 2, 3), tensor.Of(tensor.I32, []int32{2}, 1),
		tensor.Of(tensor.I32, []int32{0, 2, 3}, 3), tensor.Of(tensor.I32, []int32{4}, 1))
	want := tensor.Of(tensor.F32, []float32{
		0, low, low, low, 0, low, 0, low, 0, low, 0, 0,
		0, low, low, low, 0, 0, 0, low, 0, 0, 0, 0,
	}, 2, 1, 3, 4)
	if !tensor.Equal(got[0], want) {
		t.Errorf("got %v\nwant %v", got[0].Any(), want.Any())
	}
}

// TestAttentionScalesUpdateGate checks AUGRUCell, which no model can be made of for the plugin, by what its definition says: without attention
// it is a GRUCell, and the state is a linear function of the attention.
func TestAttentionScalesUpdateGate(t *testing.T) {
	const batch, size, hidden = 3, 2, 4
	values := func(shape ...int) *tensor.Tensor {
		v := tensor.New(tensor.F32, shape...)
		for i := range v.F32s() {
			v.F32s()[i] = float32(math.Sin(float64(7*i + len(shape))))
		}
		return v
	}
	in := []*tensor.Tensor{values(batch, size), values(batch, hidden), values(3*hidden, size), values(3*hidden, hidden), values(3 * hidden)}
	attrs := graph.Attrs{"hidden_size": "4"}
	augru := func(attention float32) []float32 {
		a := tensor.Of(tensor.F32, []float32{attention, attention, attention}, batch, 1)
		return evaluate(t, &graph.Node{Op: "AUGRUCell", Attrs: attrs}, append(in[:5:5], a)...)[0].F32s()
	}
	gru := evaluate(t, &graph.Node{Op: "GRUCell", Attrs: attrs}, in...)[0].F32s()
	none, quarter, whole := augru(0), augru(0.25), augru(1)
	for i, v := range gru {
		if none[i] != v {
			t.Errorf("element %d without attention is %v, the GRU's is %v", i, none[i], v)
		}
		if want := 0.75*none[i] + 0.25*whole[i]; math.Abs(float64(quarter[i]-want)) > 1e-6 {
			t.Errorf("element %d is %v with a quarter of the attention, want %v", i, quarter[i], want)
		}
	}
}

// TestNoBoxesWanted: a limit of 0 boxes a class, which is also the default, chooses none; a negative one is no limit.
func TestNoBoxesWanted(t *testing.T) {
	boxes := tensor.Of(tensor.F32, []float32{0, 0, 1, 1, 5, 5, 6, 6}, 1, 2, 4)
	scores := tensor.Of(tensor.F32, []float32{0.5, 0.25}, 1, 1, 2)
	for most, want := range map[int64]int{0: 0, 1: 1, -1: 2} {
		got := evaluate(t, &graph.Node{Op: "NonMaxSuppression", Opset: "opset9"}, boxes, scores,
			tensor.Of(tensor.I64, []int64{most}), tensor.Of(tensor.F32, []float32{0.5}))
		if got[0].Shape[0] != want || tensor.Data[int64](got[2])[0] != int64(want) {
			t.Errorf("limit %d: %d boxes, counted as %v, want %d", most, got[0].Shape[0], got[2].Any(), want)
		}
	}
	if got := evaluate(t, &graph.Node{Op: "NonMaxSuppression", Opset: "opset9"}, boxes, scores); got[0].Shape[0] != 0 {
		t.Errorf("no limit given: %d boxes, want none", got[0].Shape[0])
	}
}

// TestVisionInF64 gives every node of testdata/vision its float inputs as f64: the results must be those of f32, which are compared with
// OpenVINO's, but for f32's rounding. The plugin itself computes f64 in f32.
func TestVisionInF64(t *testing.T) {
	models, err := filepath.Glob("testdata/vision/*.xml")
	if err != nil || len(models) == 0 {
		t.Fatalf("no models in testdata/vision: %v", err)
	}
	for _, path := range models {
		g, e, _ := load(t, path)
		for _, r := range g.Results {
			n, o := r.In[0].Node, r.In[0].Out
			t.Run(n.Name, func(t *testing.T) {
				want, err := e.evaluate(n)
				if err != nil {
					t.Fatal(err)
				}
				compareF64(t, evaluate(t, n, widened(t, e, n)...)[o], want[o])
			})
		}
	}
}

// widened are the inputs of n with f64 for f32.
func widened(t *testing.T, e *evaluator, n *graph.Node) []*tensor.Tensor {
	var in []*tensor.Tensor
	for _, a := range argsOf(t, e, n) {
		v := a.Value
		if v.Type == tensor.F32 {
			var err error
			if v, err = tensor.ConvertExact(v, tensor.F64); err != nil {
				t.Fatal(err)
			}
		}
		in = append(in, v)
	}
	return in
}

func compareF64(t *testing.T, got, want *tensor.Tensor) {
	t.Helper()
	if got.Type != tensor.F64 {
		compare(t, got, want, 0)
		return
	}
	narrow := tensor.New(tensor.F32, got.Shape...)
	for i, v := range tensor.Data[float64](got) {
		narrow.F32s()[i] = float32(v)
	}
	compare(t, narrow, want, 1e-5)
}

// TestStaticSuppression: the forms with outputs of fixed size, which the plugin's graph has where what follows needs that, hold the rows of the
// others and -1 behind them; MulticlassNms and MatrixNms behind those of each image.
func TestStaticSuppression(t *testing.T) {
	boxes := tensor.Of(tensor.F32, []float32{0, 0, 1, 1, 0, 0, 1, 2, 5, 5, 6, 6, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1}, 2, 3, 4)
	scores := tensor.Of(tensor.F32, []float32{0.5, 0.25, 0.125, 0.5, 0.25, 0.75}, 2, 1, 3)
	limits := []*tensor.Tensor{tensor.Of(tensor.I64, []int64{2}), tensor.Of(tensor.F32, []float32{0.5}), tensor.Of(tensor.F32, []float32{0})}
	for _, c := range []struct {
		op     string
		attrs  graph.Attrs
		more   []*tensor.Tensor
		images []int // rows of each image; one entry where they are not apart
		rows   int   // places for each entry
	}{
		{"NonMaxSuppression", graph.Attrs{}, limits, []int{3}, 4},
		{"MulticlassNms", graph.Attrs{"iou_threshold": "0.5"}, nil, []int{2, 1}, 3},
		{"MatrixNms", graph.Attrs{"post_threshold": "0.2"}, nil, []int{1, 1}, 3},
	} {
		numbers := func(v *tensor.Tensor) []float64 {
			v, err := tensor.ConvertExact(v, tensor.F64)
			if err != nil {
				t.Fatal(err)
			}
			return tensor.Data[float64](v)
		}
		in := append([]*tensor.Tensor{boxes, scores}, c.more...)
		dynamic := evaluate(t, &graph.Node{Op: c.op, Opset: "opset9", Attrs: c.attrs}, in...)
		static := evaluate(t, &graph.Node{Op: c.op + "IEInternal", Opset: "ie_internal_opset", Attrs: c.attrs}, in...)
		for o := range 2 {
			var want []float64
			rest := numbers(dynamic[o])
			width := len(rest) / dynamic[o].Shape[0]
			for _, n := range c.images {
				want = append(want, rest[:n*width]...)
				want = append(want, slices.Repeat([]float64{-1}, (c.rows-n)*width)...)
				rest = rest[n*width:]
			}
			if got := numbers(static[o]); !slices.Equal(got, want) {
				t.Errorf("%s, output %d: %v, want %v", c.op, o, got, want)
			}
		}
	}
}

// TestVisionMessages: what is refused says what was found and what was expected.
func TestVisionMessages(t *testing.T) {
	arg := func(t tensor.DType, shape ...int) ops.Arg { return ops.Arg{Type: t, Shape: shape} }
	for _, c := range []struct {
		name  string
		op    string
		attrs graph.Attrs
		in    []ops.Arg
		want  string
	}{
		{"number of inputs", "GridSample", nil, []ops.Arg{arg(tensor.F32, 1, 1, 2, 2)}, "has 1 inputs, want 2"},
		{"rank", "GridSample", nil, []ops.Arg{arg(tensor.F32, 1, 1, 2), arg(tensor.F32, 1, 1, 2, 2)}, "input 0 has shape [1 1 2], want rank [4 5]"},
		{"dimension", "ReorgYolo", graph.Attrs{"stride": "2"}, []ops.Arg{arg(tensor.F32, 1, 4, 3, 2)}, "input 0 has shape [1 4 3 2], want channels"},
		{"type", "NV12toRGB", nil, []ops.Arg{arg(tensor.I32, 1, 3, 2, 1)}, "input 0 is i32, want u8 or a float type"},
		{"shapes together", "NonMaxSuppression", nil, []ops.Arg{arg(tensor.F32, 1, 5, 4), arg(tensor.F32, 1, 2, 6)}, "[1 5 4] and scores [1 2 6]"},
		{"weights of another size", "GRUCell", graph.Attrs{"hidden_size": "2"},
			[]ops.Arg{arg(tensor.F32, 1, 3), arg(tensor.F32, 1, 2), arg(tensor.F32, 4, 3), arg(tensor.F32, 6, 2), arg(tensor.F32, 6)},
			"input 2 has shape [4 3], want [6 3]"},
		{"missing attribute", "LSTMCell", nil, nil, "attribute hidden_size is missing"},
		{"value of an attribute", "GridSample", graph.Attrs{"mode": "area"}, nil, `attribute mode="area": want one of bilinear, bicubic, nearest`},
		{"attributes that contradict", "PriorBox", graph.Attrs{"offset": "0.5", "min_size": "8", "max_size": "9,10", "scale_all_sizes": "false"}, nil,
			"2 boxes a cell, but"},
	} {
		t.Run(c.name, func(t *testing.T) {
			op, err := ops.Bind(&graph.Node{Name: "n", Op: c.op, Opset: "opset9", Attrs: c.attrs})
			if err == nil {
				_, err = op.Infer(c.in)
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}
