package onnx

import (
	"slices"

	"halfway/engine/graph"
	"halfway/engine/ops"
	"halfway/engine/tensor"
)

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
