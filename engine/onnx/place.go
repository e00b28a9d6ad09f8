package onnx

import (
	"slices"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// A Rounding says when the operands and results of a node of a graph that was made of the model are rounded: an entry, by port, lists the
// candidates all of which must be enforced for it; nil is never.
type Rounding struct {
	Node    *graph.Node
	In, Out [][]int
}

// Places are where the roundings of a graph are in the model.
type Places struct {
	graphs   map[*graphProto]*placed
	fixed    *constants
	Unplaced []int // candidates that have a rounding between values of which the file has none; ascending
}

// placed are the places in one graph of the file.
type placed struct {
	values   map[string][]int // the condition on which a value is rounded where it is made
	reads    map[read][][]int // the conditions, on any of which a value is rounded for one reader
	cells    []*cell          // what is written anew
	replaced map[string]bool  // the values that cells make
}

// maxRegion bounds the nodes of the file that one node of a graph can stand for.
const maxRegion = 4096

// Place finds the values and inputs that the roundings are about, which come in an order in which dependencies are first. A node of a graph that
// passes made stands for the nodes of the file between its operands and its result, which are known by the names of their values. Where nodes of the
// graph lie between values of the file, or have constants that it does not hold, as those that a normalisation or a scale is folded into, they are
// written anew, if there are operators for them all; what cannot be written is rounded as far as the file has values for it.
func (m *Model) Place(roundings []Rounding) Places {
	p := &places{Places: Places{graphs: map[*graphProto]*placed{}, fixed: m.newConstants()}, model: m, rounding: map[*graph.Node]*Rounding{},
		constant: map[*graph.Node]bool{}, unplaced: map[int]bool{}, written: map[*graph.Node]bool{}}
	for i, r := range roundings {
		p.rounding[r.Node] = &roundings[i]
		p.constant[r.Node] = r.Node.Op == "Constant" || len(r.Node.In) > 0 && !slices.ContainsFunc(r.Node.In, func(in graph.Port) bool { return !p.constant[in.Node] })
	}
	inner := map[*graph.Graph]bool{}
	for _, r := range roundings {
		for _, b := range r.Node.Bodies {
			inner[b.Graph] = true
		}
	}
	body := map[*graph.Node]bool{}
	for g := range inner {
		for _, n := range g.Nodes {
			body[n] = true
		}
	}
	p.in(m.proto.graph, roundings, func(n *graph.Node) bool { return !body[n] })
	for _, r := range p.hidden {
		if !p.written[r.Node] {
			p.missAll(r)
		}
	}
	for at := range p.unplaced {
		p.Unplaced = append(p.Unplaced, at)
	}
	slices.Sort(p.Unplaced)
	return p.Places
}

// places places the roundings of all graphs.
type places struct {
	Places
	model    *Model
	rounding map[*graph.Node]*Rounding
	constant map[*graph.Node]bool
	unplaced map[int]bool
	hidden   []Rounding           // of nodes whose results the file does not have
	written  map[*graph.Node]bool // nodes of cells
}

// in places those of the roundings in the graph g of the file whose nodes it has, and those of the bodies in it.
func (p *places) in(g *graphProto, roundings []Rounding, has func(*graph.Node) bool) {
	c := &placer{places: p, graph: g, producer: map[string]int{}, floats: map[string]bool{},
		placed: &placed{values: map[string][]int{}, reads: map[read][][]int{}, replaced: map[string]bool{}}}
	p.graphs[g] = c.placed
	for _, v := range g.inputs {
		c.producer[v.name] = given
	}
	for i, n := range g.nodes {
		for _, name := range n.outputs {
			c.producer[name] = i
		}
		if n.op == "Constant" && n.domain == "" && len(n.outputs) == 1 {
			t := n.attrs["value"]
			c.floats[n.outputs[0]] = t != nil && t.t != nil && t.t.dtype == f32Code
		}
	}
	for _, t := range g.initializers {
		c.floats[t.name] = t.dtype == f32Code
	}
	for _, r := range roundings {
		if has(r.Node) {
			c.results(r)
			c.bodies(r.Node, roundings)
		}
	}
}

// bodies places the roundings in the bodies of n in those of the node of the file that it was made of.
func (c *placer) bodies(n *graph.Node, roundings []Rounding) {
	for i, b := range n.Bodies {
		inside := map[*graph.Node]bool{}
		for _, m := range b.Graph.Nodes {
			inside[m] = true
		}
		if g := c.body(n, i); g != nil {
			c.in(g, roundings, func(n *graph.Node) bool { return inside[n] })
			continue
		}
		for _, r := range roundings {
			if inside[r.Node] {
				c.missAll(r)
			}
		}
	}
}

// body is the graph of the file that the i-th body of n was made of, nil where it has none.
func (c *placer) body(n *graph.Node, i int) *graphProto {
	for o := range n.Out {
		at, ok := c.producer[c.value(graph.Port{Node: n, Out: o})]
		if !ok || at < 0 {
			continue
		}
		name := "body"
		if n.Op == "If" {
			name = [...]string{"then_branch", "else_branch"}[i%2]
		}
		if a := c.graph.nodes[at].attrs[name]; a != nil {
			return a.g
		}
	}
	return nil
}

// A placer places the roundings of one graph.
type placer struct {
	*places
	*placed
	graph    *graphProto
	producer map[string]int  // the node that makes a value; given where it comes from outside
	floats   map[string]bool // of constants: whether they are f32
}

const given = -1

// value is the file's first value among those that p's node gives at p; "" when it gives none.
func (p *placer) value(port graph.Port) string {
	first := ""
	for _, name := range port.Node.Out[port.Out].Names {
		if at, ok := p.producer[name]; ok && (first == "" || at < p.producer[first]) {
			first = name
		}
	}
	return first
}

// has reports whether the file has the value of an output.
func (p *placer) has(o graph.Output) bool {
	return slices.ContainsFunc(o.Names, func(name string) bool { _, ok := p.producer[name]; return ok })
}

// inside reports whether the file has no value for what is at port.
func (p *placer) inside(port graph.Port) bool {
	return port.Node.Op != "Parameter" && p.value(port) == ""
}

// results places the roundings of one node, if the file has its result.
func (p *placer) results(r Rounding) {
	if p.constant[r.Node] || r.Node.Op == "Parameter" || p.write(&r) {
		return
	}
	if !slices.ContainsFunc(r.Node.Out, func(o graph.Output) bool { return p.has(o) }) {
		p.hidden = append(p.hidden, r)
		return
	}
	c := &region{placer: p, operandOf: map[string][][]int{}, seen: map[int]role{}}
	for o, condition := range r.Out {
		first := len(c.roots)
		for _, name := range r.Node.Out[o].Names { // several where equal nodes, or ones that change nothing, became one
			if _, ok := p.producer[name]; ok {
				c.roots = append(c.roots, name)
				p.roundValue(name, condition)
			}
		}
		if len(c.roots) == first {
			p.miss(condition)
		}
	}
	c.operands(&r, map[*graph.Node]bool{})
	for _, root := range c.roots {
		if at := p.producer[root]; at != given {
			c.walk(at, role(addend))
		}
	}
}

// roundValue notes when a value is rounded: where it is made, or, where it comes from outside, for all that read it.
func (p *placer) roundValue(value string, condition []int) {
	if condition == nil {
		return
	}
	if p.producer[value] != given {
		p.values[value] = condition
		return
	}
	for i, n := range p.graph.nodes {
		for in, name := range n.inputs {
			if name == value {
				p.reads[read{i, in}] = append(p.reads[read{i, in}], condition)
			}
		}
	}
}

func (p *places) miss(condition []int) {
	for _, at := range condition {
		p.unplaced[at] = true
	}
}

func (p *places) missAll(r Rounding) {
	for _, condition := range slices.Concat(r.In, r.Out) {
		p.miss(condition)
	}
}

// A role is what a constant of a region is for.
type role int

const (
	addend role = 1 + iota // a bias, or the operand of an eltwise operation
	weight
)

// A region is the part of the file that nodes of a graph stand for of which only the last has its result in the file.
type region struct {
	*placer
	roots     []string
	operandOf map[string][][]int // operands: the conditions on which each is rounded, none for never
	constants [3][][]int         // by role: the conditions on which constants are rounded
	seen      map[int]role
}

// operands notes what the nodes of the region read, from r's on.
func (c *region) operands(r *Rounding, seen map[*graph.Node]bool) {
	if seen[r.Node] {
		return
	}
	seen[r.Node] = true
	for i, port := range r.Node.In {
		condition := r.In[i]
		switch {
		case c.constant[port.Node]:
			if condition != nil {
				kind := addend
				if i == 1 && contracts[r.Node.Op] {
					kind = weight
				}
				c.constants[kind] = append(c.constants[kind], condition)
			}
		case c.inside(port):
			if condition != nil {
				c.miss(condition)
			}
			if inner := c.rounding[port.Node]; inner != nil {
				c.operands(inner, seen)
			}
		default:
			for _, name := range port.Node.Out[port.Out].Names {
				if condition != nil {
					c.operandOf[name] = append(c.operandOf[name], condition)
				} else if _, ok := c.operandOf[name]; !ok {
					c.operandOf[name] = nil
				}
			}
		}
	}
}

// contracts are the operations whose input 1 are weights.
var contracts = map[string]bool{"Convolution": true, "GroupConvolution": true, "ConvolutionBackpropData": true, "GroupConvolutionBackpropData": true,
	"FullyConnected": true, "MatMul": true, "LSTMSequence": true, "GRUSequence": true, "RNNSequence": true}

// weighty are the operators of the file that take weights, with the first input that is none again.
var weighty = map[string]int{"Conv": 2, "ConvTranspose": 2, "Gemm": 2, "MatMul": 2, "LSTM": 3, "GRU": 3, "RNN": 3}

// walk places the reads of the file's i-th node and of what lies between it and the operands of the region. Constants on the way have a role.
func (c *region) walk(i int, kind role) {
	n := c.graph.nodes[i]
	if c.seen[i] != 0 || len(c.seen) > maxRegion || n.op == "Shape" || n.op == "Size" {
		return
	}
	c.seen[i] = kind
	for in, name := range n.inputs {
		own := kind
		if first, ok := weighty[n.op]; ok {
			if own = addend; in < first {
				own = weight
			}
		}
		at, made := c.producer[name]
		conditions, operand := c.operandOf[name]
		float, constant := c.floats[name]
		switch {
		case operand && !slices.Contains(c.roots, name):
			c.read(read{i, in}, conditions)
		case constant && float:
			c.read(read{i, in}, c.constants[own])
		case made && at != given && !constant:
			c.walk(at, own)
		}
	}
}

func (c *region) read(r read, conditions [][]int) {
	if len(conditions) > 0 {
		c.reads[r] = append(c.reads[r], conditions...)
	}
}

// Edit is the edit that rounds to t what is rounded where the candidates that has tells are enforced.
func (p Places) Edit(t tensor.DType, has func(candidate int) bool) Edit {
	return Edit{Type: t, places: p, holds: func(condition []int) bool {
		return condition != nil && !slices.ContainsFunc(condition, func(at int) bool { return !has(at) })
	}}
}
