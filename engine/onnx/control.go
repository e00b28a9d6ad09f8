package onnx

import (
	"fmt"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/ops"
	"halfway/engine/tensor"
)

func init() {
	register("If", ifNode)
	register("Loop", loop)
	register("Scan", scan)
}

// inner is a translated body with the outer values that it reads.
type inner struct {
	*scope
	body *graph.Body
}

// translated makes a body of a graph attribute. params adds the parameters that the operator defines.
func (c *call) translated(name string, params func(s *scope)) (*inner, error) {
	s, err := c.body(c.graph(name), params)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &inner{s, &graph.Body{Graph: s.g}}, nil
}

// graph is a graph attribute, which must be given.
func (c *call) graph(name string) *graphProto {
	a := c.attr(name)
	if a == nil || a.g == nil {
		c.fail("attribute %s is missing", name)
	}
	return a.g
}

// catch makes the outer values that a body reads inputs of the node, after those that are there.
func (c *call) catch(in []graph.Port, b *inner) []graph.Port {
	for _, name := range b.order {
		p, err := c.lookup(name)
		c.check(err)
		at := slices.Index(in, p)
		if at < 0 {
			at = len(in)
			in = append(in, p)
		}
		b.input(at, b.caught[name].Node, -1)
	}
	return in
}

// input maps input number external of the node to a parameter of the body.
func (b *inner) input(external int, param *graph.Node, axis int) {
	b.body.Inputs = append(b.body.Inputs, graph.PortMap{External: external, Internal: slices.Index(b.g.Params, param), Axis: axis, Start: 0, End: -1,
		Stride: 1, PartSize: 1})
}

func (b *inner) output(external, result, axis int, purpose string) {
	b.body.Outputs = append(b.body.Outputs, graph.PortMap{External: external, Internal: result, Axis: axis, Start: 0, End: -1, Stride: 1, PartSize: 1,
		Purpose: purpose})
}

// withBodies adds a node that has bodies; what is known of its outputs is given.
func (c *call) withBodies(op string, in []graph.Port, bodies []*inner, out []ops.Arg) []graph.Port {
	n := &graph.Node{Op: op, Opset: "opset8", In: in}
	for _, b := range bodies {
		n.Bodies = append(n.Bodies, b.body)
	}
	c.g.Insert(n)
	n.Name = fmt.Sprintf("%s_%d", op, n.ID)
	ports := make([]graph.Port, len(out))
	for o, a := range out {
		n.Out = append(n.Out, graph.Output{Type: a.Type, Shape: a.Shape})
		ports[o] = graph.Port{Node: n, Out: o}
		c.known[ports[o]] = a
	}
	return ports
}

// gives is what is known of result i of a body.
func (b *inner) gives(i int) ops.Arg {
	a := b.known[b.g.Results[i].In[0]]
	a.Value = nil
	return a
}

// ifNode chooses a branch now when the condition is known, since the branches then often have shapes that do not agree.
func ifNode(c *call) []graph.Port {
	if yes, ok := c.truth(c.input(0)); ok {
		return c.chosen(yes)
	}
	in := []graph.Port{c.convert(c.scalarShaped(0), tensor.Bool)}
	branches := c.branches()
	for _, b := range branches {
		in = c.catch(in, b)
		for i := range b.g.Results {
			b.output(i, i, -1, "")
		}
	}
	yes, no := branches[0], branches[1]
	if len(yes.g.Results) != len(no.g.Results) {
		c.fail("its branches have different numbers of outputs")
	}
	out := make([]ops.Arg, len(yes.g.Results))
	for i := range out {
		out[i] = yes.gives(i)
		other := no.gives(i)
		if other.Type != out[i].Type {
			c.fail("output %d is %s in one branch and %s in the other", i, out[i].Type, other.Type)
		}
		if !slices.Equal(out[i].Shape, other.Shape) {
			out[i].Shape = nil
		}
	}
	ports := c.withBodies("If", in, branches, out)
	for i, p := range ports {
		c.hint(p, alike(yes.dimsOf(i), no.dimsOf(i)))
	}
	return ports
}

// dimsOf are the dimensions of result i of a body.
func (b *inner) dimsOf(i int) []int { return b.dims(b.g.Results[i].In[0]) }

// branches translates both branches. One that does not fit the shapes at hand is not an error unless it is taken, as long as the other fits.
func (c *call) branches() []*inner {
	branches, errs := make([]*inner, 2), make([]error, 2)
	for i, name := range []string{"then_branch", "else_branch"} {
		branches[i], errs[i] = c.translated(name, func(*scope) {})
	}
	for i, err := range errs {
		if err == nil {
			continue
		}
		if errs[1-i] != nil {
			c.check(err)
		}
		branches[i] = c.unavailable(branches[1-i], err)
	}
	return branches
}

