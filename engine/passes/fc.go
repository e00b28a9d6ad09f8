package passes

import (
	"slices"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// fullyConnected makes a FullyConnected of every MatMul with constant weights: its weights have one row per output channel, its third input is
// the bias. Weights of three dimensions may hold several matrices, one for each part of the batch. Operands that are transposed otherwise get a
// Transpose `<name>/transpose_a` or `<name>/transpose_b`. Sources: ConvertMatMulToFC, FullyConnectedBiasFusion of the CPU plugin; which weights
// the release takes is measured.
func fullyConnected(r *rewriter) {
	constant := constantPath(r.Graph)
	r.each(func(n *graph.Node) {
		if n.Op != "MatMul" || len(n.In) != 2 || !constant[n.In[1].Node.ID] || constant[n.In[0].Node.ID] || !n.Out[0].Type.IsFloat() || isByte(n.In[1].Type()) && !isConstant(n.In[1]) {
			return
		}
		a, b := shape(n.In[0]), shape(n.In[1])
		if matrices := len(a) > 1 && len(a) <= 3 && len(b) == 3; !matrices && !fitsFullyConnected(a, b) {
			return
		}
		x, w := n.In[0], n.In[1]
		if flag(n, "transpose_a") {
			x = r.swapped(n, "/transpose_a", x)
		}
		if !flag(n, "transpose_b") {
			w = r.swapped(n, "/transpose_b", w)
		}
		n.Op, n.Opset, n.Attrs = "FullyConnected", "ie_internal_opset", graph.Attrs{"transpose_b": "true", "output_type": n.Out[0].Type.String()}
		r.setAll(n, x, w)
		if isByte(x.Type()) {
			relaxedInF32(n, tensor.F32)
		}
	})
}

// swapped swaps the last two dimensions of an operand of n.
func (r *rewriter) swapped(n *graph.Node, suffix string, p graph.Port) graph.Port {
	order := upTo(len(shape(p)))
	slices.Reverse(order[len(order)-2:])
	steps := &chain{r: r, from: n}
	t := r.make("Transpose", "opset1", nil, p, steps.note(r.ints(1, order...)))
	t.Name = n.Name + suffix
	r.unfold[t.ID] = true // the plugin transposes weights when it compiles
	return steps.note(port(t))
}

// fuseBias makes the constant that alone is added to a FullyConnected its bias; the node takes the Add's name.
func fuseBias(r *rewriter) {
	r.each(func(add *graph.Node) {
		if add.Op != "Add" || len(add.In) != 2 {
			return
		}
		for side := range 2 {
			fc, bias := add.In[side].Node, add.In[1-side]
			if fc.Op != "FullyConnected" || len(fc.In) != 2 || r.only(fc) == nil || !isConstant(bias) {
				continue
			}
			if s := shape(bias); !isBias(s, channels(fc)) || len(s) > len(fc.Out[0].Shape) {
				continue
			}
			r.inherit(add, fc, add)
			add.Op, add.Opset, add.Attrs, add.Precise = fc.Op, fc.Opset, fc.Attrs, false
			r.setAll(add, fc.In[0], fc.In[1], bias)
			return
		}
	})
}

// quantizedFullyConnected joins a FullyConnected of 8-bit values with the constant that scales its result; the node takes the Multiply's name.
// Source: ConvertFCToFCQuantizedLegacy.
func quantizedFullyConnected(r *rewriter) {
	r.each(func(mul *graph.Node) {
		if mul.Op != "Multiply" {
			return
		}
		value, scale, ok := withConstant(mul)
		fc := value.Node
		if !ok || fc.Op != "FullyConnected" || r.only(fc) == nil || !isByte(fc.In[0].Type()) || fc.In[1].Type() != tensor.I8 {
			return
		}
		if s := shape(scale); elements(s) != 1 && (elements(s) != channels(fc) || s[len(s)-1] != channels(fc)) {
			return
		}
		none := func() graph.Port { return r.vector([]int{0}, nil) }
		bias := none()
		if len(fc.In) > 2 {
			bias = fc.In[2]
		}
		r.inherit(mul, mul, fc)
		mul.Op, mul.Opset, mul.Attrs = "FullyConnectedQuantizedLegacy", "ie_internal_opset", graph.Attrs{"output_type": "f32"}
		r.setAll(mul, fc.In[0], fc.In[1], bias, scale, none())
	})
}
