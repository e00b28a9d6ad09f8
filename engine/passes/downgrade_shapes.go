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

// broadcastByMultiply writes a Broadcast in both directions as the multiplication by ones, where it does not know the shape that results.
// Source: ConvertBroadcast3.
func broadcastByMultiply(r *rewriter) {
	r.each(func(n *graph.Node) {
		if n.Op != "Broadcast" || lower(n.Attrs["mode"]) != "bidirectional" {
			return
		}
		t := n.In[0].Type()
		one := r.folded("Convert", "opset1", graph.Attrs{"destination_type": t.String()}, r.floats(1, 1))
		var ones graph.Port
		if to, ok := r.integers(n.In[1]); !ok {
			ones = port(r.make("Broadcast", "opset1", graph.Attrs{"mode": "numpy"}, one, n.In[1]))
			r.inherit(ones.Node, n)
		} else if broadcastKnown(shape(n.In[0]), to) {
			return
		} else {
			ones = r.folded("Broadcast", "opset1", graph.Attrs{"mode": "numpy"}, one, n.In[1])
		}
		op := "Multiply"
		if t == tensor.Bool {
			op = "LogicalAnd"
		}
		m := r.make(op, "opset1", numpyBroadcast, n.In[0], ones)
		r.inherit(m, n)
		r.substitute(n, m)
		m.Precise = false
	})
}

// broadcastKnown reports whether the shape is known that a value and ones of the shape to are broadcast to.
func broadcastKnown(value, to []int) bool {
	if value == nil {
		return false
	}
	for i, d := range value {
		at := i - len(value) + len(to)
		if d < 0 && (at < 0 || to[at] == 1) {
			return false
		}
	}
	return true
}
