package passes

import (
	"math"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// tokenized are the operations that snippets make Subgraphs of.
var tokenized = []string{"Abs", "Clamp", "Floor", "Ceiling", "Elu", "Erf", "Exp", "LogicalNot", "Negative", "Relu", "Round", "Sigmoid", "Sqrt", "Tanh",
	"Gelu", "Swish", "HSwish", "HSigmoid", "SoftSign", "Convert", "Add", "Divide", "Equal", "FloorMod", "Greater", "GreaterEqual", "Less", "LessEqual", "LogicalAnd",
	"LogicalOr", "LogicalXor", "Maximum", "Minimum", "Mod", "Multiply", "NotEqual", "PRelu", "Power", "SquaredDifference", "Subtract", "Xor",
	"Select", "FakeQuantize"}

// maxSubgraphPorts is the number of inputs and outputs that one Subgraph may have: its kernels keep a pointer to each in a register.
const maxSubgraphPorts = 11

// snippets puts attention and chains of elementwise operations into Subgraphs. Source: SnippetsTokenization and how the CPU plugin sets it up.
func snippets(r *rewriter) {
	t := &tokenizer{rewriter: r, group: map[*graph.Node]*group{}, order: map[*graph.Node]int{}, skip: r.skipped(),
		now: map[graph.Port]graph.Port{}, stale: map[*graph.Node]bool{}}
	r.each(t.extractReshapes)
	r.each(func(n *graph.Node) { t.order[n] = len(t.order) })
	if !r.cachesAttention() && !r.growsState() {
		r.each(t.attention) // attention of language models is left to their own nodes
	}
	r.each(t.sequence)
	r.each(func(n *graph.Node) {
		if t.group[n] == nil && !t.skip[n] && t.appropriate(n) && !t.constantInputs(n) {
			t.take(n)
		}
	})
	t.build()
}

// tokenizer groups nodes into what become Subgraphs.
type tokenizer struct {
	*rewriter
	group  map[*graph.Node]*group
	groups []*group
	order  map[*graph.Node]int // place in counting order, before tokenization
	skip   map[*graph.Node]bool
	now    map[graph.Port]graph.Port // values that Subgraphs give already
	stale  map[*graph.Node]bool      // the plugin takes them for what they were before it took a dimension from them
}

// A group is a Subgraph to be. Merging leaves the merged ones empty.
type group struct {
	members   []*graph.Node
	inputs    []graph.Port  // in the order of the Subgraph's inputs
	outputs   []*graph.Node // members that are read outside
	name      string
	order     int
	completed bool // takes nothing more along
}

// appropriate reports whether snippets have code for n and all its shapes are known, as they must be outside of attention.
func (t *tokenizer) appropriate(n *graph.Node) bool {
	open := func(p graph.Port) bool { return !static(shape(p)) }
	return t.coded(n) && static(n.Out[0].Shape) && !slices.ContainsFunc(n.In, open)
}

// coded reports whether snippets have code for n.
func (t *tokenizer) coded(n *graph.Node) bool {
	if !isOp(n, tokenized...) || len(n.Out) != 1 || n.Out[0].Shape == nil || len(n.Out[0].Shape) > 6 || !snippetType(n.Out[0].Type) {
		return false
	}
	if n.Op == "Swish" && len(n.In) > 1 && !isConstant(n.In[1]) || fromTable(n) {
		return false
	}
	for _, p := range n.In {
		if shape(p) == nil || len(shape(p)) > 6 || !snippetType(p.Type()) {
			return false
		}
	}
	return true
}

// fromTable reports whether n widens the rows that a Gather picks from a compressed table.
func fromTable(n *graph.Node) bool {
	return n.Op == "Convert" && n.In[0].Node.Op == "Gather" && n.In[0].Type() == tensor.F16
}

// snippetType reports whether snippets compute in an element type; booleans are u8 to the plugin.
func snippetType(t tensor.DType) bool {
	return t == tensor.F32 || t == tensor.BF16 || t == tensor.F16 || t == tensor.I8 || t == tensor.U8 || t == tensor.Bool
}

func (t *tokenizer) constantInputs(n *graph.Node) bool {
	return !slices.ContainsFunc(n.In, func(p graph.Port) bool { return !isConstant(p) })
}

// place is where the plugin counts the node, or the Subgraph that holds it.
func (t *tokenizer) place(n *graph.Node) int {
	if g := t.group[n]; g != nil {
		return g.order
	}
	return t.order[n]
}

// inside reports whether a constant goes into the body of a Subgraph rather than being an input of it.
func inside(p graph.Port) bool { return isConstant(p) && elements(shape(p)) == 1 }

// take makes n a part of the groups that it reads, where no cycle comes of it and a Subgraph can have as many ports, or a group of its own.
func (t *tokenizer) take(n *graph.Node) {
	limits := &bounds{tokenizer: t, node: n, low: -1, high: math.MaxInt}
	limits.allow([]*graph.Node{n}, n.In)
	g := &group{order: t.order[n], name: n.Name}
	var from []*group
	results := t.resultReaders(n)
	for _, p := range n.In {
		source := t.group[p.Node]
		switch {
		case source != nil && slices.Contains(from, source):
		case source != nil && !source.completed && limits.allow(source.outputs, source.inputs):
			from = append(from, source)
			if slices.ContainsFunc(source.outputs, func(o *graph.Node) bool { return t.resultReaders(o) > 0 }) {
				g.name = source.name
				results++
			}
			for _, q := range source.inputs {
				if s := t.group[q.Node]; !slices.Contains(g.inputs, q) && !(s != nil && slices.Contains(n.In, q) && !s.completed) {
					g.inputs = append(g.inputs, q)
				}
			}
		case !inside(p):
			g.inputs = append(g.inputs, p)
		}
	}
	g.inputs = slices.DeleteFunc(g.inputs, func(p graph.Port) bool { s := t.group[p.Node]; return s != nil && slices.Contains(from, s) })
	for _, f := range from {
		for _, o := range f.outputs {
			if t.readOutside(o, append(from, nil), n) {
				g.outputs = append(g.outputs, o)
			}
		}
	}
	g.outputs = append(g.outputs, n)
	if len(from) > 0 && (results > 1 || len(g.inputs)+len(g.outputs) > maxSubgraphPorts || !t.broadcastable(g.outputs)) {
		from = nil
	}
	if len(from) == 0 {
		g = t.alone(n)
	}
	t.merge(g, from, n)
}

// alone is the group of n alone.
func (t *tokenizer) alone(n *graph.Node) *group {
	g := &group{order: t.order[n], name: n.Name, outputs: []*graph.Node{n}}
	for _, p := range n.In {
		if !inside(p) && !slices.Contains(g.inputs, p) {
			g.inputs = append(g.inputs, p)
		}
	}
	return g
}

// merge moves the members of groups, and n, into g.
func (t *tokenizer) merge(g *group, from []*group, n *graph.Node) {
	for i, f := range from {
		if i == 0 {
			g.members = f.members // grows in place: only one group may go on with it
		} else {
			g.members = append(g.members, f.members...)
		}
		for _, m := range f.members {
			t.group[m] = g
		}
		f.members = nil
	}
	g.members = append(g.members, n)
	t.group[n] = g
	t.groups = append(t.groups, g)
}

// resultReaders is the number of results that read n.
func (t *tokenizer) resultReaders(n *graph.Node) int {
	count := 0
	for _, u := range t.readers(n) {
		if u.node.Op == "Result" {
			count++
		}
	}
	return count
}

// readOutside reports whether something else than n and the given groups reads o.
func (t *tokenizer) readOutside(o *graph.Node, groups []*group, n *graph.Node) bool {
	return slices.ContainsFunc(t.readers(o), func(u use) bool {
		g := t.group[u.node]
		return u.node != n && (g == nil || !slices.Contains(groups, g))
	})
}

// broadcastable reports whether the shapes of all nodes broadcast to one.
func (t *tokenizer) broadcastable(nodes []*graph.Node) bool {
	joined, ok := nodes[0].Out[0].Shape, true
	for _, n := range nodes[1:] {
		if joined, ok = broadcastOf(joined, n.Out[0].Shape); !ok {
			return false
		}
	}
	return true
}

// broadcastOf is the shape that two broadcast to, where they do.
func broadcastOf(a, b []int) ([]int, bool) {
	if len(b) > len(a) {
		a, b = b, a
	}
	joined := slices.Clone(a)
	missing := len(a) - len(b)
	for i, d := range b {
		switch j := joined[i+missing]; {
		case j == d, d == 1:
		case j == 1:
			joined[i+missing] = d
		default:
			return nil, false
		}
	}
	return joined, true
}

// bounds are the places in counting order between which a Subgraph must lie: behind all that it reads, before all that reads it.
type bounds struct {
	*tokenizer
	node      *graph.Node
	low, high int
}

// allow narrows the bounds by a group that writes outputs and reads inputs, unless nothing would be left.
func (b *bounds) allow(outputs []*graph.Node, inputs []graph.Port) bool {
	low, high := b.low, b.high
	for _, p := range inputs {
		if !isOp(p.Node, "Constant", "Parameter") {
			low = max(low, b.place(p.Node))
		}
	}
	for _, o := range outputs {
		for _, u := range b.readers(o) {
			if g := b.group[u.node]; u.node != b.node && u.node.Op != "Result" && (g == nil || g != b.group[o]) {
				high = min(high, b.place(u.node))
			}
		}
	}
	if low >= high {
		return false
	}
	b.low, b.high = low, high
	return true
}
