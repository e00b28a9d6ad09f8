package passes

import (
	"slices"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// fakeQuantizeFusions takes arithmetic by constants before and behind a FakeQuantize into its ranges, and drops a Relu before one that cuts
// negative numbers off itself. Source: FakeQuantizeFusions of CommonOptimizations, with the CPU plugin's callbacks.
func fakeQuantizeFusions(r *rewriter) {
	r.each(func(n *graph.Node) {
		if n.Op == "Multiply" {
			r.scaleQuantized(n)
			return
		}
		for n.Op == "FakeQuantize" && (r.dropRelu(n) || r.intoInputRange(n)) {
		}
	})
}

// scaleQuantized makes mul, which multiplies what a FakeQuantize gives by a constant, a FakeQuantize itself. Source: FakeQuantizeMulFusion.
func (r *rewriter) scaleQuantized(mul *graph.Node) {
	value, c, ok := withConstant(mul)
	fq := value.Node
	if !ok || fq.Op != "FakeQuantize" || r.only(fq) == nil || r.only(mul) == nil || !slices.Equal(fq.Out[0].Shape, mul.Out[0].Shape) {
		return
	}
	single, ok := r.rangeOperand(c, len(fq.Out[0].Shape))
	if !ok || !single && isOp(r.only(mul), "Convolution", "GroupConvolution") && r.only(mul).In[0].Node == mul {
		return
	}
	if !r.constantRanges(fq) {
		return
	}
	low, high := r.folded("Multiply", "opset1", numpyBroadcast, fq.In[3], c), r.folded("Multiply", "opset1", numpyBroadcast, fq.In[4], c)
	if !isConstant(fq.In[0]) && !quantizable(shape(fq.In[0]), []graph.Port{fq.In[1], fq.In[2], low, high}) {
		return
	}
	r.inherit(mul, fq, mul)
	mul.Op, mul.Opset, mul.Attrs = fq.Op, fq.Opset, fq.Attrs
	r.setAll(mul, fq.In[0], fq.In[1], fq.In[2], low, high)
}

// dropRelu makes fq, whose input range is not negative, read what a Relu reads. Source: ReluFakeQuantizeFusion.
func (r *rewriter) dropRelu(fq *graph.Node) bool {
	relu := fq.In[0].Node
	low, ok := r.numbers(fq.In[1])
	if relu.Op != "Relu" || r.only(relu) == nil || !ok || slices.ContainsFunc(low, func(v float64) bool { return v < 0 }) {
		return false
	}
	r.inherit(fq, relu, fq)
	r.set(fq, 0, relu.In[0])
	return true
}

// intoInputRange takes the addition of a constant, or the multiplication by a positive one, before fq into its input range.
// Source: AddFakeQuantizeFusion, MulFakeQuantizeFusion.
func (r *rewriter) intoInputRange(fq *graph.Node) bool {
	eltwise := fq.In[0].Node
	if !isOp(eltwise, "Add", "Multiply") || r.only(eltwise) == nil || !r.constantRanges(fq) {
		return false
	}
	value, c, ok := withConstant(eltwise)
	if !ok || value.Type() != tensor.F32 || !fits(shape(c), shape(value)) {
		return false
	}
	v, known := r.numbers(c)
	if !known || eltwise.Op == "Multiply" && slices.ContainsFunc(v, func(x float64) bool { return x <= 0 }) {
		return false
	}
	single, ok := r.rangeOperand(c, len(shape(fq.In[0])))
	if !ok || !single && (r.feeds(fq, "Concat") || eltwise.Op == "Add" && r.adjacentSum(eltwise)) {
		return false
	}
	inverse := map[string]string{"Add": "Subtract", "Multiply": "Divide"}[eltwise.Op]
	low, high := r.folded(inverse, "opset1", numpyBroadcast, fq.In[1], c), r.folded(inverse, "opset1", numpyBroadcast, fq.In[2], c)
	if !quantizable(shape(value), []graph.Port{low, high, fq.In[3], fq.In[4]}) {
		return false
	}
	r.inherit(fq, eltwise, fq)
	r.setAll(fq, value, low, high, fq.In[3], fq.In[4])
	return true
}

// adjacentSum reports whether the Add n may become a bias.
func (r *rewriter) adjacentSum(n *graph.Node) bool {
	return slices.ContainsFunc(n.In, func(p graph.Port) bool { return isOp(p.Node, weighted...) })
}

// weighted are the operations with weights.
var weighted = []string{"Convolution", "GroupConvolution", "ConvolutionBackpropData", "GroupConvolutionBackpropData", "MatMul"}

// rangeOperand reports whether a constant can be taken into the ranges of a FakeQuantize of values of this rank, and whether it is one number.
func (r *rewriter) rangeOperand(c graph.Port, rank int) (single, ok bool) {
	v, known := r.numbers(c)
	if !known || len(v) == 0 {
		return false, false
	}
	if !slices.ContainsFunc(v, func(x float64) bool { return x != v[0] }) {
		return true, true
	}
	s := shape(c)
	if len(s) > rank {
		return false, false
	}
	s = append(ones(rank-len(s)), s...)
	return false, s[0] == len(v) || len(s) > 1 && s[1] == len(v)
}

// constantRanges reports whether the four bounds of a FakeQuantize are small constants.
func (r *rewriter) constantRanges(fq *graph.Node) bool {
	for _, p := range fq.In[1:] {
		if _, ok := r.numbers(p); !ok {
			return false
		}
	}
	return true
}

// quantizable reports whether the plugin has a kernel for a FakeQuantize of values of a shape with these bounds: numbers, or one number for
// each element of dimension 1, or of the last of three. Source: FakeQuantize::isSupportedOperation.
func quantizable(s []int, bounds []graph.Port) bool {
	if len(s) < 2 || len(s) > 5 {
		return false
	}
	for _, p := range bounds {
		b := shape(p)
		if len(b) > len(s) {
			return false
		}
		wide := 0
		for i, d := range b {
			axis := i + len(s) - len(b)
			if d == 1 {
				continue
			}
			wide++
			if axis != 1 && !(axis == 2 && len(s) == 3) {
				return false
			}
		}
		if wide > 1 {
			return false
		}
	}
	return true
}

// feeds reports whether a node of one of the operations reads n.
func (r *rewriter) feeds(n *graph.Node, ops ...string) bool {
	return slices.ContainsFunc(r.readers(n), func(u use) bool { return isOp(u.node, ops...) })
}
