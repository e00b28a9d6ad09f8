package onnx

import (
	"slices"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// A cell is nodes of a graph that are written into the file in place of its own: the last one has its result there, the others lie between it and
// values of the file.
type cell struct {
	nodes []*Rounding // the last one's result is that of the cell
	names []string    // that the result has in the file
	at    int         // the first node of the file that makes one of them

	operands map[string]bool // values of the file that its nodes read
}

// write notes that r's node is written anew, with those in front of it that have no value in the file. It reports false where the file's own nodes
// say the same, or where one of these has no operator.
func (p *placer) write(r *Rounding) bool {
	if len(r.Node.Out) != 1 || len(r.Node.Bodies) > 0 {
		return false
	}
	c := &cell{at: given, operands: map[string]bool{}}
	for _, name := range r.Node.Out[0].Names {
		at, ok := p.producer[name]
		if !ok {
			continue
		}
		if at == given {
			return false
		}
		if c.names = append(c.names, name); c.at == given || at < c.at {
			c.at = at
		}
	}
	if c.names == nil {
		return false
	}
	differs := false
	if !p.collect(c, r, map[*graph.Node]bool{}, &differs) || !differs && p.says(c) {
		return false
	}
	dry := &rewriter{Model: p.model, Edit: Edit{holds: func([]int) bool { return false }, places: p.Places}, taken: map[string]bool{}}
	if _, ok := dry.inGraph(p.graph).cell(nil, c); !ok {
		return false
	}
	p.cells = append(p.cells, c)
	for _, r := range c.nodes {
		p.written[r.Node] = true
	}
	for _, name := range c.names {
		p.replaced[name] = true
	}
	return true
}

// collect adds r's node to c, behind those that it reads and that the file has no value for. Differs is set where there are such nodes, or constants
// that the file does not hold.
func (p *placer) collect(c *cell, r *Rounding, seen map[*graph.Node]bool, differs *bool) bool {
	if seen[r.Node] {
		return true
	}
	seen[r.Node] = true
	if writers[r.Node.Op].write == nil || len(r.Node.Out) != 1 || r.Node.Out[0].Type != tensor.F32 || len(seen) > maxRegion {
		return false
	}
	for _, port := range r.Node.In {
		switch {
		case port.Node.Op == "Constant":
			if port.Type() == tensor.F32 && !p.fixed.held(port.Node) {
				*differs = true
			}
		case port.Node.Op == "Parameter" || p.value(port) != "":
			for _, name := range port.Node.Out[port.Out].Names {
				c.operands[name] = true
			}
		default:
			inner := p.rounding[port.Node]
			*differs = *differs || !p.constant[port.Node]
			if inner == nil || !p.collect(c, inner, seen, differs) {
				return false
			}
		}
	}
	c.nodes = append(c.nodes, r)
	return true
}

// movers are the operators that compute nothing.
var movers = map[string]bool{"Cast": true, "Concat": true, "Constant": true, "ConstantOfShape": true, "Dropout": true, "Expand": true, "Flatten": true, "Gather": true,
	"Identity": true, "Reshape": true, "Shape": true, "Slice": true, "Split": true, "Squeeze": true, "Tile": true, "Transpose": true, "Unsqueeze": true}

// says reports whether the file computes the result of c, of one node, from its operands as c does. Another operator, or more of them, tell of a factor
// that the graph has taken elsewhere.
func (p *placer) says(c *cell) bool {
	op := c.nodes[0].Node.Op
	own := writers[op].own
	if op == "PowerStatic" {
		return false // its numbers may hold more than the file's operator
	}
	n, seen := 0, map[int]bool{}
	var walk func(name string) bool
	walk = func(name string) bool {
		at, ok := p.producer[name]
		if !ok || at == given || seen[at] {
			return true
		}
		seen[at] = true
		node := p.graph.nodes[at]
		if !movers[node.op] {
			if n++; n > 1 || !slices.Contains(own, node.op) {
				return false
			}
		}
		for _, in := range node.inputs {
			if !c.operands[in] && !walk(in) {
				return false
			}
		}
		return len(seen) <= maxRegion
	}
	return !slices.ContainsFunc(c.names, func(name string) bool { return !walk(name) })
}

// constants are those of a graph, as they are written.
type constants struct {
	model  *Model
	bySize map[int][]held // f32 constants of the main graph, by their number of elements
	found  map[*graph.Node]*fixed
	bytes  int // of those that the file does not hold
}

// held is a constant of the file.
type held struct {
	name string
	*tensorProto
}

// fixed is a constant: in the file, as it is or with rows and columns exchanged, or by its elements.
type fixed struct {
	name       string
	dims       []int
	transposed bool
	elements   []float32
}

// maxConstants bounds the bytes of constants that are written into a model, which protobuf limits to 2 GiB.
const maxConstants = 1 << 30

func (m *Model) newConstants() *constants {
	c := &constants{model: m, bySize: map[int][]held{}, found: map[*graph.Node]*fixed{}}
	add := func(name string, t *tensorProto) {
		if n, err := tensor.Elements(t.dims); err == nil && t.dtype == f32Code {
			c.bySize[n] = append(c.bySize[n], held{name, t})
		}
	}
	for _, t := range m.proto.graph.initializers {
		add(t.name, t)
	}
	for _, n := range m.proto.graph.nodes {
		if a := n.attrs["value"]; n.op == "Constant" && n.domain == "" && len(n.outputs) == 1 && a != nil && a.t != nil {
			add(n.outputs[0], a.t)
		}
	}
	return c
}

// held reports whether the file has the f32 constant n. What cannot be read counts as held: the built-in engine says what is wrong with it.
func (c *constants) held(n *graph.Node) bool {
	f := c.of(n)
	return f == nil || f.elements == nil
}

// of is the f32 constant n; nil where it cannot be read, or is too large to be written.
func (c *constants) of(n *graph.Node) *fixed {
	f, ok := c.found[n]
	if !ok {
		f = c.find(n)
		c.found[n] = f
	}
	return f
}

func (c *constants) find(n *graph.Node) *fixed {
	t, err := n.Value.Decode()
	if err != nil || t.Type != tensor.F32 {
		return nil
	}
	values := t.F32s()
	for _, own := range c.bySize[len(values)] {
		raw, err := c.model.raw(own.tensorProto)
		if err != nil {
			continue
		}
		o, err := raw.Decode()
		if err != nil || o.Type != tensor.F32 {
			continue
		}
		if slices.Equal(o.F32s(), values) {
			return &fixed{name: own.name, dims: own.dims}
		}
		if len(own.dims) == 2 && transposed(o.F32s(), values, own.dims[0], own.dims[1]) {
			return &fixed{name: own.name, dims: own.dims, transposed: true}
		}
	}
	if c.bytes += 4 * len(values); c.bytes > maxConstants {
		return nil
	}
	return &fixed{elements: slices.Clone(values)}
}

// transposed reports whether b is a, of so many rows and columns, with these exchanged.
func transposed(a, b []float32, rows, columns int) bool {
	for r := range rows {
		for c := range columns {
			if a[r*columns+c] != b[c*rows+r] {
				return false
			}
		}
	}
	return true
}
