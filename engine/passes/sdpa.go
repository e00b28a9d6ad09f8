package passes

import (
	"math"
	"slices"
	"strconv"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// decomposeAttention writes a ScaledDotProductAttention as Transpose, MatMul, Multiply, mask, Softmax and MatMul. The plugin keeps the node of
// language models, those with a cache in states, which have kernels for it. Source: ScaledDotProductAttentionDecomposition.
func decomposeAttention(r *rewriter, n *graph.Node) bool {
	if r.cachesAttention() && attentionSupported(n) {
		return false
	}
	q, k, v := n.In[0], n.In[1], n.In[2]
	if !spellable(n) {
		return false
	}
	rank := len(shape(k))
	order := make([]int, rank)
	for i := range order {
		order[i] = i
	}
	slices.Reverse(order[rank-2:])
	steps := &chain{r: r, from: n}
	scores := steps.make("MatMul", "opset1", graph.Attrs{"transpose_a": "false", "transpose_b": "false"}, q,
		steps.make("Transpose", "opset1", nil, k, steps.note(r.ints(1, order...))))
	scores = steps.make("Multiply", "opset1", numpyBroadcast, scores, steps.scale(q))
	if mask, ok := steps.mask(q, k); ok {
		scores = steps.make("Add", "opset1", numpyBroadcast, scores, mask)
	}
	weights := steps.make("Softmax", "opset8", graph.Attrs{"axis": "-1"}, scores)
	out := steps.make("MatMul", "opset1", graph.Attrs{"transpose_a": "false", "transpose_b": "false"}, weights, v)
	r.substitute(n, out.Node)
	return true
}

// spellable reports whether what the spelled attention is made of is known: the size of a head where no scale is given, and the numbers of queries
// and keys where these are masked by their places. One that is not stays as it is. (The plugin measures them while running.)
func spellable(n *graph.Node) bool {
	q, k := shape(n.In[0]), shape(n.In[1])
	if len(q) < 2 || len(k) < 2 || len(n.In) < 5 && q[len(q)-1] < 0 {
		return false
	}
	return !flag(n, "causal") || q[len(q)-2] >= 0 && k[len(k)-2] >= 0
}

// cachesAttention reports whether some attention keeps its keys and values in states.
func (r *rewriter) cachesAttention() bool {
	return slices.ContainsFunc(r.Nodes, func(n *graph.Node) bool { return n.Op == "ScaledDotProductAttentionWithKVCache" && !r.dead[n.ID] })
}

// growsState reports whether something is appended to what a state holds, as language models do.
func (r *rewriter) growsState() bool {
	return slices.ContainsFunc(r.Nodes, func(n *graph.Node) bool {
		if n.Op != "Concat" || r.dead[n.ID] {
			return false
		}
		past := n.In[0].Node
		for isOp(past, "Convert", "Gather") {
			past = past.In[0].Node
		}
		return past.Op == "ReadValue"
	})
}

var numpyBroadcast = graph.Attrs{"auto_broadcast": "numpy"}

// attentionSupported reports whether the plugin has a kernel for n: rank 3 or 4, and heads of the same size.
func attentionSupported(n *graph.Node) bool {
	s := shape(n.In[0])
	return len(s) == 4 || len(s) == 3
}

// A chain makes nodes that all stem from one.
type chain struct {
	r    *rewriter
	from *graph.Node
}

func (c *chain) make(op, opset string, attrs graph.Attrs, in ...graph.Port) graph.Port {
	return c.note(c.r.folded(op, opset, attrs, in...))
}

// note says that a node stems from the chain's.
func (c *chain) note(p graph.Port) graph.Port {
	c.r.inherit(p.Node, c.from)
	return p
}

// scale is the factor of the scores: input 4, else one over the square root of the head's size.
func (c *chain) scale(q graph.Port) graph.Port {
	if len(c.from.In) > 4 {
		return c.from.In[4]
	}
	s := shape(q)
	return c.note(c.r.like(q, 1/math.Sqrt(float64(s[len(s)-1]))))
}

// mask is what is added to the scores.
func (c *chain) mask(q, k graph.Port) (graph.Port, bool) {
	if flag(c.from, "causal") {
		return c.causal(q, k), true
	}
	if len(c.from.In) < 4 {
		return graph.Port{}, false
	}
	m := c.from.In[3]
	if m.Type() != tensor.Bool {
		return m, true
	}
	return c.make("Select", "opset1", numpyBroadcast, m, c.note(c.r.like(q, 0)), c.note(c.r.like(q, math.Inf(-1)))), true
}

// causal is minus infinity above the diagonal.
func (c *chain) causal(q, k graph.Port) graph.Port {
	sq, sk := shape(q), shape(k)
	rows, columns := sq[len(sq)-2], sk[len(sk)-2]
	index := func(n, axis int) graph.Port {
		start, step := c.r.ints(0, 0), c.r.ints(0, 1)
		line := c.make("Range", "opset4", graph.Attrs{"output_type": "i64"}, start, c.r.ints(0, n), step)
		return c.make("Unsqueeze", "opset1", nil, line, c.r.ints(0, axis))
	}
	later := c.make("Greater", "opset1", numpyBroadcast, index(columns, 0), index(rows, 1))
	return c.make("Select", "opset1", numpyBroadcast, later, c.note(c.r.like(q, math.Inf(-1))), c.note(c.r.like(q, 0)))
}

func itoa(i int) string { return strconv.Itoa(i) }
