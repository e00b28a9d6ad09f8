package passes

import (
	"slices"

	"halfway/engine/graph"
)

// convertLike writes ConvertLike as a Convert to the type of its second input. Source: ConvertConvertLike.
func convertLike(r *rewriter, n *graph.Node) bool {
	c := r.make("Convert", "opset1", graph.Attrs{"destination_type": n.In[1].Type().String()}, n.In[0])
	r.inherit(c, n)
	r.substitute(n, c)
	return true
}

// identity removes an Identity.
func identity(r *rewriter, n *graph.Node) bool { return r.bypass(n, n.In[0]) }

// logSoftmax writes LogSoftmax as x - max - log(sum(exp(x - max))). Source: LogSoftmaxDecomposition.
func logSoftmax(r *rewriter, n *graph.Node) bool {
	s := &chain{r: r, from: n}
	axes := s.note(r.ints(1, number(n, "axis", 1)))
	keep := graph.Attrs{"keep_dims": "true"}
	centred := s.make("Subtract", "opset1", numpyBroadcast, n.In[0], s.make("ReduceMax", "opset1", keep, n.In[0], axes))
	sum := s.make("ReduceSum", "opset1", keep, s.make("Exp", "opset1", nil, centred), axes)
	r.substitute(n, s.make("Subtract", "opset1", numpyBroadcast, centred, s.make("Log", "opset1", nil, sum)).Node)
	return true
}

// decomposeMVN writes an MVN over axes that the plugin has no kernel for as what it means. Source: MVN6Decomposition.
func decomposeMVN(r *rewriter, n *graph.Node) bool {
	if n.Opset != "opset6" || r.mvnSupported(n) {
		return false
	}
	s := &chain{r: r, from: n}
	keep := graph.Attrs{"keep_dims": "true"}
	d := n.Attrs.Decode()
	centred := s.make("Subtract", "opset1", numpyBroadcast, n.In[0], s.make("ReduceMean", "opset1", keep, n.In[0], n.In[1]))
	if !d.Bool("normalize_variance", true) {
		r.substitute(n, centred.Node)
		return true
	}
	variance := s.make("ReduceMean", "opset1", keep, s.make("Power", "opset1", numpyBroadcast, centred, s.note(r.like(centred, 2))), n.In[1])
	eps := s.note(r.like(centred, d.Float("eps", 0)))
	root := graph.Port{}
	if lower(n.Attrs["eps_mode"]) == "outside_sqrt" {
		root = s.make("Add", "opset1", numpyBroadcast, s.make("Sqrt", "opset1", nil, variance), eps)
	} else {
		root = s.make("Sqrt", "opset1", nil, s.make("Add", "opset1", numpyBroadcast, variance, eps))
	}
	r.substitute(n, s.make("Divide", "opset1", numpyBroadcast, centred, root).Node)
	return true
}

// mvnSupported reports whether the plugin normalizes over these axes: all trailing ones but one or two.
func (r *rewriter) mvnSupported(n *graph.Node) bool {
	rank := len(shape(n.In[0]))
	axes, ok := r.integers(n.In[1])
	if !ok || rank == 0 {
		return false
	}
	for i := range axes {
		axes[i] = axis(axes[i], rank)
	}
	slices.Sort(axes)
	if rank == 1 {
		return len(axes) == 1 && axes[0] == 0
	}
	first := rank - len(axes)
	if rank > 5 || first != 1 && first != 2 {
		return false
	}
	return slices.Equal(axes, upTo(rank)[first:])
}

// groupNorm writes GroupNormalization as an MVN of the groups, scaled and shifted. Source: GroupNormalizationDecomposition.
func groupNorm(r *rewriter, n *graph.Node) bool {
	x := shape(n.In[0])
	groups := number(n, "num_groups", 0)
	if len(x) < 3 || !static(x) || groups <= 0 || x[1]%groups != 0 {
		return false
	}
	s := &chain{r: r, from: n}
	reshape := func(p graph.Port, to []int) graph.Port {
		if slices.Equal(shape(p), to) { // of one group, and one sample
			return p
		}
		return s.make("Reshape", "opset1", graph.Attrs{"special_zero": "true"}, p, s.note(r.ints(1, to...)))
	}
	attrs := graph.Attrs{"eps": n.Attrs["epsilon"], "eps_mode": "inside_sqrt", "normalize_variance": "true"}
	grouped := slices.Concat([]int{x[0] * groups, x[1] / groups}, x[2:])
	y := reshape(s.make("MVN", "opset6", attrs, reshape(n.In[0], grouped), s.note(r.ints(1, upTo(len(x))[1:]...))), x)
	channel := func(p graph.Port) graph.Port {
		return s.make("Unsqueeze", "opset1", nil, p, s.note(r.ints(1, upTo(len(x) - 1)[1:]...)))
	}
	y = s.make("Multiply", "opset1", numpyBroadcast, y, channel(n.In[1]))
	r.substitute(n, s.make("Add", "opset1", numpyBroadcast, y, channel(n.In[2])).Node)
	return true
}

// decomposeNormalizeL2 writes a NormalizeL2 over axes that the plugin has no kernel for as what it means. Source: NormalizeL2Decomposition.
func decomposeNormalizeL2(r *rewriter, n *graph.Node) bool {
	if r.normalizeL2Supported(n) {
		return false
	}
	s := &chain{r: r, from: n}
	d := n.Attrs.Decode()
	eps := s.note(r.like(n.In[0], d.Float("eps", 0)))
	square := s.make("Power", "opset1", numpyBroadcast, n.In[0], s.note(r.like(n.In[0], 2)))
	sum := s.make("ReduceSum", "opset1", graph.Attrs{"keep_dims": "true"}, square, n.In[1])
	op := "Add"
	if lower(n.Attrs["eps_mode"]) == "max" {
		op = "Maximum"
	}
	root := s.make("Sqrt", "opset1", nil, s.make(op, "opset1", numpyBroadcast, sum, eps))
	r.substitute(n, s.make("Divide", "opset1", numpyBroadcast, n.In[0], root).Node)
	return true
}

// normalizeL2Supported reports whether the plugin normalizes over these axes: the channels, all but the batch, or none.
func (r *rewriter) normalizeL2Supported(n *graph.Node) bool {
	rank := len(shape(n.In[0]))
	axes, ok := r.integers(n.In[1])
	if !ok || rank < 2 || rank > 4 {
		return false
	}
	for i := range axes {
		axes[i] = axis(axes[i], rank)
	}
	slices.Sort(axes)
	return len(axes) == 0 || slices.Equal(axes, []int{1}) || slices.Equal(axes, upTo(rank)[1:])
}
