package passes

import (
	"slices"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// matMul makes n compute with integers, and puts zero point and scales of its operands behind it. Source: MatMulTransformation.
func (l *lowering) matMul(n *graph.Node) {
	r := l.r
	if n.In[0].Node.Op != "Multiply" || !isOp(n.In[1].Node, "Multiply", "FakeQuantize") {
		return
	}
	a := r.dequantization(n.In[0])
	if len(shape(n.In[0])) < 2 || len(shape(n.In[1])) < 2 {
		return
	}
	if a.multiply == nil || !a.low() || !r.rowsAlike(a, flag(n, "transpose_a"), 1) || a.subtract != nil && !l.isConstantPath(n.In[1].Node) {
		return
	}
	right, ok := l.rightOperand(n)
	if !ok {
		return
	}
	r.separate(n)
	a = r.dequantization(n.In[0])
	if !l.isConstantPath(n.In[1].Node) {
		b := r.dequantization(n.In[1])
		right = lowWeights{b.data, b.scale}
	}
	users := slices.Clone(r.readers(n))
	scale := r.matMulScales(n, a.scale, right.scale)
	var zero graph.Port
	if a.subtract != nil {
		zero = r.zeroProduct(n, a, right.values)
	}
	r.setAll(n, a.data, right.values)
	relaxedInF32(n, tensor.F32)
	last := port(n)
	if zero.Node != nil {
		last = port(r.relaxedArithmetic("Subtract", n.Name+"/DequantizationSubtract", last, zero, n))
	}
	mul := r.relaxedArithmetic("Multiply", n.Name+"/DequantizationMultiply", last, scale, n)
	r.readBy(users, port(n), port(mul))
	r.nameOfResult(mul, n)
}

// rowsAlike reports whether the scales of an operand are the same along the dimension that is summed: the last but back, or of a transposed
// operand the other of the two.
func (r *rewriter) rowsAlike(d dequantization, transposed bool, back int) bool {
	if r.same(d.scale) {
		return true
	}
	s, rank := shape(d.scale), len(shape(d.data))
	if transposed {
		back = 3 - back
	}
	return len(s) != rank || rank < 2 || s[rank-back] == 1
}

// rightOperand is the second operand of n as integers, with its scales.
func (l *lowering) rightOperand(n *graph.Node) (lowWeights, bool) {
	r, p := l.r, n.In[1]
	transposed := flag(n, "transpose_b")
	if p.Node.Op == "FakeQuantize" {
		if !l.isConstantPath(p.Node) || !r.quantizesTo8(p.Node) || !r.allConstant(p.Node) {
			return lowWeights{}, false
		}
		low, _ := r.numbers(p.Node.In[3])
		high, _ := r.numbers(p.Node.In[4])
		if _, zeroPoint := choose(allowI8, number(p.Node, "levels", 0), low, high); zeroPoint {
			return lowWeights{}, false
		}
		w, ok := r.integersOf(p.Node)
		return w, ok && r.rowsAlike(dequantization{data: w.values, scale: w.scale}, !transposed, 1)
	}
	d := r.dequantization(p)
	if d.multiply == nil || !d.low() || !r.rowsAlike(d, !transposed, 1) {
		return lowWeights{}, false
	}
	if d.subtract != nil && !r.uniform(r.rounded(d.zero, d.data.Type()), 0) {
		return lowWeights{}, false
	}
	return lowWeights{d.data, d.scale}, true
}

// matMulScales is the product of the scales of both operands, as the result of n lies.
func (r *rewriter) matMulScales(n *graph.Node, a, b graph.Port) graph.Port {
	a, b = r.asF32(a), r.asF32(b)
	if flag(n, "transpose_a") {
		a = r.transposedConstant(a)
	}
	if flag(n, "transpose_b") {
		b = r.transposedConstant(b)
	}
	b = r.scalarIfSame(b)
	if s, rank := shape(b), len(shape(n.In[0])); len(s) > 0 && len(s) < rank {
		b = r.reshapedConstant(b, append(ones(rank-len(s)), s...))
	}
	return r.scalarIfSame(r.folded("Multiply", "opset1", numpyBroadcast, a, b))
}

// transposedConstant swaps the last two dimensions of a constant that has two.
func (r *rewriter) transposedConstant(p graph.Port) graph.Port {
	if len(shape(p)) < 2 {
		return p
	}
	order := upTo(len(shape(p)))
	slices.Reverse(order[len(order)-2:])
	return r.folded("Transpose", "opset1", nil, p, r.ints(1, order...))
}

// zeroProduct is what the zero point of n's first operand adds to its result.
func (r *rewriter) zeroProduct(n *graph.Node, a dequantization, weights graph.Port) graph.Port {
	to := slices.Clone(shape(a.zero))
	if r.same(a.zero) {
		to = ones(len(shape(a.data)))
	}
	w := shape(weights)
	inner, last := len(w)-2, len(to)-1
	if flag(n, "transpose_b") {
		inner++
	}
	if flag(n, "transpose_a") {
		last--
	}
	to[last] = w[inner]
	row := r.folded("Broadcast", "opset1", graph.Attrs{"mode": "numpy"}, r.asF32(r.scalarIfSame(a.zero)), r.ints(1, to...))
	return r.scalarIfSame(r.folded("MatMul", "opset1", n.Attrs, row, r.asF32(weights)))
}
