package passes

import (
	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// shapeOf32 renames a ShapeOf that gives 32-bit integers: the plugin makes a new one of 64 bits with a Convert behind it, and then narrows it to 32
// again. Source: ConvertShapeOf3, ConvertPrecision.
func shapeOf32(r *rewriter) {
	r.each(func(n *graph.Node) {
		if n.Op == "ShapeOf" && n.Opset == "opset3" && n.Out[0].Type == tensor.I32 && !r.feedsResult(port(n)) {
			r.inherit(n, n)
			n.Name = r.generated("ShapeOf")
		}
	})
}

// broadcastByMultiply writes a Broadcast in both directions to a shape that is not known as the multiplication by ones of that shape.
// Source: ConvertBroadcast3.
func broadcastByMultiply(r *rewriter) {
	r.each(func(n *graph.Node) {
		if n.Op != "Broadcast" || lower(n.Attrs["mode"]) != "bidirectional" || isConstant(n.In[1]) {
			return
		}
		t := n.In[0].Type()
		one := r.folded("Convert", "opset1", graph.Attrs{"destination_type": t.String()}, r.floats(1, 1))
		ones := r.make("Broadcast", "opset1", graph.Attrs{"mode": "numpy"}, one, n.In[1])
		r.inherit(ones, n)
		op := "Multiply"
		if t == tensor.Bool {
			op = "LogicalAnd"
		}
		m := r.make(op, "opset1", numpyBroadcast, n.In[0], port(ones))
		r.inherit(m, n)
		r.substitute(n, m)
		m.Precise = false
	})
}
