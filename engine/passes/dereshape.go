package passes

import (
	"slices"

	"halfway/engine/graph"
)

// dereshape removes the Reshapes around a MatMul with constant weights that join its leading dimensions and take them apart again.
// Source: DeReshapeFullyConnected.
func dereshape(r *rewriter) {
	r.each(func(n *graph.Node) {
		mm := n.In[0:min(1, len(n.In))]
		if n.Op != "Reshape" || mm[0].Node.Op != "MatMul" || r.only(mm[0].Node) == nil {
			return
		}
		m := mm[0].Node
		in := m.In[0].Node
		if in.Op != "Reshape" || r.only(in) == nil || flag(m, "transpose_a") || len(shape(m.In[1])) != 2 || isConstant(m.In[0]) {
			return
		}
		before, after := shape(in.In[0]), n.Out[0].Shape
		if !static(before) || !static(after) || len(before) < 2 || len(before) != len(after) || !lastKept(before, shape(m.In[0])) ||
			!lastKept(after, m.Out[0].Shape) || !slices.Equal(before[:len(before)-1], after[:len(after)-1]) {
			return
		}
		r.set(m, 0, in.In[0])
		r.infer(m)
		r.bypass(n, port(m))
	})
}

// lastKept reports whether two shapes have the same last dimension.
func lastKept(a, b []int) bool { return len(b) > 0 && a[len(a)-1] == b[len(b)-1] }
