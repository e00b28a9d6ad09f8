package passes

import (
	"maps"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// nopElimination removes operations that change nothing, and says Squeeze and Unsqueeze with Reshape. Source: NopElimination.
func nopElimination(r *rewriter) { rules(nopRules)(r) }

// symbolicNops is nopElimination as SymbolicOptimizations runs it: it keeps Squeeze, Unsqueeze and Select.
func symbolicNops(r *rewriter) {
	table := maps.Clone(nopRules)
	delete(table, "Squeeze")
	delete(table, "Unsqueeze")
	delete(table, "Select")
	rules(table)(r)
}

type rule func(r *rewriter, n *graph.Node) bool

// nopRules are the rules to try on an operation until one applies, in the plugin's order.
var nopRules = map[string][]rule{
	"Pad":                   {zeroPad},
	"Convert":               {sameTypeConvert},
	"NonZero":               {convertBeforeNonZero},
	"Concat":                {emptyInputs, singleConcat, concatOfSplit},
	"Split":                 {singleSplit},
	"Transpose":             {identityTranspose},
	"Add":                   {neutralConstant},
	"Subtract":              {neutralConstant},
	"Multiply":              {neutralConstant},
	"Divide":                {neutralConstant},
	"StridedSlice":          {wholeStridedSlice},
	"Slice":                 {wholeSlice},
	"ScatterUpdate":         {emptyScatter},
	"ScatterNDUpdate":       {emptyScatter},
	"ScatterElementsUpdate": {emptyScatter},
	"Reshape":               {reshapeOfReduce, uselessReshape, shapeOpAroundBinary},
	"Squeeze":               {squeezeToReshape},
	"Unsqueeze":             {squeezeToReshape, shapeOpAroundBinary},
	"Broadcast":             {sameShape, onesBroadcast},
	"Tile":                  {onesBroadcast},
	"GatherElements":        {sliceBeforeGatherElements},
	"Gather":                {wholeGather},
	"Select":                {decidedSelect},
}

func zeroPad(r *rewriter, n *graph.Node) bool {
	return r.uniform(n.In[1], 0) && r.uniform(n.In[2], 0) && r.bypass(n, n.In[0])
}

func sameTypeConvert(r *rewriter, n *graph.Node) bool {
	return n.In[0].Type() == n.Out[0].Type && r.bypass(n, n.In[0])
}

func convertBeforeNonZero(r *rewriter, n *graph.Node) bool {
	c := n.In[0].Node
	if c.Op != "Convert" || r.only(c) == nil {
		return false
	}
	r.set(n, 0, c.In[0])
	return true
}

// emptyInputs takes away inputs without elements. Source: RemoveConcatZeroDimInput.
func emptyInputs(r *rewriter, n *graph.Node) bool {
	empty := func(p graph.Port) bool { return slices.Contains(shape(p), 0) }
	left := slices.DeleteFunc(slices.Clone(n.In), empty)
	if len(left) == len(n.In) || len(left) == 0 {
		return false
	}
	if len(left) == 1 {
		return r.bypass(n, left[0])
	}
	r.substitute(n, r.add(&graph.Node{Op: n.Op, Opset: n.Opset, Attrs: n.Attrs, In: left, Out: n.Out}))
	return true
}

func singleConcat(r *rewriter, n *graph.Node) bool { return len(n.In) == 1 && r.bypass(n, n.In[0]) }

func singleSplit(r *rewriter, n *graph.Node) bool {
	return number(n, "num_splits", 0) == 1 && r.bypass(n, n.In[0])
}

// concatOfSplit finds a Concat of all outputs of one Split, in order and along the same axis.
func concatOfSplit(r *rewriter, n *graph.Node) bool {
	split := n.In[0].Node
	if !isOp(split, "Split", "VariadicSplit") || len(n.In) != len(split.Out) {
		return false
	}
	for i, p := range n.In {
		if p != (graph.Port{Node: split, Out: i}) {
			return false
		}
	}
	a, ok := r.scalar(split.In[1])
	rank := len(n.Out[0].Shape)
	return ok && axis(int(a), rank) == axis(number(n, "axis", 0), rank) && r.bypass(n, split.In[0])
}

func identityTranspose(r *rewriter, n *graph.Node) bool {
	order, ok := r.integers(n.In[1])
	if !ok || len(order) == 0 {
		return false
	}
	for i, d := range order {
		if i != d {
			return false
		}
	}
	return r.bypass(n, n.In[0])
}

// neutralConstant finds the addition of zeros and the multiplication by ones that do not broadcast the other operand.
func neutralConstant(r *rewriter, n *graph.Node) bool {
	neutral := 0.0
	if isOp(n, "Multiply", "Divide") {
		neutral = 1
	}
	value, constant := n.In[0], n.In[1]
	if !isConstant(constant) && isOp(n, "Add", "Multiply") {
		value, constant = constant, value
	}
	if n.Op == "Subtract" && constant.Node.Op == "Convert" {
		constant = constant.Node.In[0]
	}
	return fits(shape(constant), shape(value)) && r.everywhere(constant, neutral) && r.bypass(n, value)
}

// fits reports whether adding a value of shape small to one of shape large keeps the latter's shape.
func fits(small, large []int) bool {
	if large == nil || len(small) > len(large) {
		return false
	}
	tail := large[len(large)-len(small):]
	for i, d := range small {
		if d != 1 && d != tail[i] {
			return false
		}
	}
	return true
}

func emptyScatter(r *rewriter, n *graph.Node) bool {
	return (slices.Contains(shape(n.In[1]), 0) || slices.Contains(shape(n.In[2]), 0)) && r.bypass(n, n.In[0])
}

func sameShape(r *rewriter, n *graph.Node) bool {
	return static(n.Out[0].Shape) && slices.Equal(shape(n.In[0]), n.Out[0].Shape) && r.bypass(n, n.In[0])
}

func onesBroadcast(r *rewriter, n *graph.Node) bool {
	return shape(n.In[0]) != nil && len(shape(n.In[0])) == len(n.Out[0].Shape) && r.uniform(n.In[1], 1) && r.bypass(n, n.In[0])
}

func sliceBeforeGatherElements(r *rewriter, n *graph.Node) bool {
	s := n.In[0].Node
	if s.Op != "Slice" || !r.uniform(s.In[1], 0) || !r.uniform(s.In[3], 1) {
		return false
	}
	r.set(n, 0, s.In[0])
	return true
}

// wholeSlice finds a Slice that keeps everything: by its bounds, or by the shapes.
func wholeSlice(r *rewriter, n *graph.Node) bool {
	if len(n.In) < 4 || !r.uniform(n.In[3], 1) {
		return false
	}
	ends, ok := r.integers(n.In[2])
	toEnd := ok && r.uniform(n.In[1], 0) && !slices.ContainsFunc(ends, func(e int) bool { return e < endless(n.In[2]) })
	return toEnd && r.bypass(n, n.In[0]) || sameShape(r, n)
}

// decidedSelect finds a Select whose condition is the same everywhere. Source: SelectWithOneValueCondition.
func decidedSelect(r *rewriter, n *graph.Node) bool {
	branch := n.In[2]
	switch {
	case r.everywhere(n.In[0], 1):
		branch = n.In[1]
	case !r.everywhere(n.In[0], 0):
		return false
	}
	if to := n.Out[0].Shape; !static(to) || slices.Equal(shape(branch), to) {
		return static(to) && r.bypass(n, branch)
	}
	steps := &chain{r: r, from: n}
	to := steps.note(r.ints(1, n.Out[0].Shape...))
	r.substitute(n, steps.make("Broadcast", "opset3", graph.Attrs{"mode": "numpy"}, branch, to).Node)
	return true
}

// endless is the bound that means the end of an axis, whatever its size.
func endless(p graph.Port) int {
	if p.Type() == tensor.I32 {
		return 1<<31 - 1
	}
	return 1<<62 - 1
}

// wholeStridedSlice is wholeSlice for a StridedSlice that keeps the rank.
func wholeStridedSlice(r *rewriter, n *graph.Node) bool {
	d := n.Attrs.Decode()
	for _, mask := range []string{"shrink_axis_mask", "new_axis_mask", "ellipsis_mask"} {
		if slices.Contains(d.Ints(mask), 1) {
			return false
		}
	}
	if len(n.In) == 4 && !r.uniform(n.In[3], 1) {
		return false
	}
	begin, okBegin := r.integers(n.In[1])
	end, okEnd := r.integers(n.In[2])
	if okBegin && okEnd && masked(begin, d.Ints("begin_mask"), 0) && masked(end, d.Ints("end_mask"), endless(n.In[2])) && d.Err() == nil {
		return r.bypass(n, n.In[0])
	}
	return sameShape(r, n)
}

// masked reports whether each bound is ignored by its mask or at its limit.
func masked(bounds, mask []int, limit int) bool {
	for i, b := range bounds {
		ignored := i < len(mask) && mask[i] != 0
		if !ignored && (limit == 0 && b != 0 || limit > 0 && b < limit) {
			return false
		}
	}
	return true
}

// wholeGather finds a Gather of everything, and one of the only element of an axis, which is a Squeeze.
func wholeGather(r *rewriter, n *graph.Node) bool {
	data, indices := shape(n.In[0]), shape(n.In[1])
	at, ok := r.scalar(n.In[2])
	if !static(data) || !static(indices) || !ok {
		return false
	}
	a := axis(int(at), len(data))
	list, known := r.integers(n.In[1])
	if len(data) != len(n.Out[0].Shape) {
		if !known || data[a] != 1 || len(indices) > 1 || list[0] != 0 {
			return false
		}
		s := r.make("Squeeze", "opset1", nil, n.In[0], n.In[2])
		r.inherit(s, n)
		r.substitute(n, s)
		return true
	}
	if data[a] == 1 && slices.Equal(data, n.Out[0].Shape) {
		return r.bypass(n, n.In[0])
	}
	if !known || len(list) != data[a] {
		return false
	}
	for i, v := range list {
		if i != v {
			return false
		}
	}
	return r.bypass(n, n.In[0])
}
