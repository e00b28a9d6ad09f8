package passes

import (
	"slices"

	"halfway/engine/graph"
)

// dereshapeMatMul removes the Reshapes that join the leading dimensions of both operands of a MatMul and take those of the result apart again, also
// behind arithmetic with one number. Source: DeReshapeMatMul, without its forms with a Concat or an Add behind the MatMul.
func dereshapeMatMul(r *rewriter) {
	r.each(func(n *graph.Node) {
		if n.Op != "Reshape" || n.In[0].Node.Op != "MatMul" || r.only(n.In[0].Node) == nil || !r.keepsMatrix(n) {
			return
		}
		mm := n.In[0].Node
		var at [2]*graph.Node // the Reshapes
		for i, p := range mm.In {
			at[i] = r.reshapeBefore(p.Node)
			if at[i] == nil {
				return
			}
		}
		a, b := at[0], at[1]
		if a == b || !r.sameBatch(r.dims(a.In[0]), r.dims(b.In[0]), 1) || !r.sameBatch(r.dims(port(a)), r.dims(port(b)), 0) ||
			!r.sameBatch(r.dims(port(a)), r.dims(n.In[0]), 0) || !r.sameBatch(r.dims(a.In[0]), r.dims(port(n)), 1) {
			return
		}
		for i, re := range at {
			r.bypass(re, re.In[0])
			if mm.In[i].Node != re.In[0].Node {
				r.infer(mm.In[i].Node)
			}
		}
		r.infer(mm)
		r.bypass(n, port(mm))
	})
}

// reshapeBefore is the Reshape that feeds a MatMul, also through arithmetic with one number; nil when there is none that keeps the matrices.
func (r *rewriter) reshapeBefore(n *graph.Node) *graph.Node {
	if graphType(n) == "Eltwise" && len(n.In) == 2 && r.only(n) != nil {
		switch {
		case elements(shape(n.In[1])) == 1:
			n = n.In[0].Node
		case elements(shape(n.In[0])) == 1:
			n = n.In[1].Node
		}
	}
	if n.Op != "Reshape" || r.only(n) == nil || !r.keepsMatrix(n) {
		return nil
	}
	return n
}

// keepsMatrix reports whether a Reshape keeps the last two dimensions.
func (r *rewriter) keepsMatrix(n *graph.Node) bool {
	in, out := r.dims(n.In[0]), r.dims(port(n))
	if len(in) < 2 || len(out) < 2 {
		return false
	}
	return slices.EqualFunc(in[len(in)-2:], out[len(out)-2:], r.equal)
}

// sameBatch reports whether at most some of the dimensions before the last two differ.
func (r *rewriter) sameBatch(a, b []dim, differ int) bool {
	if len(a) != len(b) || len(a) < 2 {
		return false
	}
	for i := range a[:len(a)-2] {
		if !r.equal(a[i], b[i]) {
			differ--
		}
	}
	return differ >= 0
}
