package passes

import (
	"fmt"
	"slices"
	"strconv"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// A rewriter is a graph while passes change it. It knows who reads what, which nodes are gone, and keeps the first error; the graph stays
// well-formed after every call. A node that nothing reads any more is dead at once, with all that only it read.
type rewriter struct {
	*graph.Graph
	uses   [][]use // by node id, in the order in which they came to be; those that are no more are skipped when read
	count  []int   // by node id: uses, and one for a result, sink or parameter
	dead   []bool  // by node id
	unfold []bool  // by node id: constant folding leaves the node alone
	names  map[string]bool
	serial map[string]int                   // by operation: the last number of a generated name
	known  map[*graph.Node][]*tensor.Tensor // small values, by output, while shapes are being found
	place  map[*graph.Node]int              // in counting order, at the start of the pass that runs
	err    error

	varies   bool // some shape is not known in full
	symbols  *symbols
	named    map[*graph.Node][][]symbol // by output and dimension: the symbols of shapes that are not known in full
	partials map[*graph.Node][]*partial // by output: values that are known in part
	asked    map[*graph.Node]bool       // nodes that shapes are read from, directly or not

	looked   int64 // bytes of constants that were computed to look into them
	computed map[*tensor.Raw]bool
}

// A use is an input of a node.
type use struct {
	node *graph.Node
	in   int
}

func newRewriter(g *graph.Graph) *rewriter {
	r := &rewriter{Graph: g, names: map[string]bool{}, serial: map[string]int{}, symbols: newSymbols(), named: map[*graph.Node][][]symbol{},
		partials: map[*graph.Node][]*partial{}, asked: map[*graph.Node]bool{}, computed: map[*tensor.Raw]bool{}}
	n := len(g.Nodes)
	r.uses, r.count, r.dead, r.unfold = make([][]use, n), make([]int, n), make([]bool, n), make([]bool, n)
	for _, n := range g.Nodes {
		r.names[n.Name] = true
		r.enlist(n)
	}
	for _, roots := range [][]*graph.Node{g.Results, g.Sinks, g.Params} {
		for _, n := range roots {
			r.count[n.ID]++
		}
	}
	return r
}

// enlist records the inputs of n as uses.
func (r *rewriter) enlist(n *graph.Node) {
	for i, p := range n.In {
		r.uses[p.Node.ID] = append(r.uses[p.Node.ID], use{n, i})
		r.claim(p.Node)
	}
	for _, d := range n.Control {
		r.claim(d)
	}
}

// fail keeps the first error.
func (r *rewriter) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// add inserts a node whose inputs are set.
func (r *rewriter) add(n *graph.Node) *graph.Node {
	r.Insert(n)
	r.uses, r.count = append(r.uses, nil), append(r.count, 0)
	r.dead, r.unfold = append(r.dead, false), append(r.unfold, false)
	r.names[n.Name] = true
	r.enlist(n)
	return n
}

// generated returns a new name of the form that the plugin generates, Multiply_12, where its number is a counter of the process.
func (r *rewriter) generated(op string) string {
	for {
		r.serial[op]++
		if name := op + "_" + strconv.Itoa(r.serial[op]); !r.names[name] {
			return name
		}
	}
}

// make inserts a node of an operation under a generated name, made of nothing yet, and infers its outputs.
func (r *rewriter) make(op, opset string, attrs graph.Attrs, in ...graph.Port) *graph.Node {
	n := r.add(&graph.Node{Op: op, Opset: opset, Name: r.generated(op), Attrs: attrs, In: in, Fused: []string{}, Out: make([]graph.Output, 1)})
	r.infer(n)
	return n
}

// readers returns the uses of any output of n.
func (r *rewriter) readers(n *graph.Node) []use {
	seen := map[use]bool{} // what was taken away and given back is listed twice
	list := slices.DeleteFunc(r.uses[n.ID], func(u use) bool {
		gone := r.dead[u.node.ID] || u.in >= len(u.node.In) || u.node.In[u.in].Node != n || seen[u]
		seen[u] = true
		return gone
	})
	r.uses[n.ID] = list
	return list
}

// only returns the node that alone reads n, once; nil when there is none.
func (r *rewriter) only(n *graph.Node) *graph.Node {
	if list := r.readers(n); len(list) == 1 {
		return list[0].node
	}
	return nil
}

// feedsResult reports whether a Result reads p.
func (r *rewriter) feedsResult(p graph.Port) bool {
	return slices.ContainsFunc(r.readers(p.Node), func(u use) bool { return u.node.Op == "Result" && u.node.In[u.in] == p })
}

// set makes input i of n read p.
func (r *rewriter) set(n *graph.Node, i int, p graph.Port) {
	old := n.In[i]
	if old == p {
		return
	}
	n.In[i] = p
	r.claim(p.Node)
	if old.Node != p.Node {
		r.uses[p.Node.ID] = append(r.uses[p.Node.ID], use{n, i})
	}
	r.release(old.Node)
}

// setAll gives n other inputs.
func (r *rewriter) setAll(n *graph.Node, in ...graph.Port) {
	old := n.In
	n.In = in
	for i, p := range in {
		r.claim(p.Node)
		if i >= len(old) || old[i].Node != p.Node {
			r.uses[p.Node.ID] = append(r.uses[p.Node.ID], use{n, i})
		}
	}
	for _, p := range old {
		r.release(p.Node)
	}
}

// claim gives n one more use. One that was let go reads its inputs again.
func (r *rewriter) claim(n *graph.Node) {
	r.count[n.ID]++
	if !r.dead[n.ID] {
		return
	}
	r.dead[n.ID] = false
	for i, p := range n.In {
		r.uses[p.Node.ID] = append(r.uses[p.Node.ID], use{n, i})
		r.claim(p.Node)
	}
	for _, d := range n.Control {
		r.claim(d)
	}
}

// release takes one use from n, and lets it go when that was the last.
func (r *rewriter) release(n *graph.Node) {
	stack := []*graph.Node{n}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if r.count[n.ID]--; r.count[n.ID] > 0 || r.dead[n.ID] {
			continue
		}
		r.dead[n.ID] = true
		for _, p := range n.In {
			stack = append(stack, p.Node)
		}
		stack = append(stack, n.Control...)
	}
}

