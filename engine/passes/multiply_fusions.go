package passes

import (
	"slices"

	"halfway/engine/graph"
)

// multiplyFusions moves multiplications by constants into the weights of the convolution or MatMul before or behind them. Source: MultiplyFusions of
// CommonOptimizations. What it moves out of one MatMul stays in front of it.
func multiplyFusions(r *rewriter) {
	r.each(func(n *graph.Node) {
		if value, c, ok := r.scaledAlone(n); ok && value.Node.Op == "MatMul" {
			r.scaleMatMul(n, value.Node, c)
		} else {
			r.convolutionFusion(n)
		}
	})
}

// convolutionFusions does so for convolutions alone, as MOCTransformations do before.
func convolutionFusions(r *rewriter) { r.each(r.convolutionFusion) }

// scaledAlone finds the multiplication by a constant of what nothing else reads.
func (r *rewriter) scaledAlone(n *graph.Node) (value, constant graph.Port, ok bool) {
	if n.Op != "Multiply" {
		return value, constant, false
	}
	value, constant, ok = withConstant(n)
	return value, constant, ok && r.only(value.Node) != nil
}

func (r *rewriter) convolutionFusion(n *graph.Node) {
	if isOp(n, convolutions...) {
		r.scaleInput(n)
	} else if value, c, ok := r.scaledAlone(n); ok && isOp(value.Node, convolutions...) {
		r.scaleOutput(n, value.Node, c)
	}
}

var convolutions = []string{"Convolution", "GroupConvolution", "ConvolutionBackpropData", "GroupConvolutionBackpropData"}

// scaleOutput multiplies the weights of conv, which mul alone reads, by a factor per output channel.
func (r *rewriter) scaleOutput(mul, conv *graph.Node, factor graph.Port) {
	s := shape(factor)
	channels := 1
	if conv.Out[0].Shape != nil {
		channels = conv.Out[0].Shape[1]
	}
	if !perChannel(s, len(conv.Out[0].Shape), channels) {
		return
	}
	to := r.weightShape(conv, s)
	if to == nil {
		return
	}
	steps := &chain{r: r, from: mul}
	if !slices.Equal(to, s) {
		factor = steps.make("Reshape", "opset1", graph.Attrs{"special_zero": "false"}, factor, r.ints(1, to...))
	}
	weights := r.folded("Multiply", "opset1", numpyBroadcast, conv.In[1], factor)
	in := append([]graph.Port{conv.In[0], weights}, conv.In[2:]...)
	fused := r.make(conv.Op, conv.Opset, conv.Attrs, in...)
	fused.Out[0] = mul.Out[0]
	fused.Out[0].Names = nil
	sources := []*graph.Node{conv, mul}
	if conv.Op == "GroupConvolution" {
		sources = sources[1:] // the plugin forgets the convolution here
	}
	r.inherit(fused, sources...)
	r.inherit(weights.Node, sources...)
	fused.Precise = conv.Precise
	r.substitute(mul, fused)
}

// perChannel reports whether a constant is one number, or has one number per channel in dimension 1 of a value of that rank.
func perChannel(s []int, rank, channels int) bool {
	total := 1
	for _, d := range s {
		total *= d
	}
	if total == 1 {
		return true
	}
	return rank > 1 && total == channels && len(s) <= rank && len(s) >= rank-1 && s[len(s)-rank+1] == channels
}

// weightShape is the shape in which a factor per output channel multiplies the weights of conv; nil when it can't.
func (r *rewriter) weightShape(conv *graph.Node, factor []int) []int {
	w := shape(conv.In[1])
	if !static(w) {
		return nil
	}
	total := 1
	for _, d := range factor {
		total *= d
	}
	to := make([]int, len(w))
	for i := range to {
		to[i] = 1
	}
	switch {
	case total == 1:
		return to[:min(len(to), 1)]
	case conv.Op == "Convolution" && total == w[0]:
		to[0] = total
	case conv.Op == "GroupConvolution" && total == w[0]*w[1]:
		to[0], to[1] = w[0], w[1]
	case conv.Op == "ConvolutionBackpropData" && total == w[1]:
		to[1] = total
	case conv.Op == "GroupConvolutionBackpropData" && total == w[0]*w[2]:
		to[0], to[2] = w[0], w[2]
	default:
		return nil
	}
	return to
}

