package passes

import (
	"slices"

	"halfway/engine/graph"
)

// symbolicOptimizations do what the plugin can do without knowing a dimension, by knowing which are equal. Source: SymbolicOptimizations.
var symbolicOptimizations = slices.Concat(
	[]pass{symbolicPropagation, chainedMaximum, nopBroadcast, symbolicNops, sharedOps, symbolsAsValues, selectKeepsShape, dereshape,
		reshapePatterns},
	shapeSubgraphs(symbolicNops))

// shapeSubgraphs are the passes that simplify what computes shapes. Source: SimplifyShapeOfSubGraph.
func shapeSubgraphs(nops pass) []pass {
	return []pass{prepareShapeOps, absSinking, sharedOps, gatherUnsqueeze, nops, groupedGathers, simplifyGatherShapeOf, shapeOfInReshape}
}

// symbolicPropagation names the dimensions that are not known anew and finds which of them are equal. Source: SymbolicPropagation.
func symbolicPropagation(r *rewriter) {
	if !r.varies {
		return
	}
	r.symbols = newSymbols()
	clear(r.named)
	clear(r.partials)
	clear(r.asked)
	r.each(r.infer)
	r.each(func(n *graph.Node) {
		for _, i := range shapeInputs[n.Op] {
			if i < len(n.In) {
				r.ask(n.In[i])
			}
		}
	})
}

// shapeInputs are, by operation, the inputs whose values decide shapes.
var shapeInputs = map[string][]int{"Broadcast": {1, 2}, "CumSum": {1}, "Interpolate": {1, 2, 3}, "OneHot": {1}, "Pad": {1, 2}, "PriorBox": {0, 1},
	"PriorBoxClustered": {0, 1}, "Range": {0, 1, 2},
	"Reshape": {1}, "Slice": {1, 2, 3, 4}, "StridedSlice": {1, 2, 3}, "Tile": {1}, "TopK": {1}, "VariadicSplit": {1, 2}}

// ask says that a shape is read from the value at p. Nothing is known of a value that depends on data.
func (r *rewriter) ask(p graph.Port) {
	var path []*graph.Node
	seen := map[*graph.Node]bool{}
	stack := []*graph.Node{p.Node}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if seen[n] || r.asked[n] {
			continue
		}
		if len(n.In) == 0 && n.Op != "Constant" {
			return
		}
		seen[n] = true
		path = append(path, n)
		if n.Op != "ShapeOf" {
			for _, in := range n.In {
				stack = append(stack, in.Node)
			}
		}
	}
	for _, n := range path {
		r.asked[n] = true
	}
}

// askedValue is what is known of a value that shapes are read from, nil where nothing is.
func (r *rewriter) askedValue(p graph.Port) *partial {
	if !r.asked[p.Node] {
		return nil
	}
	return r.partialAt(p)
}

// valueSymbols are the symbols of the elements at p, nil when none has one.
func (r *rewriter) valueSymbols(p graph.Port) []symbol {
	v := r.askedValue(p)
	if v == nil || !slices.ContainsFunc(v.symbols, func(s symbol) bool { return s != 0 }) {
		return nil
	}
	return v.symbols
}

// sameSymbols reports whether two lists name the same dimensions, all of them.
func (r *rewriter) sameSymbols(a, b []symbol) bool {
	if len(a) != len(b) || len(a) == 0 {
		return false
	}
	for i := range a {
		if a[i] == 0 || b[i] == 0 || r.symbols.root(a[i]) != r.symbols.root(b[i]) {
			return false
		}
	}
	return true
}

// dimSymbols are the symbols of the dimensions at p, 0 for one that is known.
func (r *rewriter) dimSymbols(p graph.Port) []symbol {
	var list []symbol
	for _, d := range r.dims(p) {
		list = append(list, d.symbol)
	}
	return list
}

// chainedMaximum takes from a maximum of a maximum what is there twice. Source: ChainedMaximumOptimization.
func chainedMaximum(r *rewriter) {
	r.each(func(n *graph.Node) {
		if n.Op != "Maximum" {
			return
		}
		for side := range 2 {
			first, c := n.In[side].Node, r.valueSymbols(n.In[1-side])
			if first.Op != "Maximum" {
				continue
			}
			for i := range 2 {
				if c != nil && first.In[i] == n.In[1-side] || r.sameSymbols(r.valueSymbols(first.In[i]), c) {
					r.bypass(first, first.In[1-i])
					return
				}
			}
		}
	})
}

// nopBroadcast removes a Broadcast to the maximum of the shape that the value has and ones. Source: NopBroadcast.
func nopBroadcast(r *rewriter) {
	r.each(func(n *graph.Node) {
		if n.Op != "Broadcast" || n.In[1].Node.Op != "Maximum" {
			return
		}
		of, ones, ok := withConstant(n.In[1].Node)
		if !ok || of.Node.Op != "ShapeOf" || !r.uniform(ones, 1) {
			return
		}
		if r.sameSymbols(r.dimSymbols(n.In[0]), r.valueSymbols(of)) {
			r.bypass(n, n.In[0])
		}
	})
}

// selectKeepsShape finds that nothing was broadcast between arithmetic and the Reshape behind Reshape, Select and Softmax that gives its shape back.
// Source: LabelResolvingThroughSelect.
func selectKeepsShape(r *rewriter) {
	r.each(func(n *graph.Node) {
		if n.Op != "Reshape" || n.In[0].Node.Op != "Softmax" {
			return
		}
		soft := n.In[0].Node
		choice := soft.In[0].Node
		if choice.Op != "Select" {
			return
		}
		for _, p := range choice.In[1:] {
			add := p.Node
			if add.Op == "Reshape" {
				add = add.In[0].Node
			}
			if p.Node.Op != "Reshape" || graphType(add) != "Eltwise" || len(add.In) != 2 {
				continue
			}
			for _, in := range add.In {
				if r.sameSymbols(r.dimSymbols(port(n)), r.dimSymbols(in)) {
					r.setDims(add, 0, r.dims(in))
					r.setDims(choice, 0, r.dims(p))
					r.infer(soft)
					return
				}
			}
		}
	})
}

// reshapePatterns spells the shape that a Reshape computes: a dimension that stays as 0, one that is not known as -1. Source: ReshapeOptimizations.
func reshapePatterns(r *rewriter) {
	r.each(func(n *graph.Node) {
		if n.Op != "Reshape" || isConstant(n.In[1]) || !static(shape(n.In[1])) {
			return
		}
		in, out := r.dims(n.In[0]), r.dims(port(n))
		if in == nil || out == nil {
			return
		}
		pattern := make([]int, len(out))
		open, zeros := 0, 0
		for i, d := range out {
			switch {
			case d.symbol == 0:
				if pattern[i] = d.size; d.size == 0 {
					zeros++
				}
			case i < len(in) && r.equal(in[i], d):
			default:
				pattern[i] = -1
				open++
			}
		}
		if open > 1 || open == 1 && zeros > 0 {
			return
		}
		c := r.ints(1, pattern...)
		r.inherit(c.Node, n.In[1].Node)
		n.Attrs = withAttr(n.Attrs, "special_zero", "true")
		r.set(n, 1, c)
	})
}