// redirect makes the readers of from read to. The value keeps the names by which a user may call it.
func (r *rewriter) redirect(from, to graph.Port) {
	if from == to {
		return
	}
	out := &to.Node.Out[to.Out]
	for _, name := range from.Node.Out[from.Out].Names {
		if !slices.Contains(out.Names, name) {
			out.Names = append(slices.Clone(out.Names), name)
		}
	}
	for _, u := range slices.Clone(r.readers(from.Node)) {
		if u.node.In[u.in] == from && u.node != to.Node {
			r.set(u.node, u.in, to)
		}
	}
}

// substitute puts n into the place of old: under its name, read by its readers.
func (r *rewriter) substitute(old, n *graph.Node) {
	n.Name = old.Name
	n.Precise = n.Precise || old.Precise
	for o := range old.Out {
		r.redirect(graph.Port{Node: old, Out: o}, graph.Port{Node: n, Out: o})
	}
}

// bypass removes n, whose output 0 equals the value at p: p's node takes over its readers and its names. A value that a result reads keeps its
// friendly name, which it can't when a parameter provides it or another result reads it too.
func (r *rewriter) bypass(n *graph.Node, p graph.Port) bool {
	named := r.feedsResult(graph.Port{Node: n})
	if named && (p.Node.Op == "Parameter" || r.feedsResult(p)) {
		return false
	}
	r.inherit(p.Node, p.Node, n)
	if named {
		p.Node.Name = n.Name
	}
	r.redirect(graph.Port{Node: n}, p)
	return true
}

// inherit says that n is made of what the given nodes were made of.
func (r *rewriter) inherit(n *graph.Node, from ...*graph.Node) {
	var names []string
	for _, f := range from {
		if f.Fused == nil {
			names = append(names, f.Name)
		}
		names = append(names, f.Fused...)
	}
	if len(names) == 0 {
		return
	}
	slices.Sort(names)
	n.Fused = slices.Compact(names)
}

// each calls visit for every live node, dependencies first, in the order at the start.
func (r *rewriter) each(visit func(n *graph.Node)) {
	order, err := r.Order()
	if err != nil {
		r.fail(err)
		return
	}
	r.place = make(map[*graph.Node]int, len(order))
	for i, n := range order {
		r.place[n] = i
	}
	for _, n := range r.Nodes { // what no result needs any more reads nothing any more
		if _, counted := r.place[n]; !counted {
			r.dead[n.ID] = true
		}
	}
	for _, n := range order {
		if !r.dead[n.ID] && r.err == nil {
			visit(n)
		}
	}
}

// finish drops what is dead and returns the graph.
func (r *rewriter) finish() (*graph.Graph, error) {
	if r.err != nil {
		return nil, fmt.Errorf("%s: %w", r.File, r.err)
	}
	for _, n := range r.Nodes {
		if slices.Equal(n.Fused, []string{n.Name}) {
			n.Fused = nil
		}
	}
	r.Prune()
	return r.Graph, nil
}