// unavailable is a branch that gives what other gives, but only errors.
func (c *call) unavailable(other *inner, reason error) *inner {
	s := &scope{builder: c.model.newBuilder("", c.scope)}
	in := &call{scope: s, node: c.node}
	for i, r := range other.g.Results {
		p := in.op("Unavailable", graph.Attrs{"reason": reason.Error(), "output_type": other.gives(i).Type.String()})
		p.Node.Precise = true // no node of the model: not counted
		s.result(r.Name, p)
	}
	return &inner{s, &graph.Body{Graph: s.g}}
}

func (c *call) truth(p graph.Port) (yes, known bool) {
	v := c.known[p].Value
	if v == nil || v.Type != tensor.Bool || v.Len() != 1 {
		return false, false
	}
	return tensor.Data[bool](v)[0], true
}

// nested is the scope of a graph whose nodes join those around it.
func (c *call) nested(p *graphProto) *scope {
	return &scope{builder: c.builder, parent: c.scope, values: map[string]graph.Port{}, types: p.values, opsets: c.opsets, attrs: c.attrs, depth: c.depth}
}

// chosen translates one branch in the node's place.
func (c *call) chosen(yes bool) []graph.Port {
	name := "else_branch"
	if yes {
		name = "then_branch"
	}
	g := c.graph(name)
	s := c.nested(g)
	c.checkIn(name, s.fillNodes(g))
	var out []graph.Port
	for _, v := range g.outputs {
		p, err := s.lookup(v.name)
		c.check(err)
		out = append(out, p)
	}
	return out
}

// loop: inputs M (trip count), cond and the initial values of carried ones; the body reads the iteration, the condition and the carried values,
// and gives the condition, the carried values and what is to be stacked.
func loop(c *call) []graph.Port {
	trips, more := c.i64(-1), c.convert(c.scalar(tensor.F32, 1), tensor.Bool)
	if c.has(0) {
		trips = c.scalarShaped(0)
	}
	if c.has(1) {
		more = c.scalarShaped(1)
	}
	carried := c.in[min(2, len(c.in)):]
	body := c.graph("body")
	if len(body.inputs) != len(carried)+2 || len(body.outputs) < len(carried)+1 {
		c.fail("its body does not fit its inputs")
	}
	b, err := c.translated("body", func(s *scope) {
		s.values[body.inputs[0].name] = s.parameter(body.inputs[0].name, tensor.I64, []int{})
		s.values[body.inputs[1].name] = s.parameter(body.inputs[1].name, tensor.Bool, []int{})
		for i, v := range body.inputs[2:] {
			s.values[v.name] = s.carried(v, c.known[carried[i]])
		}
	})
	c.check(err)
	in := c.catch(append([]graph.Port{trips, more}, carried...), b)
	b.body.Inputs = append(b.body.Inputs, graph.PortMap{External: -1, Internal: 0, Axis: -1, Purpose: "current_iteration"})
	b.input(1, b.g.Params[1], -1)
	for i := range carried {
		b.input(2+i, b.g.Params[2+i], -1)
		b.body.BackEdges = append(b.body.BackEdges, graph.BackEdge{From: 1 + i, To: 2 + i})
	}
	b.body.BackEdges = append(b.body.BackEdges, graph.BackEdge{From: 0, To: 1})
	b.output(-1, 0, -1, "execution_condition")
	return c.looped("Loop", in, b, b.stack(len(carried), 1), len(carried), 1)
}

// looped adds a loop of the given body, whose results from skip on are its outputs: carried ones, then those joined along a new axis 0.
func (c *call) looped(op string, in []graph.Port, b *inner, out []ops.Arg, carried, skip int) []graph.Port {
	ports := c.withBodies(op, in, []*inner{b}, out)
	for o, p := range ports {
		dims := slices.Clone(b.dimsOf(o + skip))
		if o < carried {
			dims = alike(dims, b.dims(graph.Port{Node: b.g.Params[b.carriedParam(o+skip)]}))
		} else if dims != nil {
			dims[0] = -1
		}
		c.hint(p, dims)
	}
	return ports
}

// carried is the parameter of a value that a loop carries: its shape may change from iteration to iteration, so only what the file declares or
// the outer value says counts.
func (s *scope) carried(v *valueProto, outer ops.Arg) graph.Port {
	shape := v.shape
	if shape == nil || slices.Contains(shape, -1) {
		shape = outer.Shape
	}
	return s.parameter(v.name, outer.Type, shape)
}