// scaleMatMul multiplies the right operand of a MatMul by the constant that its result is multiplied by, where that is one number, or one per
// column, and does not make more products of matrices. Source: MatMulMultiplyFusion.
func (r *rewriter) scaleMatMul(mul, mm *graph.Node, factor graph.Port) {
	weights, s := mm.In[1], shape(factor)
	if len(s) > 0 && !fitsColumns(mm, s) {
		return
	}
	if flag(mm, "transpose_b") && elements(s) > 1 && s[len(s)-1] > 1 {
		order := upTo(max(len(s), 2))
		if len(s) == 1 {
			factor = r.folded("Reshape", "opset1", graph.Attrs{"special_zero": "false"}, factor, r.ints(1, 1, s[0]))
		}
		slices.Reverse(order[len(order)-2:])
		factor = r.folded("Transpose", "opset1", nil, factor, r.ints(1, order...))
	}
	side := r.folded("Multiply", "opset1", numpyBroadcast, weights, factor)
	fused := r.make("MatMul", mm.Opset, mm.Attrs, mm.In[0], side)
	sources := []*graph.Node{mm, weights.Node, mul}
	r.inherit(side.Node, sources...)
	r.inherit(fused, sources...)
	r.substitute(mul, fused)
}

// fitsColumns reports whether a factor of that shape, behind a MatMul, can multiply its right operand.
func fitsColumns(mm *graph.Node, factor []int) bool {
	x, w := shape(mm.In[0]), shape(mm.In[1])
	rank := len(factor)
	if elements(factor) == 1 && w != nil && rank <= min(len(w), len(mm.Out[0].Shape)) {
		return true
	}
	if !static(w) || len(w) == 0 || len(mm.Out[0].Shape) < rank || rank > 1 && factor[rank-2] != 1 || rank > len(w) && !isConstant(mm.In[1]) {
		return false
	}
	columns := len(w) - 1
	if flag(mm, "transpose_b") {
		columns = max(len(w)-2, 0)
	}
	if factor[rank-1] > 1 && factor[rank-1] != w[columns] {
		return false
	}
	return rank < 3 || elements(factor) == 1 || !repeatsBatches(w, factor) || !repeatsBatches(x, factor)
}

// repeatsBatches reports whether a factor makes more matrices of a value.
func repeatsBatches(value, factor []int) bool {
	if len(value) < len(factor) {
		return true
	}
	for i, d := range factor[:len(factor)-2] {
		if d != 1 && value[len(value)-len(factor)+i] != d {
			return true
		}
	}
	return false
}

// scaleInput takes a multiplication of conv's input by a factor per input channel, or by a scalar, into constant weights.
func (r *rewriter) scaleInput(conv *graph.Node) {
	mul := conv.In[0].Node
	if mul.Op != "Multiply" || !isConstant(conv.In[1]) || r.only(mul) == nil {
		return
	}
	value, factor, ok := withConstant(mul)
	if !ok || len(shape(value)) < 2 || !perChannel(shape(factor), len(shape(value)), shape(value)[1]) || len(shape(value)) != len(conv.Out[0].Shape) {
		return
	}
	w, s := shape(conv.In[1]), shape(factor)
	total := 1
	for _, d := range s {
		total *= d
	}
	to := make([]int, len(w))
	for i := range to {
		to[i] = 1
	}
	if total > 1 {
		switch {
		case conv.Op == "Convolution" && w[1] == total:
			to[1] = total
		case conv.Op == "GroupConvolution" && w[0]*w[2] == total:
			to[0], to[2] = w[0], w[2]
		case conv.Op == "ConvolutionBackpropData" && w[0] == total:
			to[0] = total
		case conv.Op == "GroupConvolutionBackpropData" && w[0]*w[1] == total:
			to[0], to[1] = w[0], w[1]
		default:
			return
		}
	}
	weights := r.folded("Multiply", "opset1", numpyBroadcast, conv.In[1],
		r.folded("Reshape", "opset1", graph.Attrs{"special_zero": "false"}, factor, r.ints(1, to...)))
	fused := r.make(conv.Op, conv.Opset, conv.Attrs, append([]graph.Port{value, weights}, conv.In[2:]...)...)
	fused.Out[0] = conv.Out[0]
	fused.Out[0].Names = nil
	r.inherit(weights.Node, mul, conv)
	r.inherit(fused, mul, conv)
	fused.Precise = conv.Precise
	r.substitute(conv, fused)
}
