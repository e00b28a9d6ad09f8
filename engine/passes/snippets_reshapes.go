package passes

import (
	"slices"

	"halfway/engine/graph"
)

// extractReshapes takes Reshapes out of what is between the first MatMul of attention and its Softmax: a pair around sums, whose terms are added up
// before, and a pair that adds a leading dimension for one operation and takes it away again. n is to be the second of the pair.
// Sources: ExtractPairsAfterMatmul, RankUpgradeToRankReduction.
func (t *tokenizer) extractReshapes(n *graph.Node) {
	if n.Op != "Reshape" || !isConstant(n.In[1]) || !static(n.Out[0].Shape) {
		return
	}
	if !t.extractSums(n) {
		t.extractRank(n)
	}
}

// single reports whether n has a static shape and one reader.
func (r *rewriter) single(n *graph.Node) bool { return r.only(n) != nil && static(n.Out[0].Shape) }

// scores reports whether n is a MatMul that attention may begin with.
func (r *rewriter) scores(n *graph.Node) bool {
	return n.Op == "MatMul" && r.single(n) && !flag(n, "transpose_a") && rank3or4(n.In[0]) && rank3or4(n.In[1])
}

// extractSums writes reshape(reshape(scores) + a + b) as scores + reshape(a + b).
func (r *rewriter) extractSums(n *graph.Node) bool {
	second, b, ok := r.addend(n.In[0].Node, func(m *graph.Node) bool { return m.Op == "Add" })
	if !ok {
		return false
	}
	first, a, ok := r.addend(second, func(m *graph.Node) bool { return m.Op == "Reshape" })
	if !ok || !r.single(first) || !isConstant(first.In[1]) || !r.scores(first.In[0].Node) {
		return false
	}
	m := first.In[0].Node
	joined, okShape := broadcastOf(shape(a), shape(b))
	if !slices.Equal(m.Out[0].Shape, n.Out[0].Shape) || !okShape || elements(joined) != elements(m.Out[0].Shape) {
		return false
	}
	terms := r.folded("Add", "opset1", numpyBroadcast, a, b)
	terms = r.folded("Reshape", "opset1", graph.Attrs{"special_zero": "true"}, terms, r.ints(1, m.Out[0].Shape...))
	return r.bypass(n, port(r.make("Add", "opset1", numpyBroadcast, port(m), terms)))
}

// addend returns the operand of the Add n that is of the wanted kind, and the other one.
func (r *rewriter) addend(n *graph.Node, wanted func(m *graph.Node) bool) (chain *graph.Node, other graph.Port, ok bool) {
	if n.Op != "Add" || !broadcasts(n) || !r.single(n) {
		return nil, other, false
	}
	for side := range n.In {
		if wanted(n.In[side].Node) && static(shape(n.In[1-side])) {
			return n.In[side].Node, n.In[1-side], true
		}
	}
	return nil, other, false
}

// extractRank takes the leading dimension of 1 from the other operand of the operation between the Reshapes in place of adding it. The plugin does not
// see then that the operation has lost the dimension, and takes a Softmax behind it for one that is not over the last.
func (t *tokenizer) extractRank(n *graph.Node) {
	r := t.rewriter
	e := n.In[0].Node
	if !isOp(e, arithmetic...) || !r.single(e) || !r.single(n) || !leadingOne(shape(n.In[0]), n.Out[0].Shape) {
		return
	}
	for side := range e.In {
		up, other := e.In[side].Node, e.In[1-side]
		if side == 1 && !isOp(e, commutative...) || up.Op != "Reshape" || !isConstant(up.In[1]) || !r.single(up) || !leadingOne(up.Out[0].Shape, shape(up.In[0])) {
			continue
		}
		s := shape(other)
		if !r.fromScores(up.In[0].Node) || !static(s) || len(s) != len(up.Out[0].Shape) || s[0] != 1 || r.only(other.Node) == nil {
			continue
		}
		lower := r.folded("Reshape", "opset1", graph.Attrs{"special_zero": "true"}, other, r.ints(1, s[1:]...))
		r.inherit(lower.Node, up)
		r.setAll(e, up.In[0], lower)
		r.infer(e)
		r.bypass(n, port(e))
		t.stale[e] = true
		return
	}
}

// leadingOne reports whether the larger shape is the smaller one behind a dimension of 1.
func leadingOne(large, small []int) bool {
	return static(large) && len(large) == len(small)+1 && large[0] == 1 && slices.Equal(large[1:], small)
}

// fromScores reports whether n is the first MatMul of attention, or one operation on that.
func (r *rewriter) fromScores(n *graph.Node) bool {
	if isOp(n, arithmetic...) && r.single(n) {
		return r.scores(n.In[0].Node) || isOp(n, commutative...) && r.scores(n.In[1].Node)
	}
	return r.scores(n)
}