// stack describes the outputs of a loop: those carried, whose shape is known when it does not change, and those stacked along a new axis 0.
func (b *inner) stack(carried, skip int) []ops.Arg {
	var out []ops.Arg
	for i := skip; i < len(b.g.Results); i++ {
		a := b.gives(i)
		if i-skip < carried {
			b.output(i-skip, i, -1, "")
			if from := b.known[graph.Port{Node: b.g.Params[b.carriedParam(i)]}]; !slices.Equal(from.Shape, a.Shape) {
				a.Shape = nil
			}
			out = append(out, a)
			continue
		}
		b.unsqueeze(i)
		b.output(i-skip, i, 0, "")
		out = append(out, ops.Arg{Type: a.Type})
	}
	return out
}

// carriedParam is the parameter that result i feeds.
func (b *inner) carriedParam(i int) int {
	for _, e := range b.body.BackEdges {
		if e.From == i {
			return e.To
		}
	}
	return 0
}

// unsqueeze puts an axis of size 1 before those of result i, along which a loop joins.
func (b *inner) unsqueeze(i int) {
	c := &call{scope: b.scope, node: &nodeProto{attrs: map[string]*attrProto{}}}
	r := b.g.Results[i]
	r.In[0] = c.op("Unsqueeze", nil, r.In[0], c.i64s(0))
	r.Out[0].Shape = r.In[0].Node.Out[0].Shape
}

// scan cuts its last num_scan_inputs inputs along axes and carries the others; it is a TensorIterator.
func scan(c *call) []graph.Port {
	if c.opset < 9 {
		c.fail("opset %d is not supported, the least is 9", c.opset)
	}
	body := c.graph("body")
	scanned := c.int("num_scan_inputs", 0)
	carried := len(c.in) - scanned
	if scanned < 1 || carried < 0 || len(body.inputs) != len(c.in) || len(body.outputs) < carried {
		c.fail("its body does not fit its inputs")
	}
	axes, reversed := c.ints("scan_input_axes"), c.ints("scan_input_directions")
	at := func(list []int, i int) int {
		if i < len(list) {
			return list[i]
		}
		return 0
	}
	b, err := c.translated("body", func(s *scope) {
		for i, v := range body.inputs {
			a := c.known[c.in[i]]
			if i < carried {
				s.values[v.name] = s.carried(v, a)
				continue
			}
			axis := c.axis(c.in[i], at(axes, i-carried))
			var shape []int
			if a.Shape != nil && axis < len(a.Shape) {
				shape = slices.Clone(a.Shape)
				shape[axis] = 1
			}
			part := s.parameter(v.name+"/part", a.Type, shape)
			inner := &call{scope: s, node: &nodeProto{attrs: map[string]*attrProto{}}}
			s.values[v.name] = inner.op("Squeeze", nil, part, inner.i64s(axis))
		}
	})
	c.check(err)
	in := c.catch(slices.Clone(c.in), b)
	for i := range body.inputs {
		param := b.g.Params[i]
		if i < carried {
			b.input(i, param, -1)
			b.body.BackEdges = append(b.body.BackEdges, graph.BackEdge{From: i, To: i})
			continue
		}
		b.input(i, param, c.axis(c.in[i], at(axes, i-carried)))
		if at(reversed, i-carried) != 0 {
			b.reverse(&b.body.Inputs[len(b.body.Inputs)-1])
		}
	}
	out := b.stack(carried, 0)
	c.scanOutputs(b, carried)
	return c.looped("TensorIterator", in, b, out, carried, 0)
}

// reverse makes a map go from the end to the start.
func (b *inner) reverse(m *graph.PortMap) { m.Start, m.End, m.Stride = -1, 0, -1 }

// scanOutputs gives the joined outputs their directions; other axes than 0 are refused.
func (c *call) scanOutputs(b *inner, carried int) {
	for i, axis := range c.ints("scan_output_axes") {
		if axis != 0 {
			c.fail("scan_output_axes[%d]=%d is not supported", i, axis)
		}
	}
	directions := c.ints("scan_output_directions")
	if stacked := len(b.body.Outputs) - carried; len(directions) > stacked {
		c.fail("scan_output_directions has %d values for %d outputs", len(directions), stacked)
	}
	for i, d := range directions {
		if d != 0 {
			b.reverse(&b.body.Outputs[carried+i])
		}
	}
}
