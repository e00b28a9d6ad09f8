package passes

import (
	"slices"

	"halfway/engine/graph"
)

// attention finds MatMul, Softmax over the last axis and MatMul, with the elementwise operations between them and the Transposes before, and
// makes one group of them. m is to be the first MatMul. Source: TokenizeMHASnippets.
func (t *tokenizer) attention(m *graph.Node) {
	if m.Op != "MatMul" || t.group[m] != nil || t.only(m) == nil || flag(m, "transpose_a") || !rank3or4(m.In[0]) || !rank3or4(m.In[1]) {
		return
	}
	a := &attention{tokenizer: t, ops: []*graph.Node{m}, params: 3, buffers: 1}
	softmax := a.follow(t.only(m))
	softmax, first, ok := a.reshaped(softmax)
	if !ok || softmax == nil || softmax.Op != "Softmax" || t.only(softmax) == nil || t.stale[softmax.In[0].Node] {
		return
	}
	if rank := len(softmax.Out[0].Shape); axis(number(softmax, "axis", 1), rank) != rank-1 {
		return
	}
	a.ops = append(a.ops, softmax)
	next, second, ok := a.reshaped(t.only(softmax))
	if !ok || (first == nil) != (second == nil) || first != nil && !slices.Equal(shape(first.In[0]), second.Out[0].Shape) {
		return
	}
	last := a.follow(next)
	if last == nil || last.Op != "MatMul" || flag(last, "transpose_a") || flag(last, "transpose_b") || !rank3or4(last.In[0]) || !rank3or4(last.In[1]) {
		return
	}
	a.before(m, last)
	a.ops = append(a.ops, last)
	a.behind(last)
	if a.params+1+a.buffers <= maxSubgraphPorts {
		a.complete(a.ops)
	}
}

func rank3or4(p graph.Port) bool { n := len(shape(p)); return n == 3 || n == 4 }

// attention is a match under way.
type attention struct {
	*tokenizer
	ops             []*graph.Node // in the plugin's order
	params, buffers int
}

// between reports whether n can stand between the MatMuls and Softmax.
func (a *attention) between(n *graph.Node) bool {
	return n != nil && isOp(n, slices.Concat(movable, []string{"Select"})...) && a.coded(n) && a.group[n] == nil
}

// follow takes the operations from n on along as long as each is read by the next alone; the result is what follows them.
func (a *attention) follow(n *graph.Node) *graph.Node {
	for a.between(n) {
		next := a.only(n)
		if next == nil {
			return nil
		}
		for _, p := range n.In {
			a.branch(p.Node)
		}
		a.params += params(n)
		a.ops = append(a.ops, n)
		n = next
	}
	return n
}

// branch takes the operations along that lead into another input, where only their input 0 is no scalar.
func (a *attention) branch(n *graph.Node) {
	at := len(a.ops)
	for a.between(n) && !a.skip[n] && !slices.Contains(a.ops, n) && a.only(n) != nil && scalarOperands(n) {
		a.ops = slices.Insert(a.ops, at, n)
		n = n.In[0].Node
	}
}

// scalarOperands reports whether the inputs of n behind the first have one element.
func scalarOperands(n *graph.Node) bool {
	return !slices.ContainsFunc(n.In[1:], func(p graph.Port) bool { return elements(shape(p)) != 1 })
}

// params is the number of inputs that n brings along.
func params(n *graph.Node) int {
	count := 0
	for _, p := range n.In[1:] {
		if !inside(p) {
			count++
		}
	}
	return count
}

// reshaped takes a Reshape along that keeps the last dimension.
func (a *attention) reshaped(n *graph.Node) (next, reshape *graph.Node, ok bool) {
	if n == nil || n.Op != "Reshape" {
		return n, nil, true
	}
	in, out := shape(n.In[0]), n.Out[0].Shape
	if !isConstant(n.In[1]) || a.only(n) == nil || len(in) == 0 || len(out) == 0 || in[len(in)-1] != out[len(out)-1] {
		return nil, nil, false
	}
	a.ops = append(a.ops, n)
	return a.only(n), n, true
}

// before takes along the Transposes of queries and values where they have the order that the kernels read. Keys are repacked in front of the
// kernel in bf16, so what computes them stays outside.
func (a *attention) before(m, last *graph.Node) {
	if q := m.In[0].Node; a.transposes(q, []int{0, 2, 1, 3}) {
		a.ops = slices.Insert(a.ops, 0, q)
	}
	if v := last.In[1].Node; a.transposes(v, []int{0, 2, 1, 3}) {
		a.ops = append(a.ops, v)
	}
}

// transposes reports whether n is a Transpose of that order which nothing else reads.
func (a *attention) transposes(n *graph.Node, order []int) bool {
	if n.Op != "Transpose" || a.only(n) == nil || a.group[n] != nil || !snippetType(n.Out[0].Type) {
		return false
	}
	got, ok := a.integers(n.In[1])
	return ok && slices.Equal(got, order)
}

// behind takes the operations behind the last MatMul along.
func (a *attention) behind(last *graph.Node) {
	ops := false
	for n := a.only(last); a.between(n) && a.only(n) != nil; n = a.only(n) {
		if more := a.params + params(n); more+1+a.buffers > maxSubgraphPorts+1 {
			break
		}
		a.params += params(n)
		a.ops = append(a.ops, n)
		ops = true
	}
	if ops {
		a.buffers++
	}
}

// complete makes a completed group of operations. Constants that the kernels need stay inside.
func (t *tokenizer) complete(ops []*graph.Node) {
	last := ops[len(ops)-1]
	g := &group{members: ops, outputs: []*graph.Node{last}, name: last.Name, order: t.order[last], completed: true}
	in := map[*graph.Node]bool{}
	for _, n := range ops {
		in[n] = true
	}
	seen := map[graph.Port]bool{}
	for _, n := range ops {
		for i, p := range n.In {
			shaping := isOp(n, "Transpose", "Reshape", "Broadcast") && i == 1
			if inside(p) || shaping && isConstant(p) || in[p.Node] || seen[p] {
				continue
			}
			seen[p] = true
			g.inputs = append(g.inputs, p)
		}
	}
	for _, n := range ops {
		t.group[n] = g
	}
	t.groups = append(t.groups, g)
}
