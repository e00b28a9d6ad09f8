package ops_test

import (
	"slices"
	"strings"
	"testing"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/ops"
	"halfway/engine/tensor"
)

// TestMovementErrors holds messages against what a user needs to know: what was found, and what is wanted.
func TestMovementErrors(t *testing.T) {
	f32, i64 := tensor.F32, tensor.I64
	data := func(shape ...int) *tensor.Tensor { return tensor.New(f32, shape...) }
	list := func(v ...int64) *tensor.Tensor { return tensor.Of(i64, v, len(v)) }
	for _, c := range []struct {
		reason, op string
		attrs      graph.Attrs
		in         []*tensor.Tensor
		want       string
	}{
		{"an input is missing", "Transpose", nil, []*tensor.Tensor{data(2, 3)}, "has 1 inputs, want 2"},
		{"an order of another rank", "Transpose", nil, []*tensor.Tensor{data(2, 3), list(0, 1, 2)},
			"order [0 1 2] has 3 axes, but input 0 has shape [2 3]"},
		{"an axis twice", "Transpose", nil, []*tensor.Tensor{data(2, 3), list(0, 0)}, "axis 0 occurs twice in [0 0]"},
		{"a float as order", "Transpose", nil, []*tensor.Tensor{data(2, 3), data(2)}, "input 1 (order) is f32, want integers"},
		{"other elements", "Reshape", nil, []*tensor.Tensor{data(2, 3), list(4, 2)}, "shape [4 2] does not fit the input [2 3]"},
		{"two free dimensions", "Reshape", nil, []*tensor.Tensor{data(2, 3), list(-1, -1)}, "at most one -1"},
		{"a product that overflows", "Reshape", nil, []*tensor.Tensor{data(2, 3), list(1<<40, 1<<40)}, "overflows"},
		{"shapes differ beside the axis", "Concat", graph.Attrs{"axis": "1"}, []*tensor.Tensor{data(2, 3), data(3, 3)},
			"input 1 has shape [3 3], which must be [2 3]"},
		{"an axis that is not there", "Concat", graph.Attrs{"axis": "2"}, []*tensor.Tensor{data(2, 3)}, "axis 2 is out of range for rank 2"},
		{"unequal parts", "Split", graph.Attrs{"num_splits": "1"}, []*tensor.Tensor{data(2, 3), list(7)}, "axis 7"},
		{"lengths too long", "VariadicSplit", nil, []*tensor.Tensor{data(2, 3), list(1), list(4)}, "split_lengths [4] do not fit dimension 3"},
		{"a step of zero", "Slice", nil, []*tensor.Tensor{data(4), list(0), list(4), list(0)}, "step of axis 0 is zero"},
		{"bounds of other lengths", "Slice", nil, []*tensor.Tensor{data(4), list(0), list(4, 5), list(1)}, "differ in length"},
		{"an index to shrink outside", "StridedSlice", graph.Attrs{"shrink_axis_mask": "1"}, []*tensor.Tensor{data(4), list(4), list(5)},
			"begin 4 is outside dimension 0 of [4]"},
		{"batches differ", "Gather", graph.Attrs{"batch_dims": "1"}, []*tensor.Tensor{data(2, 3), tensor.New(i64, 3, 1), list(1)},
			"differ in their 1 batch dimensions"},
		{"an index outside", "GatherElements", graph.Attrs{"axis": "0"}, []*tensor.Tensor{data(2), list(2)},
			"index 2 (element 0) is outside an axis of size 2"},
		{"a tuple outside", "GatherND", nil, []*tensor.Tensor{data(2), list(-3)}, "index 0 of tuple 0 is -3, outside an axis of size 2"},
		{"updates of another shape", "ScatterUpdate", nil, []*tensor.Tensor{data(4, 2), list(1), data(2, 2), list(0)},
			"updates have shape [2 2], want [1 2]"},
		{"an index outside", "ScatterUpdate", nil, []*tensor.Tensor{data(4), list(-1), data(1), list(0)},
			"index -1 (element 0) is outside axis 0 of [4]"},
		{"a reflection longer than the axis", "Pad", graph.Attrs{"pad_mode": "reflect"}, []*tensor.Tensor{data(3), list(3), list(0)},
			"reflect pads of 3 and 0, want at most 2"},
		{"more cropped than there is", "Pad", graph.Attrs{"pad_mode": "edge"}, []*tensor.Tensor{data(3), list(-2), list(-2)},
			"crop more than there is"},
		{"a shape that does not broadcast", "Broadcast", nil, []*tensor.Tensor{data(3), list(2)}, "input [3] cannot be broadcast to [2]"},
		{"negative repeats", "Tile", nil, []*tensor.Tensor{data(3), list(-1)}, "repeats [-1] has a negative number"},
		{"repeats without bounds", "Tile", nil, []*tensor.Tensor{data(3), list(1 << 60)}, "more than the limit"},
		{"a range without end", "Range", nil, []*tensor.Tensor{list(0), list(1 << 50), list(1)}, "is no range"},
		{"more than there are", "TopK", graph.Attrs{"axis": "0", "mode": "max", "sort": "value"}, []*tensor.Tensor{data(3), list(4)},
			"k is 4, but axis 0 of [3] has 3 elements"},
		{"an embedding outside", "EmbeddingBagPackedSum", nil, []*tensor.Tensor{data(3, 2), tensor.Of(i64, []int64{3}, 1, 1)},
			"outside a table of 3 rows"},
		{"labels of two sizes", "Einsum", graph.Attrs{"equation": "ij,jk"}, []*tensor.Tensor{data(2, 3), data(2, 3)},
			"axis 0 has size 2, elsewhere 3"},
		{"an equation that is none", "Einsum", graph.Attrs{"equation": "i1->i"}, []*tensor.Tensor{data(2)}, "want letters and at most one ellipsis"},
		{"no seed", "RandomUniform", graph.Attrs{"output_type": "f32"}, nil, "without a seed every inference differs"},
		{"a mode that is none", "Pad", graph.Attrs{"pad_mode": "mirror"}, nil, "one of constant, edge, reflect, symmetric"},
	} {
		t.Run(c.op+"/"+c.reason, func(t *testing.T) {
			if err := evaluateErr(c.op, c.attrs, c.in); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
}

func evaluateErr(name string, attrs graph.Attrs, in []*tensor.Tensor) error {
	op, err := ops.Bind(&graph.Node{Op: name, Opset: "opset8", Attrs: attrs, Out: make([]graph.Output, 1)})
	if err != nil {
		return err
	}
	var args []ops.Arg
	var operands []ops.Operand
	for _, v := range in {
		args = append(args, ops.Arg{Type: v.Type, Shape: v.Shape, Value: v})
		operands = append(operands, ops.Operand{Tensor: v})
	}
	specs, err := op.Infer(args)
	if err != nil {
		return err
	}
	var out []*tensor.Tensor
	for _, s := range specs {
		out = append(out, tensor.New(s.Type, s.Shape...))
	}
	w := kernel.NewWorkers(1)
	defer w.Close()
	return op.Eval(w, operands, out)
}

// BenchmarkMovement compares movements of 16 MiB with a plain copy, in bytes written a second.
func BenchmarkMovement(b *testing.B) {
	for _, c := range []struct {
		name, op string
		attrs    graph.Attrs
		shape    []int
		rest     [][]int64
	}{
		{"copy", "Pad", graph.Attrs{"pad_mode": "constant"}, []int{4 << 20}, [][]int64{{0}, {0}}},
		{"transpose/1,0", "Transpose", nil, []int{2048, 2048}, [][]int64{{1, 0}}},
		{"transpose/0,2,1,3", "Transpose", nil, []int{4, 256, 64, 64}, [][]int64{{0, 2, 1, 3}}},
		{"transpose/0,2,3,1", "Transpose", nil, []int{1, 64, 256, 256}, [][]int64{{0, 2, 3, 1}}},
		{"transpose/0,3,1,2", "Transpose", nil, []int{1, 256, 256, 64}, [][]int64{{0, 3, 1, 2}}},
		{"transpose/0,2,3,1 of 3 channels", "Transpose", nil, []int{1, 3, 1024, 1365}, [][]int64{{0, 2, 3, 1}}},
		{"slice/every second column", "Slice", nil, []int{2048, 4096}, [][]int64{{0}, {4096}, {2}, {1}}},
		{"slice/rows", "Slice", nil, []int{4096, 2048}, [][]int64{{1024}, {3072}, {1}, {0}}},
		{"tile/rows", "Tile", nil, []int{64, 2048}, [][]int64{{32, 1}}},
		{"broadcast/a column", "Broadcast", nil, []int{2048, 1}, [][]int64{{2048, 2048}}},
		{"pad/borders of 1", "Pad", graph.Attrs{"pad_mode": "reflect"}, []int{64, 256, 254}, [][]int64{{0, 1, 1}, {0, 1, 1}}},
		{"depth to space", "DepthToSpace", graph.Attrs{"mode": "depth_first", "block_size": "2"}, []int{1, 64, 256, 256}, nil},
		{"gather/rows", "Gather", nil, []int{8192, 512}, [][]int64{slices.Repeat([]int64{5, 8000, 77, 4001}, 2048), {0}}},
		{"gather/elements", "Gather", nil, []int{2048, 2048}, [][]int64{slices.Repeat([]int64{5, 2000, 77, 1001}, 512), {1}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			in := []ops.Operand{{Tensor: tensor.New(tensor.F32, c.shape...)}}
			for _, v := range c.rest {
				in = append(in, ops.Operand{Tensor: tensor.Of(tensor.I64, v, len(v))})
			}
			op, out := bind(b, c.op, c.attrs, in)
			w := kernel.NewWorkers(1)
			defer w.Close()
			b.SetBytes(out[0].Bytes())
			for b.Loop() {
				if err := op.Eval(w, in, out); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func bind(t testing.TB, name string, attrs graph.Attrs, in []ops.Operand) (ops.Op, []*tensor.Tensor) {
	op, err := ops.Bind(&graph.Node{Op: name, Opset: "opset8", Attrs: attrs, Out: make([]graph.Output, 1)})
	if err != nil {
		t.Fatal(err)
	}
	var args []ops.Arg
	for _, o := range in {
		args = append(args, ops.Arg{Type: o.Type, Shape: o.Shape, Value: o.Tensor})
	}
	specs, err := op.Infer(args)
	if err != nil {
		t.Fatal(err)
	}
	var out []*tensor.Tensor
	for _, s := range specs {
		out = append(out, tensor.New(s.Type, s.Shape...))
	}
	return op, out
}
