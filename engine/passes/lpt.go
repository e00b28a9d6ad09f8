package passes

import (
	"slices"

	"halfway/engine/graph"
)

// lowPrecision turns a quantized model to 8-bit arithmetic, as the plugin does: a FakeQuantize of activations gives integers, and what makes
// numbers of them again, a zero point subtracted and a scale multiplied (dequantization), is moved down through the operations that can
// compute in integers. What it has no rule for keeps its FakeQuantize or its dequantization and computes in f32. Source: LowPrecision and the
// precisions that the CPU plugin allows it on a CPU without AMX.
func lowPrecision(r *rewriter) {
	if !quantized(r) {
		return
	}
	r.each(r.quantizeParts)
	l := &lowering{r: r, constant: constantPath(r.Graph), bias: map[*graph.Node]bool{}}
	l.markBiases()
	l.markPrecisions()
	r.each(l.transform)
	r.each(l.cleanUp)
	r.each(func(n *graph.Node) {
		if n.Op == "FakeQuantize" && r.allConstant(n) || n.Op != "ShapeOf" && r.foldable(n) && !notEvaluated[n.Op] && len(n.Out) == 1 {
			if c := r.fold(n); c != nil {
				r.redirect(port(n), port(c[0]))
			}
		}
	})
	for _, n := range r.Nodes {
		r.unfold[n.ID] = r.unfold[n.ID] && !r.dequantizesWeights(n)
	}
}

// A lowering is the state of lowPrecision.
type lowering struct {
	r          *rewriter
	constant   []bool // by node id, of the nodes at the start: depends on constants alone
	bias       map[*graph.Node]bool
	precisions *precisionGroups
}

// quantizedLevels are the numbers of levels that count as quantization to 8 bits or less.
var quantizedLevels = []int{15, 16, 255, 256}

// quantized reports whether a FakeQuantize of at most 8 bits with constant ranges is in the graph.
func quantized(r *rewriter) bool {
	return slices.ContainsFunc(r.Nodes, func(n *graph.Node) bool { return !r.dead[n.ID] && r.quantizesTo8(n) })
}

// quantizesTo8 reports whether n is a FakeQuantize with constant ranges and levels that fit into 8 bits.
func (r *rewriter) quantizesTo8(n *graph.Node) bool {
	return n.Op == "FakeQuantize" && slices.Contains(quantizedLevels, number(n, "levels", 0)) && r.constantRanges(n)
}

// keepQuantizedWeights leaves what makes floats of 8-bit weights and zero points, in a quantized model, so that lowPrecision finds it.
// Source: MarkDequantization.
func keepQuantizedWeights(r *rewriter) {
	if !quantized(r) {
		keepIntegerWeights(r)
		return
	}
	for _, n := range r.Nodes {
		if !r.dead[n.ID] && (r.dequantizesWeights(n) || r.widensZeroPoint(n)) {
			r.unfold[n.ID] = true
		}
	}
}

// widensZeroPoint reports whether n is the Convert of an 8-bit zero point that 8-bit values are freed of.
func (r *rewriter) widensZeroPoint(n *graph.Node) bool {
	if n.Op != "Convert" || !isConstant(n.In[0]) || !isByte(n.In[0].Type()) {
		return false
	}
	return slices.ContainsFunc(r.readers(n), func(u use) bool {
		value := u.node.In[0].Node
		return u.node.Op == "Subtract" && u.in == 1 && value.Op == "Convert" && isByte(value.In[0].Type())
	})
}

// dequantizesWeights reports whether n is the Convert of an 8-bit constant that is then scaled.
func (r *rewriter) dequantizesWeights(n *graph.Node) bool {
	if n.Op != "Convert" || !isConstant(n.In[0]) || n.In[0].Type().Bits() != 8 || !n.In[0].Type().IsInteger() {
		return false
	}
	next := r.only(n)
	if next != nil && next.Op == "Subtract" {
		next = r.only(next)
	}
	return next != nil && next.Op == "Multiply"
}

func (l *lowering) isConstantPath(n *graph.Node) bool {
	return n.Op == "Constant" || n.ID < len(l.constant) && l.constant[n.ID]
}

// markBiases finds the additions of one constant a channel to what an operation with weights gives. Source: MarkupBias.
func (l *lowering) markBiases() {
	for _, n := range l.r.Nodes {
		if l.r.dead[n.ID] || n.Op != "Add" {
			continue
		}
		value, c, ok := withConstant(n)
		if !ok || !isOp(value.Node, weighted...) {
			continue
		}
		s, axis := shape(c), 1
		if value.Node.Op == "MatMul" {
			axis = len(s) - 1
		}
		l.bias[n] = elements(s) == 1 || axis >= 0 && axis < len(s) && s[axis] == elements(s)
	}
}

// transform applies to n the rule of its operation.
func (l *lowering) transform(n *graph.Node) {
	if l.isConstantPath(n) || n.Out == nil {
		return
	}
	switch n.Op {
	case "FakeQuantize":
		l.fakeQuantize(n)
	case "Convolution", "GroupConvolution", "ConvolutionBackpropData":
		l.convolution(n)
	case "MatMul":
		l.matMul(n)
	case "Add":
		l.add(n)
	case "Multiply":
		l.multiply(n)
	case "Concat":
		l.concat(n)
	default:
		if rule := movedThrough[n.Op]; rule != nil {
			l.moveThrough(n, rule)
		}
	}
}
