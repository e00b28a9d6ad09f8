package onnx

import (
	"errors"
	"fmt"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/ops"
	"halfway/engine/tensor"
)

// An operator translates one node: it adds OpenVINO operations to the graph and returns the ports that stand for the node's outputs, or ends
// with call.fail. Ports of outputs that the node does not have are ignored; a zero Port stands for an optional output that is not given.
type operator func(c *call) []graph.Port

// operators are all translations, by nodeProto.key.
var operators = map[string]operator{}

// register adds a translation; every file registers what it holds from its init function.
func register(key string, o operator) {
	if operators[key] != nil {
		panic("onnx: " + key + " is registered twice")
	}
	operators[key] = o
}

// A builder makes one graph: the main one, or that of a body.
type builder struct {
	model   *Model
	g       *graph.Graph
	known   map[graph.Port]ops.Arg
	partial map[graph.Port][]int  // dimensions of values without a known shape (dims.go)
	outer   *scope                // of the node whose body this is
	caught  map[string]graph.Port // parameters that stand for outer values
	order   []string              // their names, in the order of the parameters

	sequences map[*graph.Node][]graph.Port // the values of each sequence
	visits    *int                         // of nodes, in all graphs of the model
}

// A scope is the values by name of a graph or of a function's call.
type scope struct {
	*builder
	parent *scope // around this one in the same graph
	values map[string]graph.Port
	types  map[string]*valueProto
	opsets map[string]int
	attrs  map[string]*attrProto // of the function's call
	depth  int                   // of function calls
}

// translate makes the main graph.
func (m *Model) translate(shapes map[string][]int) (*graph.Graph, error) {
	b := m.newBuilder(m.proto.graph.name, nil)
	s := b.scope(m.proto.graph)
	for _, v := range m.proto.graph.freeInputs() {
		t, err := dtypeOf(v.elemType)
		if err != nil {
			return nil, fmt.Errorf("input %q: %w", v.name, err)
		}
		shape := v.shape
		if given, ok := shapes[v.name]; ok {
			shape = given
		}
		s.values[v.name] = b.parameter(v.name, t, shape)
	}
	if err := s.fill(m.proto.graph); err != nil {
		return nil, err
	}
	order, err := b.g.Order()
	if err != nil {
		return nil, err
	}
	graph.UniqueNames(order, nil) // as OpenVINO's frontends end
	return b.g, nil
}

func (m *Model) newBuilder(name string, outer *scope) *builder {
	visits := new(int)
	if outer != nil {
		visits = outer.visits
	}
	return &builder{visits: visits, model: m, g: &graph.Graph{Name: name, File: m.path}, known: map[graph.Port]ops.Arg{}, partial: map[graph.Port][]int{}, outer: outer,
		caught: map[string]graph.Port{}, sequences: map[*graph.Node][]graph.Port{}}
}

func (b *builder) scope(p *graphProto) *scope {
	s := &scope{builder: b, values: map[string]graph.Port{}, types: p.values, opsets: b.model.proto.opsets}
	if b.outer != nil {
		s.opsets, s.attrs, s.depth = b.outer.opsets, b.outer.attrs, b.outer.depth
	}
	return s
}

// parameter adds a Parameter.
func (b *builder) parameter(name string, t tensor.DType, shape []int) graph.Port {
	n := b.g.Insert(&graph.Node{Op: "Parameter", Opset: "opset1", Name: name, Out: []graph.Output{{Type: t, Shape: shape, Names: []string{name}}}})
	b.g.Params = append(b.g.Params, n)
	p := graph.Port{Node: n}
	a := ops.Arg{Type: t, Shape: shape}
	if slices.Contains(shape, -1) {
		a.Shape, b.partial[p] = nil, shape
	}
	b.known[p] = a
	return p
}

// fill adds the initializers, nodes and results of p, whose inputs are set.
func (s *scope) fill(p *graphProto) error {
	if err := s.fillNodes(p); err != nil {
		return err
	}
	for _, v := range p.outputs {
		from, err := s.lookup(v.name)
		if err == nil && s.isSequence(from) {
			err = errors.New("an output that is a sequence is not supported")
		}
		if err != nil {
			return fmt.Errorf("output %q: %w", v.name, err)
		}
		s.result(v.name, from)
	}
	return nil
}

// fillNodes adds the initializers and nodes of p.
func (s *scope) fillNodes(p *graphProto) error {
	for _, t := range p.initializers {
		raw, err := s.model.raw(t)
		if err != nil {
			return fmt.Errorf("initializer %q: %w", t.name, err)
		}
		if err := s.initializer(t.name, raw); err != nil {
			return err
		}
	}
	for _, t := range p.sparse {
		raw, err := s.model.dense(t)
		if err != nil {
			return fmt.Errorf("sparse initializer: %w", err)
		}
		if err := s.initializer(t.values.name, raw); err != nil {
			return err
		}
	}
	return s.nodes(p.nodes)
}

func (s *scope) initializer(name string, raw *tensor.Raw) error {
	p, err := s.constant(name, raw)
	if err == nil {
		s.values[name] = p
		nameOutput(p, name)
	}
	return err
}

// constant adds a Constant.
func (b *builder) constant(name string, raw *tensor.Raw) (graph.Port, error) {
	n := b.g.Insert(&graph.Node{Op: "Constant", Opset: "opset1", Name: name, Value: raw, Out: []graph.Output{{Type: raw.Type, Shape: raw.Shape}}})
	if name == "" {
		n.Name = fmt.Sprintf("Constant_%d", n.ID)
	}
	a, err := ops.KnownConstant(n)
	if err != nil {
		return graph.Port{}, fmt.Errorf("constant %q: %w", name, err)
	}
	b.known[graph.Port{Node: n}] = a
	return graph.Port{Node: n}, nil
}

