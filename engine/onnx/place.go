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

// Places are where the roundings of a graph are in the model's main graph.
type Places struct {
	Values   map[string][]int // the condition on which a value is rounded where it is made
	Reads    map[Read][][]int // the conditions, on any of which a value is rounded for one reader
	Unplaced []int            // candidates that have a rounding between values of which the file has none; ascending
}

// maxRegion bounds the nodes of the file that one node of a graph can stand for.
const maxRegion = 4096

// Place finds the values and inputs that the roundings are about. A node of a graph that passes made stands for the nodes of the file between its
// operands and its result, which are known by the names of their values; a value that the file does not have is inside of the node that reads it.
func (m *Model) Place(roundings []Rounding) Places {
	p := &placer{graph: m.proto.graph, producer: map[string]int{}, floats: map[string]bool{}, rounding: map[*graph.Node]*Rounding{},
		constant: map[*graph.Node]bool{}, unplaced: map[int]bool{}, Places: Places{Values: map[string][]int{}, Reads: map[Read][][]int{}}}
	for i, n := range m.proto.graph.nodes {
		for _, name := range n.outputs {
			p.producer[name] = i
		}
		if n.op == "Constant" && n.domain == "" && len(n.outputs) == 1 {
			t := n.attrs["value"]
			p.floats[n.outputs[0]] = t != nil && t.t != nil && t.t.dtype == f32Code
		}
	}
	for _, t := range m.proto.graph.initializers {
		p.floats[t.name] = t.dtype == f32Code
	}
	for i, r := range roundings {
		p.rounding[r.Node] = &roundings[i]
		p.constant[r.Node] = r.Node.Op == "Constant" || len(r.Node.In) > 0 && !slices.ContainsFunc(r.Node.In, func(in graph.Port) bool { return !p.constant[in.Node] })
	}
	for _, r := range roundings {
		p.results(r)
	}
	for at := range p.unplaced {
		p.Unplaced = append(p.Unplaced, at)
	}
	slices.Sort(p.Unplaced)
	return p.Places
}

type placer struct {
	Places
	graph    *graphProto
	producer map[string]int  // the node that makes a value
	floats   map[string]bool // of constants: whether they are f32
	rounding map[*graph.Node]*Rounding
	constant map[*graph.Node]bool
	unplaced map[int]bool
}

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

// inside reports whether the file has no value for what is at port.
func (p *placer) inside(port graph.Port) bool {
	return port.Node.Op != "Parameter" && p.value(port) == ""
}

// results places the roundings of one node, if the file has its result.
func (p *placer) results(r Rounding) {
	if p.constant[r.Node] {
		return
	}
	c := &cell{placer: p, reads: map[string][][]int{}, seen: map[int]role{}}
	for o, condition := range r.Out {
		value := p.value(graph.Port{Node: r.Node, Out: o})
		switch {
		case value != "":
			c.roots = append(c.roots, value)
			if condition != nil {
				p.Values[value] = condition
			}
		case condition != nil:
			p.miss(condition)
		}
	}
	if c.roots == nil {
		return
	}
	c.operands(&r, map[*graph.Node]bool{})
	for _, root := range c.roots {
		c.walk(p.producer[root], role(addend))
	}
}

func (p *placer) miss(condition []int) {
	for _, at := range condition {
		p.unplaced[at] = true
	}
}

// A role is what a constant of a cell is for.
type role int

const (
	addend role = 1 + iota // a bias, or the operand of an eltwise operation
	weight
)

// A cell is the part of the file that nodes of a graph stand for of which only the last has its result in the file.
type cell struct {
	*placer
	roots     []string
	reads     map[string][][]int // operands: the conditions on which each is rounded, none for never
	constants [3][][]int         // by role: the conditions on which constants are rounded
	seen      map[int]role
}

// operands notes what the nodes of the cell read, from r's on.
func (c *cell) operands(r *Rounding, seen map[*graph.Node]bool) {
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
					c.reads[name] = append(c.reads[name], condition)
				} else if _, ok := c.reads[name]; !ok {
					c.reads[name] = nil
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

// walk places the reads of the file's i-th node and of what lies between it and the operands of the cell. Constants on the way have a role.
func (c *cell) walk(i int, kind role) {
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
		conditions, operand := c.reads[name]
		float, constant := c.floats[name]
		switch {
		case operand && !slices.Contains(c.roots, name):
			c.read(Read{i, in}, conditions)
		case constant && float:
			c.read(Read{i, in}, c.constants[own])
		case made && !constant:
			c.walk(at, own)
		}
	}
}

func (c *cell) read(r Read, conditions [][]int) {
	if len(conditions) > 0 {
		c.Reads[r] = append(c.Reads[r], conditions...)
	}
}

// Edit is the edit that rounds to t what is rounded where the candidates that has tells are enforced.
func (p Places) Edit(t tensor.DType, has func(candidate int) bool) Edit {
	holds := func(condition []int) bool {
		return !slices.ContainsFunc(condition, func(at int) bool { return !has(at) })
	}
	e := Edit{Type: t, Values: map[string]bool{}, Reads: map[Read]bool{}}
	for value, condition := range p.Values {
		if holds(condition) {
			e.Values[value] = true
		}
	}
	for r, conditions := range p.Reads {
		if slices.ContainsFunc(conditions, holds) {
			e.Reads[r] = true
		}
	}
	return e
}
