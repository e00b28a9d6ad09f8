package builtin

import (
	"fmt"
	"strconv"

	"halfway/engine/graph"
	"halfway/engine/ops"
	"halfway/engine/tensor"
)

// A flow is what If, Loop and TensorIterator add to a step: plans of their bodies, and steps that cut and join what iterations read and
// write. Their semantics: OpenVINO's operation specifications of If-8, Loop-5 and TensorIterator-1.
type flow struct {
	owner  *plan
	step   *step
	bodies []*plan
	cut    map[int]*step // by place in Inputs: the Slice that gives an iteration its part
	join   map[int]*step // by place in Outputs: the Concat of the iterations' parts
}

// maxTrips bounds the iterations of a loop; more are refused as hostile or absurd.
const maxTrips = 1 << 18

// controls are the operations with bodies that the engine itself runs: how many bodies, and how many inputs at least, the condition of an If,
// trip count and condition of a Loop.
var controls = map[string]struct{ bodies, inputs int }{"If": {2, 1}, "Loop": {1, 2}, "TensorIterator": {1, 0}}

// flow plans the bodies of s.
func (b *planner) flow(p *plan, s *step) (*flow, error) {
	f := &flow{owner: p, step: s, cut: map[int]*step{}, join: map[int]*step{}}
	n := s.node
	if want := controls[n.Op]; len(n.Bodies) != want.bodies || len(n.In) < want.inputs {
		return nil, fmt.Errorf("it has %d bodies and %d inputs, expected %d and at least %d", len(n.Bodies), len(n.In), want.bodies, want.inputs)
	}
	for i, body := range n.Bodies {
		inner, err := b.plan(body.Graph, p.path+"/"+n.Name+map[bool]string{true: []string{"/then", "/else"}[i%2]}[n.Op == "If"])
		if err != nil {
			return nil, err
		}
		f.bodies = append(f.bodies, inner)
		if err := f.check(body, inner); err != nil {
			return nil, err
		}
	}
	if n.Op == "If" {
		return f, nil
	}
	for i, m := range n.Bodies[0].Inputs {
		if m.Axis >= 0 && m.External >= 0 {
			f.cut[i] = b.inner(n, "Slice", nil, 5)
		}
	}
	for i, m := range n.Bodies[0].Outputs {
		if m.Axis >= 0 && m.External >= 0 {
			f.join[i] = b.inner(n, "Concat", graph.Attrs{"axis": strconv.Itoa(m.Axis)}, 1)
		}
	}
	for _, s := range f.parts() {
		if err := s.bind(); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (f *flow) parts() []*step {
	var r []*step
	for i := range f.step.node.Bodies[0].Inputs {
		if s := f.cut[i]; s != nil {
			r = append(r, s)
		}
	}
	for i := range f.step.node.Bodies[0].Outputs {
		if s := f.join[i]; s != nil {
			r = append(r, s)
		}
	}
	return r
}

// inner makes a step that no node of the file stands for. It has as many slots as it needs to tell its operands apart.
func (b *planner) inner(of *graph.Node, op string, attrs graph.Attrs, slots int) *step {
	n := &graph.Node{Op: op, Opset: "opset8", Name: of.Name, Attrs: attrs, Out: make([]graph.Output, 1)}
	s := &step{index: b.steps, node: n, candidate: -1, out: b.slots}
	b.steps++
	b.slots += slots
	return s
}

// check makes sure that every parameter of a body gets a value, and that what a body gives exists.
func (f *flow) check(body *graph.Body, inner *plan) error {
	fed := make([]bool, len(inner.params))
	for _, m := range body.Inputs {
		if m.External >= len(f.step.in) || m.Internal >= len(fed) || m.Axis >= 0 && m.Stride == 0 {
			return fmt.Errorf("input map %+v does not fit the node or its body", m)
		}
		fed[m.Internal] = true
	}
	for _, m := range body.Outputs {
		if m.External >= len(f.step.node.Out) || m.Internal >= len(inner.results) {
			return fmt.Errorf("output map %+v does not fit the node or its body", m)
		}
	}
	for i, ok := range fed {
		if !ok {
			return fmt.Errorf("parameter %q of the body gets no value", body.Graph.Params[i].Name)
		}
	}
	return nil
}

// infer finds what is known before running of the outputs, and the work of all iterations.
func (f *flow) infer(known []ops.Arg, args []ops.Arg) (specs []ops.Spec, macs int64, err error) {
	n := f.step.node
	specs = make([]ops.Spec, len(n.Out))
	for o := range specs {
		specs[o].Type = n.Out[o].Type
	}
	for i, body := range n.Bodies {
		inner := f.bodies[i]
		results, err := inner.infer(known, f.paramArgs(body, inner, args))
		if err != nil {
			return nil, 0, err
		}
		if n.Op == "If" {
			f.inferBranch(specs, body, results, i == 0)
			macs = max(macs, inner.macs)
			continue
		}
		trips := f.knownTrips(args)
		f.inferLoop(specs, body, results, trips)
		macs = max(trips, 1) * inner.macs
	}
	return specs, macs, nil
}

// paramArgs is what is known of a body's parameters, whose values differ between iterations.
func (f *flow) paramArgs(body *graph.Body, inner *plan, args []ops.Arg) []ops.Arg {
	params := make([]ops.Arg, len(inner.params))
	for i, p := range inner.graph.Params {
		params[i].Type = p.Out[0].Type
	}
	for _, m := range body.Inputs {
		if m.External < 0 {
			params[m.Internal].Shape = staticShape(inner.graph.Params[m.Internal].Out[0].Shape)
			continue
		}
		a := args[m.External]
		a.Value = nil
		if m.Axis >= 0 && m.Axis < len(a.Shape) {
			a.Shape = append([]int{}, a.Shape...)
			a.Shape[m.Axis] = m.PartSize
		}
		params[m.Internal] = a
	}
	return params
}

// staticShape is shape without dynamic dimensions, else nil.
func staticShape(shape []int) []int {
	for _, d := range shape {
		if d < 0 {
			return nil
		}
	}
	return shape
}

// inferBranch joins what both branches of an If give: shapes that differ are not known.
func (f *flow) inferBranch(specs []ops.Spec, body *graph.Body, results []ops.Arg, first bool) {
	for _, m := range body.Outputs {
		if m.External < 0 {
			continue
		}
		shape := results[m.Internal].Shape
		if !first && fmt.Sprint(shape) != fmt.Sprint(specs[m.External].Shape) {
			shape = nil
		}
		specs[m.External].Shape = shape
	}
}

func (f *flow) inferLoop(specs []ops.Spec, body *graph.Body, results []ops.Arg, trips int64) {
	for _, m := range body.Outputs {
		shape := results[m.Internal].Shape
		if m.External < 0 || shape == nil || m.Axis >= 0 && (trips <= 0 || m.Axis >= len(shape)) {
			continue
		}
		shape = append([]int{}, shape...)
		if m.Axis >= 0 {
			shape[m.Axis] *= int(trips)
		}
		specs[m.External].Shape = shape
	}
}

// knownTrips is the number of iterations that follows from shapes and constants, 0 when it does not.
func (f *flow) knownTrips(args []ops.Arg) int64 {
	trips := int64(0)
	if f.step.node.Op == "Loop" {
		if v := args[0].Value; v != nil && v.Len() == 1 {
			trips = int64(scalarInt(v))
		}
	}
	for _, m := range f.step.node.Bodies[0].Inputs {
		if m.Axis >= 0 && m.External >= 0 && m.Axis < len(args[m.External].Shape) {
			trips = int64(portIteration{m}.count(args[m.External].Shape[m.Axis]))
		}
	}
	return min(max(trips, 0), maxTrips)
}

// portIteration is a map with an axis.
type portIteration struct{ graph.PortMap }

// span returns the range of the axis that is cut into parts.
func (m portIteration) span(size int) (from, to int) {
	at := func(i int) int {
		if i < 0 {
			i += size + 1
		}
		return i
	}
	from, to = at(m.Start), at(m.End)
	if m.Stride < 0 {
		from, to = to, from
	}
	return max(from, 0), min(to, size)
}

// count is the number of parts.
func (m portIteration) count(size int) int {
	from, to := m.span(size)
	return max(to-from, 0) / max(m.Stride, -m.Stride)
}

// part returns the range of the i-th part.
func (m portIteration) part(size, i int) (from, to int) {
	low, high := m.span(size)
	if m.Stride > 0 {
		from = low + i*m.Stride
	} else {
		from = high + (i+1)*m.Stride
	}
	return from, from + m.PartSize
}

// truth is the value of a boolean scalar.
func truth(t *tensor.Tensor) (bool, error) {
	if t.Len() != 1 {
		return false, fmt.Errorf("a condition has shape %v, expected one element", t.Shape)
	}
	if d, ok := t.Any().([]bool); ok {
		return d[0], nil
	}
	return scalarInt(t) != 0, nil
}