func (b *builder) result(name string, from graph.Port) {
	out := from.Node.Out[from.Out]
	n := b.g.Insert(&graph.Node{Op: "Result", Opset: "opset1", Name: name, In: []graph.Port{from}, Out: []graph.Output{{Type: out.Type, Shape: out.Shape}}})
	b.g.Results = append(b.g.Results, n)
	nameOutput(from, name)
	if b.outer == nil && len(from.Node.Out) == 1 && from.Node.Op != "Parameter" {
		from.Node.Name = name
	}
}

// nameOutput gives a value a tensor name, which users may call it by.
func nameOutput(p graph.Port, name string) {
	if o := &p.Node.Out[p.Out]; !slices.Contains(o.Names, name) {
		o.Names = append(o.Names, name)
	}
}

// lookup finds a value by name, in the graphs around this one too, from which it becomes a parameter.
func (s *scope) lookup(name string) (graph.Port, error) {
	if p, ok := s.values[name]; ok {
		return p, nil
	}
	if s.parent != nil {
		return s.parent.lookup(name)
	}
	if p, ok := s.caught[name]; ok {
		return p, nil
	}
	if s.outer == nil {
		return graph.Port{}, fmt.Errorf("nothing gives the value %q: the graph is not sorted, or damaged", name)
	}
	from, err := s.outer.lookup(name)
	if err != nil {
		return graph.Port{}, err
	}
	if s.outer.isSequence(from) {
		return graph.Port{}, fmt.Errorf("the sequence %q of an outer graph is not supported in a body", name)
	}
	a := s.outer.known[from]
	p := s.parameter(name, a.Type, s.outer.dims(from))
	s.known[p] = a
	s.caught[name] = p
	s.order = append(s.order, name)
	return p, nil
}

func (s *scope) nodes(list []*nodeProto) error {
	for _, n := range list {
		if err := s.node(n); err != nil {
			return fmt.Errorf("node %q (%s): %w", n.label(), n.key(), err)
		}
	}
	return nil
}

// maxVisits bounds the nodes that are translated: functions that call functions may stand for many more than a file has.
const maxVisits = 1 << 21

func (s *scope) node(n *nodeProto) error {
	if *s.visits++; *s.visits > maxVisits {
		return fmt.Errorf("the model has more than %d nodes with those of its functions", maxVisits)
	}
	c := &call{scope: s, node: n, opset: s.opset(n.domain)}
	if c.opset < 1 {
		return fmt.Errorf("opset %d of the domain %q is not known: the model's opset_import must name the version of its operators", c.opset, n.domain)
	}
	for _, name := range n.inputs {
		if name == "" {
			c.in = append(c.in, graph.Port{})
			continue
		}
		p, err := s.lookup(name)
		if err != nil {
			return err
		}
		c.in = append(c.in, p)
	}
	before := len(s.g.Nodes)
	out, err := c.translate()
	if err != nil {
		return err
	}
	return c.publish(out, before)
}

func (s *scope) opset(domain string) int {
	if v, ok := s.opsets[domain]; ok {
		return v
	}
	return s.model.proto.opset(domain)
}

// translate returns the ports that stand for the node's outputs.
func (c *call) translate() (out []graph.Port, err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case failure:
			err = p.error
		default:
			panic(p)
		}
	}()
	if f := c.model.proto.function(c.node); f != nil {
		return c.inline(f), nil
	}
	o := operators[c.node.key()]
	if o == nil {
		return nil, errors.New("the operator is not supported")
	}
	return o(c), nil
}

// publish gives the node's outputs their values and names. As in OpenVINO's frontend, an operation that the node made is called after the
// node, or where that has no name, after its last output; what the node only passes on keeps its name, unless the node is a Dropout.
func (c *call) publish(out []graph.Port, before int) error {
	for i, name := range c.node.outputs {
		if name == "" {
			continue
		}
		if i >= len(out) || out[i].Node == nil {
			return fmt.Errorf("output %d (%q) is not supported", i, name)
		}
		p := out[i]
		c.values[name] = p
		if c.isSequence(p) {
			continue
		}
		if p.Node.ID >= before || c.node.op == "Dropout" && p.Node.Op != "Parameter" && p.Node.Op != "Constant" {
			p.Node.Name = name
			if c.node.name != "" {
				p.Node.Name = c.node.name
			}
		}
		nameOutput(p, name)
	}
	return nil
}

// maxCalls bounds how deep functions call each other.
const maxCalls = 64

// inline translates the body of a function in the node's place.
func (c *call) inline(f *functionProto) []graph.Port {
	if c.depth >= maxCalls {
		c.fail("functions call each other deeper than %d", maxCalls)
	}
	s := &scope{builder: c.builder, values: map[string]graph.Port{}, opsets: f.opsets, attrs: map[string]*attrProto{}, depth: c.depth + 1}
	for i, name := range f.inputs {
		if i < len(c.in) && c.in[i].Node != nil {
			s.values[name] = c.in[i]
		}
	}
	for name, a := range f.defaults {
		s.attrs[name] = a
	}
	for name := range c.node.attrs {
		s.attrs[name] = c.attr(name)
	}
	c.checkIn("function "+f.name, s.nodes(f.nodes))
	var out []graph.Port
	for _, name := range f.outputs {
		out = append(out, s.values[name])
	}
	return out
}

// body translates a graph attribute into a body with the given parameters; outer values that it uses become further ones, which
// builder.order names.
func (c *call) body(p *graphProto, params func(s *scope)) (*scope, error) {
	s := c.model.newBuilder(p.name, c.scope).scope(p)
	params(s)
	return s, s.fill(p)
}
