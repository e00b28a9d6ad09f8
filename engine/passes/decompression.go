package passes

import (
	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// keepDecompressions leaves the widening of compressed weights in front of a MatMul or a convolution; constant folding takes the others away.
// Source: KeepConstAndDecompression and its callback in the CPU plugin.
func keepDecompressions(r *rewriter) {
	keepQuantizedWeights(r)
	for _, n := range r.Nodes {
		if n.Op != "Convert" || !n.Decompression || r.dead[n.ID] {
			continue
		}
		for _, u := range r.readers(n) {
			if isOp(u.node, "MatMul", "Convolution", "GroupConvolution", "ConvolutionBackpropData", "GroupConvolutionBackpropData") {
				r.unfold[n.ID] = true
			}
		}
	}
}

// keepWanted forgets which nodes constant folding must leave alone but for those that still matter.
func keepWanted(r *rewriter) {
	clear(r.unfold)
	keepDecompressions(r)
}

// widensHalf reports whether n converts half precision to f32. Source: MarkCompressedFloatConstants.
func widensHalf(n *graph.Node) bool {
	t := n.In[0].Type()
	return (t == tensor.F16 || t == tensor.BF16) && n.Out[0].Type == tensor.F32
}

// compressedGather moves the widening of a compressed table behind the Gather from it. Source: CompressedGatherTransformation.
func compressedGather(r *rewriter) {
	r.each(func(n *graph.Node) {
		if n.Op != "Gather" {
			return
		}
		c := n.In[0].Node
		if c.Op != "Convert" || !isConstant(c.In[0]) || !c.Decompression && !widensHalf(c) {
			return
		}
		g := r.make(n.Op, n.Opset, n.Attrs, c.In[0], n.In[1], n.In[2])
		w := r.make("Convert", "opset1", c.Attrs, port(g))
		r.inherit(g, c, n)
		r.inherit(w, c, n)
		r.substitute(n, w)
	})
}
