package passes

import (
	"slices"

	"halfway/engine/graph"
)

// multiplyFusions moves multiplications by constants into the weights of the convolution or MatMul before or behind them.
// Source: MultiplyFusions.
func multiplyFusions(r *rewriter) {
	r.each(func(n *graph.Node) {
		switch n.Op {
		case "Multiply":
			if value, c, ok := withConstant(n); ok && r.only(value.Node) != nil {
				switch value.Node.Op {
				case "Convolution", "GroupConvolution", "ConvolutionBackpropData", "GroupConvolutionBackpropData":
					r.scaleOutput(n, value.Node, c)
				case "MatMul":
					r.scaleMatMul(n, value.Node, c)
				}
			}
		case "Convolution", "GroupConvolution", "ConvolutionBackpropData", "GroupConvolutionBackpropData":
			r.scaleInput(n)
		}
	})
}

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

// scaleMatMul multiplies the right operand of a MatMul by a scalar that its result is multiplied by, or constant weights by a factor per column.
func (r *rewriter) scaleMatMul(mul, mm *graph.Node, factor graph.Port) {
	s := shape(factor)
	total := 1
	for _, d := range s {
		total *= d
	}
	side := graph.Port{}
	switch w := mm.In[1]; {
	case total == 1:
		side = r.folded("Multiply", "opset1", numpyBroadcast, w, factor)
	case isConstant(w) && len(shape(w)) == 2 && len(s) > 0 && s[len(s)-1] == total && total == mm.Out[0].Shape[len(mm.Out[0].Shape)-1]:
		to := []int{1, total}
		if flag(mm, "transpose_b") {
			to = []int{total, 1}
		}
		side = r.folded("Multiply", "opset1", numpyBroadcast, w,
			r.folded("Reshape", "opset1", graph.Attrs{"special_zero": "false"}, factor, r.ints(1, to...)))
	default:
		return
	}
	fused := r.make("MatMul", mm.Opset, mm.Attrs, mm.In[0], side)
	sources := []*graph.Node{mm, mm.In[1].Node, mul}
	r.inherit(side.Node, sources...)
	r.inherit(fused, sources...)
	r.substitute(mul, fused)
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
