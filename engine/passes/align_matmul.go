package passes

import (
	"slices"

	"halfway/engine/graph"
)

// alignMatMuls gives the operands of a MatMul the same rank by dimensions of 1; where one has rank 1, the result is reshaped back and keeps the
// MatMul's name. Source: AlignMatMulInputRanks of the CPU plugin.
func alignMatMuls(r *rewriter) {
	r.each(func(n *graph.Node) {
		if n.Op != "MatMul" {
			return
		}
		a, b := shape(n.In[0]), shape(n.In[1])
		if len(a) == 0 || len(b) == 0 || len(a) == len(b) && len(a) > 1 {
			return
		}
		r.alignMatMul(n, a, b)
	})
}

func (r *rewriter) alignMatMul(n *graph.Node, a, b []int) {
	vector := len(a) == 1 || len(b) == 1
	if len(a) == 1 {
		a = []int{1, a[0]}
		n.Attrs = withAttr(n.Attrs, "transpose_a", "false")
	}
	if len(b) == 1 {
		b = []int{b[0], 1}
		n.Attrs = withAttr(n.Attrs, "transpose_b", "false")
	}
	rank := max(len(a), len(b))
	for side, s := range [][]int{a, b} {
		to := slices.Concat(ones(rank-len(s)), s)
		if slices.Equal(to, shape(n.In[side])) || !static(to) {
			continue
		}
		u := r.reshape(n.In[side], to)
		u.Name = n.In[side].Node.Name + "/Unsqueeze"
		r.inherit(u, n)
		r.set(n, side, port(u))
	}
	if !vector {
		return
	}
	want := n.Out[0].Shape
	inner := r.make(n.Op, n.Opset, n.Attrs, n.In...)
	inner.Name = n.Name + "/MM"
	r.inherit(inner, n)
	back := r.reshape(port(inner), want)
	r.inherit(back, n)
	r.substitute(n, back)
}
