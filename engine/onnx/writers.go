package onnx

import (
	"slices"

	"halfway/engine/graph"
)

// sameOperator writes what ONNX has under another name.
func sameOperator(operator string) writer {
	return func(w *cellWriter, _ *graph.Node, in []string) (string, bool) {
		return w.op(operator, in), !slices.Contains(in, "")
	}
}

// convolution writes a convolution or its transpose, whose weights are constant; groups are the weights' first axis.
func convolution(operator string) writer {
	return func(w *cellWriter, n *graph.Node, in []string) (string, bool) {
		if len(in) != 2 || n.In[1].Node.Op != "Constant" {
			return "", false
		}
		d := n.Attrs.Decode()
		if d.Enum("auto_pad", "explicit", "explicit", "valid", "same_upper", "same_lower", "notset") != "explicit" {
			return "", false
		}
		var attrs []attribute
		add := func(name string, list []int) {
			if len(list) > 0 {
				attrs = append(attrs, attribute{name, list})
			}
		}
		add("strides", d.Ints("strides"))
		add("dilations", d.Ints("dilations"))
		add("pads", append(d.Ints("pads_begin"), d.Ints("pads_end")...))
		add("output_padding", d.Ints("output_padding"))
		if n.Op == "GroupConvolution" || n.Op == "GroupConvolutionBackpropData" {
			attrs = append(attrs, attribute{"group", int64(n.In[1].Node.Value.Shape[0])})
		}
		return w.op(operator, in, attrs...), d.Err() == nil
	}
}

func matMul(w *cellWriter, n *graph.Node, in []string) (string, bool) {
	d := n.Attrs.Decode()
	ok := true
	for i, name := range []string{"transpose_a", "transpose_b"} {
		if d.Bool(name, false) {
			ok = ok && w.swap(n, i, in)
		}
	}
	return w.op("MatMul", in), ok && d.Err() == nil
}

// swap exchanges the last two axes of operand i of n.
func (w *cellWriter) swap(n *graph.Node, i int, in []string) bool {
	rank := len(n.In[i].Node.Out[n.In[i].Out].Shape)
	if rank < 2 {
		return false
	}
	perm := make([]int, rank)
	for a := range perm {
		perm[a] = a
	}
	perm[rank-2], perm[rank-1] = rank-1, rank-2
	in[i] = w.op("Transpose", []string{in[i]}, attribute{"perm", perm})
	return true
}

func fullyConnected(w *cellWriter, n *graph.Node, in []string) (string, bool) {
	d := n.Attrs.Decode()
	if d.Bool("transpose_b", true) && !w.swap(n, 1, in) {
		return "", false
	}
	product := w.op("MatMul", in[:2])
	if len(in) > 2 {
		product = w.op("Add", []string{product, in[2]})
	}
	return product, d.Err() == nil
}

// powerStatic: (scale x + shift) ^ power.
func powerStatic(w *cellWriter, n *graph.Node, in []string) (string, bool) {
	d := n.Attrs.Decode()
	x := in[0]
	if scale := d.Float("scale", 1); scale != 1 {
		x = w.op("Mul", []string{x, w.number(scale)})
	}
	if shift := d.Float("shift", 0); shift != 0 {
		x = w.op("Add", []string{x, w.number(shift)})
	}
	if power := d.Float("power", 1); power != 1 {
		x = w.op("Pow", []string{x, w.number(power)})
	}
	return w.op("Identity", []string{x}), d.Err() == nil
}

func slopedRelu(w *cellWriter, n *graph.Node, in []string) (string, bool) {
	d := n.Attrs.Decode()
	slope := d.Float("negative_slope", 0)
	return w.op("LeakyRelu", in, attribute{"alpha", float32(slope)}), d.Err() == nil && d.Has("negative_slope")
}

// hardSwish: x min(max(x + 3, 0), 6) / 6.
func hardSwish(w *cellWriter, _ *graph.Node, in []string) (string, bool) {
	inner := w.clamp(w.op("Add", []string{in[0], w.number(3)}), 0, 6)
	return w.op("Mul", []string{in[0], w.op("Mul", []string{inner, w.number(1.0 / 6)})}), true
}

func clampTo(w *cellWriter, n *graph.Node, in []string) (string, bool) {
	d := n.Attrs.Decode()
	low, high := d.Float("min", 0), d.Float("max", 0)
	return w.clamp(in[0], low, high), d.Err() == nil
}

func (w *cellWriter) clamp(x string, low, high float64) string {
	if w.proto.opset("") < 11 {
		return w.op("Clip", []string{x}, attribute{"min", float32(low)}, attribute{"max", float32(high)})
	}
	return w.op("Clip", []string{x, w.number(low), w.number(high)})
}

// softmaxLast writes a Softmax along the last axis, which opsets below 13 mean alike.
func softmaxLast(w *cellWriter, n *graph.Node, in []string) (string, bool) {
	d := n.Attrs.Decode()
	axis, rank := d.Int("axis", 1), len(n.Out[0].Shape)
	if axis < 0 {
		axis += rank
	}
	return w.op("Softmax", in, attribute{"axis", int64(axis)}), d.Err() == nil && axis == rank-1
}

func transposition(w *cellWriter, n *graph.Node, in []string) (string, bool) {
	perm, ok := constantInts(n.In[1])
	if len(perm) == 0 {
		return w.op("Transpose", in[:1]), ok
	}
	return w.op("Transpose", in[:1], attribute{"perm", perm}), ok
}

// reshaping writes what only changes the shape, to one that is known.
func reshaping(w *cellWriter, n *graph.Node, in []string) (string, bool) {
	shape, ok := static(graph.Port{Node: n})
	return w.reshape(in[0], shape), ok && !slices.Contains(shape, 0)
}

func concatenation(w *cellWriter, n *graph.Node, in []string) (string, bool) {
	d := n.Attrs.Decode()
	axis, rank := d.Int("axis", 0), len(n.Out[0].Shape)
	if axis < 0 {
		axis += rank
	}
	return w.op("Concat", in, attribute{"axis", int64(axis)}), d.Err() == nil && axis >= 0
}

// extreme writes what broadcasts its operands from opset 8 on.
func extreme(operator string) writer {
	return func(w *cellWriter, n *graph.Node, in []string) (string, bool) {
		same, known := w.proto.opset("") >= 8, true
		if !same {
			a, okA := static(n.In[0])
			b, okB := static(n.In[1])
			same, known = slices.Equal(a, b), okA && okB
		}
		return w.op(operator, in), same && known && !slices.Contains(in, "")
	}
}

// expansion writes a Broadcast as numpy does it, to a shape that is known.
func expansion(w *cellWriter, n *graph.Node, in []string) (string, bool) {
	d := n.Attrs.Decode()
	mode := d.Enum("mode", "numpy", "numpy", "bidirectional", "explicit", "pdpd")
	shape, ok := static(graph.Port{Node: n})
	ok = ok && d.Err() == nil && w.proto.opset("") >= 8 && (mode == "numpy" || mode == "bidirectional")
	return w.op("Expand", []string{in[0], w.shape(shape)}), ok
}
