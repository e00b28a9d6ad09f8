package passes

import (
	"math"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// add makes the sum n one of integers of one side and scaled integers of the other, both scaled behind it; after a multiplication by a constant
// it adds a constant first. Source: AddTransformation.
func (l *lowering) add(n *graph.Node) {
	if l.bias[n] || len(n.In) != 2 {
		return
	}
	d := l.operands(n)
	if !l.canCompute(n, d) || l.r.degenerate(d[0]) || l.r.degenerate(d[1]) {
		return
	}
	full := l.fullPath(n, d)
	if full < 0 {
		l.foldConstant(n, d)
		l.addConstantFirst(n)
		return
	}
	if e := d[1-full]; !e.empty() && !e.low() {
		return
	}
	l.r.separate(n)
	l.sum(n, full, l.operands(n))
}

// foldConstant makes one constant of a dequantization of constants that n reads. Source: NetworkHelper::foldDequantization.
func (l *lowering) foldConstant(n *graph.Node, d [2]dequantization) {
	r := l.r
	for i, side := range d {
		if side.empty() || !isConstant(side.data) {
			continue
		}
		p := r.asF32(side.data)
		for _, step := range []*graph.Node{side.subtract, side.multiply} {
			if step != nil {
				p = r.folded(step.Op, "opset1", numpyBroadcast, p, r.asF32(side.constantOf(step)))
			}
		}
		r.set(n, i, p)
	}
}

func (l *lowering) operands(n *graph.Node) [2]dequantization {
	return [2]dequantization{l.r.dequantization(n.In[0]), l.r.dequantization(n.In[1])}
}

// canCompute reports whether n can be transformed at all. Source: EltwiseBaseTransformation::canBeTransformed.
func (l *lowering) canCompute(n *graph.Node, d [2]dequantization) bool {
	if n.Out[0].Shape == nil || !l.movable(n) || n.Out[0].Type != tensor.F32 {
		return false
	}
	return !d[0].empty() && d[0].perChannel() || !d[1].empty() && d[1].perChannel()
}

// degenerate reports whether a scale is zero or denormal.
func (r *rewriter) degenerate(d dequantization) bool {
	if d.multiply == nil {
		return false
	}
	v, ok := r.numbers(d.scale)
	return !ok || slices.ContainsFunc(v, func(x float64) bool { return math.Abs(x) < math.SmallestNonzeroFloat32*(1<<23) })
}

// sum is add for two values, with side full in f32. With scales s and zero points z of the full and the empty side, the sum
// s (x - z) + s' (y - z') is s' (s/s' (x - z - s'z'/s) + y).
func (l *lowering) sum(n *graph.Node, full int, d [2]dequantization) {
	r := l.r
	f, e := d[full], d[1-full]
	zf, sf := r.zeroAndScale(f)
	ze, se := r.zeroAndScale(e)
	by := func(op string, a, b graph.Port) graph.Port { return r.folded(op, "opset1", numpyBroadcast, a, b) }
	zero := by("Add", zf, by("Divide", by("Multiply", ze, se), sf))
	scale := by("Divide", sf, se)
	if !r.finite(zero) || !r.finite(scale) {
		return
	}
	users := slices.Clone(r.readers(n))
	x := f.data
	if f.convert != nil {
		x = port(f.convert)
	}
	if !r.uniform(zero, 0) {
		x = port(r.relaxedArithmetic("Subtract", r.generated("Subtract"), x, zero))
	}
	x = port(r.relaxedArithmetic("Multiply", r.generated("Multiply"), x, scale))
	in := []graph.Port{x, x}
	in[1-full] = e.data
	r.setAll(n, in...)
	relaxedInF32(n, tensor.F32)
	mul := r.relaxedArithmetic("Multiply", r.generated("Multiply"), port(n), r.copied(se), n)
	r.readBy(users, port(n), port(mul))
	r.nameOfResult(mul, n)
}

// zeroAndScale are the constants of d in f32, neutral where there are none.
func (r *rewriter) zeroAndScale(d dequantization) (zero, scale graph.Port) {
	zero, scale = r.floats(0, 0), r.floats(0, 1)
	if d.subtract != nil {
		zero = r.asF32(d.zero)
	}
	if d.multiply != nil {
		scale = r.asF32(d.scale)
	}
	return zero, scale
}

// addConstantFirst writes x a + b as (x - (-b/a)) a. Source: NetworkHelper::swapMultiplyAndAdd and what follows it.
func (l *lowering) addConstantFirst(n *graph.Node) {
	r := l.r
	value, b, ok := withConstant(n)
	if !ok || value.Node.Op != "Multiply" {
		return
	}
	mul := value.Node
	x, a, ok := withConstant(mul)
	quotient, known := r.safeQuotient(b, a)
	if !ok || !known {
		return
	}
	zero := r.folded("Negative", "opset1", nil, quotient)
	if s := x.Node; s.Op == "Subtract" && isConstant(s.In[1]) && !isConstant(s.In[0]) {
		zero = r.folded("Subtract", "opset1", numpyBroadcast, r.asF32(s.In[1]), quotient)
		x = s.In[0]
	}
	sub := r.relaxedArithmetic("Subtract", n.Name, x, zero, n)
	sub.Out[0].Shape = n.Out[0].Shape
	r.inherit(n, mul, n)
	n.Name, n.Op, n.Opset, n.Attrs, n.Precise = mul.Name, "Multiply", "opset1", numpyBroadcast, false
	r.setAll(n, port(sub), r.copied(a))
	relaxedInF32(n, tensor.F32)
	r.nameOfResult(n, sub)
}

// safeQuotient is b/a, with zero for zero over zero.
func (r *rewriter) safeQuotient(b, a graph.Port) (graph.Port, bool) {
	x, known := r.numbers(b)
	y, alsoKnown := r.numbers(a)
	if !known || !alsoKnown || a.Type() != tensor.F32 {
		return graph.Port{}, false
	}
	if len(x) != 1 && len(y) != 1 && len(x) != len(y) {
		return r.folded("Divide", "opset1", numpyBroadcast, r.asF32(b), a), true
	}
	s := shape(a)
	if len(x) > len(y) {
		s = shape(b)
	}
	q := make([]float32, max(len(x), len(y)))
	for i := range q {
		n, d := float32(x[min(i, len(x)-1)]), float32(y[min(i, len(y)-1)])
		if n != 0 || d != 0 {
			q[i] = n / d
		}
	}
	return r.vector(s, q), true
}

// multiply makes the product n one of integers of one side and scaled integers of the other; two multiplications by constants become one.
// Source: MultiplyPartialTransformation.
func (l *lowering) multiply(n *graph.Node) {
	r := l.r
	d := l.operands(n)
	constant := isConstant(d[0].data) || isConstant(d[1].data)
	if (d[0].empty() || d[1].empty()) && !constant || !l.canCompute(n, d) {
		return
	}
	full := l.fullPath(n, d)
	if full < 0 {
		l.foldConstant(n, d)
		value, c, ok := withConstant(n)
		if !ok || value.Node.Op != "Multiply" {
			return
		}
		if x, before, ok := withConstant(value.Node); ok && x.Type() == tensor.F32 {
			r.setAll(n, x, r.folded("Multiply", "opset1", numpyBroadcast, r.asF32(before), r.asF32(c)))
		}
		return
	}
	if e := d[1-full]; !e.empty() && (!e.low() || e.subtract != nil) {
		return
	}
	r.separate(n)
	d = l.operands(n)
	f, e := d[full], d[1-full]
	_, sf := r.zeroAndScale(f)
	_, se := r.zeroAndScale(e)
	x := f.data
	switch {
	case f.subtract != nil:
		x = port(f.subtract)
	case f.convert != nil:
		x = port(f.convert)
	}
	in := make([]graph.Port, 2)
	in[full] = port(r.relaxedArithmetic("Multiply", r.generated("Multiply"), x, r.folded("Multiply", "opset1", numpyBroadcast, se, sf)))
	in[1-full] = e.data
	r.setAll(n, in...)
	relaxedInF32(n, tensor.F32)
}

// fullPath chooses the operand of n that is computed in f32; -1 where one is constant. Source: EltwiseBaseTransformation::getNotEmpty.
func (l *lowering) fullPath(n *graph.Node, d [2]dequantization) int {
	r := l.r
	low := [2]bool{!d[0].empty() && d[0].low(), !d[1].empty() && d[1].low()}
	switch {
	case isConstant(d[0].data) || isConstant(d[1].data):
		return -1
	case low[0] && !low[1]:
		return 1
	case low[1] && !low[0]:
		return 0
	}
	a, b := d[0].data.Node, d[1].data.Node
	fq := [2]bool{a.Op == "FakeQuantize", b.Op == "FakeQuantize"}
	if fq[0] != fq[1] {
		return boolIndex(fq[1])
	}
	if one, other := r.only(a) != nil, r.only(b) != nil; fq[0] && one != other {
		return boolIndex(other)
	}
	parents := [2]*graph.Node{l.dataParent(a), l.dataParent(b)}
	target := [2]bool{isOp(parents[0], targets...), isOp(parents[1], targets...)}
	if target[0] == target[1] {
		for i, p := range parents {
			if isBroadcast(p.Out[0].Shape) {
				return i
			}
		}
	}
	many := [2]bool{l.readByMany(a, parents[0]), l.readByMany(b, parents[1])}
	if many[0] != many[1] {
		return boolIndex(many[0])
	}
	if target[0] != target[1] {
		return boolIndex(target[1])
	}
	return 0
}

func boolIndex(b bool) int {
	if b {
		return 1
	}
	return 0
}

// targets are the operations behind which a sum is best fused.
var targets = []string{"Convolution", "GroupConvolution", "MatMul"}

// dataParent is what feeds n through FakeQuantizes and a bias.
func (l *lowering) dataParent(n *graph.Node) *graph.Node {
	for n.Op == "FakeQuantize" {
		n = n.In[0].Node
	}
	if !l.bias[n] {
		return n
	}
	for _, p := range n.In {
		if data := l.r.dequantization(p).data.Node; isOp(data, targets...) {
			return data
		}
	}
	return n
}

// readByMany reports whether several read what lies between parent and n.
func (l *lowering) readByMany(n, parent *graph.Node) bool {
	for {
		if len(n.Out) != 1 || l.r.only(n) == nil {
			return true
		}
		if n == parent || len(n.In) == 0 {
			return false
		}
		next := n.In[0].Node
		if next.Op == "Constant" && len(n.In) > 1 {
			next = n.In[1].Node
		}
		n = next
	}
}

// isBroadcast reports whether a shape is one element for each channel.
func isBroadcast(s []int) bool {
	if s == nil {
		return false
	}
	for _, d := range s[min(len(s), max(len(s)-1, 0), 2):] {
		if d != 1 {
			return false
		}
	}
	return true
}
