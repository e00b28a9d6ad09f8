package builtin

import (
	"fmt"

	"halfway/engine"
	"halfway/engine/graph"
	"halfway/engine/ops"
	"halfway/engine/tensor"
)

// A plan is a graph made ready to run: its steps in an order in which dependencies come first (that of counting), with what is known of
// their values before running. The bodies of If, Loop and TensorIterator have plans of their own; steps, slots and candidates are numbered
// through all of them.
type plan struct {
	graph      *graph.Graph
	path       string // "" for the main graph, else the way to the body
	candidates int    // position of the first candidate
	units      []graph.Unit
	steps      []*step
	macs       int64 // of one pass
	peak       int64 // bytes of the values that are alive at the same time, at most
	need       int64 // the same with what computing them takes, and with constants that are computed from others
	largest    *step // the first one that needs the most

	params  []int // slots of the graph's parameters
	results []int // slots of its results
}

// A step is the evaluation of one node.
type step struct {
	index     int
	node      *graph.Node
	op        ops.Op      // nil for what the engine does itself: parameters, constants, state, bodies
	rounds    int         // inputs, from the first one, that op rounds itself
	view      bool        // the output shares the elements of input 0
	roundIn   []condition // by input
	roundOut  []condition // by output
	odd       bool        // rounds its result as the plugin's Convert does
	candidate int         // position among the candidates, -1 when it is none
	in        []int       // slots
	out       int         // slot of output 0; the others follow
	release   []int       // slots that no later step reads
	read      []bool      // by output: whether a step or a result reads it; what nothing reads some files declare wrongly
	specs     []ops.Spec
	macs      int64 // as far as shapes are known before running
	scratch   int64 // bytes that evaluating it takes in one thread, as far as shapes are known before running
	flow      *flow // of If, Loop, TensorIterator

	// Of steps that were joined to one, each in its own form, the first one first, and how the others follow it; else members is nil.
	members []*step
	links   []ops.Link
}

// parts are the steps that s was joined of, or s alone.
func (s *step) parts() []*step {
	if s.members != nil {
		return s.members
	}
	return []*step{s}
}

// kind is the operation that s makes its values with, those that were joined to it aside.
func (s *step) kind() string { return s.parts()[0].node.Op }

// planner numbers what plans consist of.
type planner struct {
	precision  tensor.DType
	fused      bool // nodes are executed in the plugin's units, not one by one
	plans      []*plan
	steps      int
	slots      int
	candidates []*graph.Node
	others     []engine.Other
}

// plan prepares g, the graph at path, without what follows from shapes.
func (b *planner) plan(g *graph.Graph, path string) (*plan, error) {
	e, err := graph.Enforce(g, b.precision)
	if err != nil {
		return nil, err
	}
	p := &plan{graph: g, path: path, candidates: len(b.candidates), params: make([]int, len(g.Params))}
	b.plans = append(b.plans, p)
	b.candidates = append(b.candidates, e.Candidates...)
	for _, n := range e.Order {
		if why := e.LeftOut(n); why != "" {
			b.others = append(b.others, engine.Other{Graph: path, Tag: graph.CPUType(n.Op) + "@" + n.Name, Reason: why})
		}
	}
	position := make([]int, len(g.Nodes))
	for i := range position {
		position[i] = -1
	}
	for i, n := range e.Candidates {
		position[n.ID] = p.candidates + i
	}
	if err := b.addSteps(p, e, position); err != nil {
		return nil, err
	}
	p.lifetimes()
	return p, nil
}

func (b *planner) addSteps(p *plan, e *graph.Enforcement, position []int) error {
	first := make([]int, len(p.graph.Nodes)) // slot of each node's output 0
	if b.fused {
		p.units = p.graph.Units(e.Order)
	}
	roundings := e.Roundings(p.graph, p.units)
	for _, n := range e.Order {
		if n.Op == "Result" {
			continue
		}
		s := &step{index: b.steps, node: n, candidate: position[n.ID], out: b.slots,
			roundIn: conditions(roundings[n.ID].In, position), roundOut: conditions(roundings[n.ID].Out, position)}
		s.odd = b.fused && b.precision == tensor.BF16 && n.Op == "Convert" && n.In[0].Type() != tensor.F32
		first[n.ID] = s.out
		b.steps++
		b.slots += len(n.Out)
		for _, in := range n.In {
			s.in = append(s.in, first[in.Node.ID]+in.Out)
		}
		if err := s.bind(); err != nil {
			return err
		}
		p.steps = append(p.steps, s)
	}
	for i, n := range p.graph.Params {
		p.params[i] = first[n.ID]
	}
	for _, r := range p.graph.Results {
		p.results = append(p.results, first[r.In[0].Node.ID]+r.In[0].Out)
	}
	for _, s := range p.steps {
		if controls[s.node.Op].bodies > 0 {
			var err error
			if s.flow, err = b.flow(p, s); err != nil {
				return p.fail(s, err)
			}
		}
	}
	return nil
}

// A condition lists the candidates, by position, all of which must be enforced; nil never holds.
type condition []int

func (c condition) holds(set engine.Set) bool {
	for _, p := range c {
		if !set.Has(p) {
			return false
		}
	}
	return c != nil
}

func conditions(ports [][]*graph.Node, position []int) []condition {
	r := make([]condition, len(ports))
	for i, nodes := range ports {
		for _, n := range nodes {
			r[i] = append(r[i], position[n.ID])
		}
	}
	return r
}

func (s *step) bind() error {
	if intrinsic(s.node) {
		return nil
	}
	op, err := ops.Bind(s.node)
	if err != nil {
		return err
	}
	s.op = op
	if _, ok := op.(ops.Rounder); ok {
		s.rounds = len(s.in)
	}
	_, s.view = op.(ops.Viewer)
	return nil
}

// infer finds types, shapes, small values and costs as far as they are known before running. It takes what is known of the parameters and
// returns what is known of the results.
func (p *plan) infer(known []ops.Arg, params []ops.Arg) ([]ops.Arg, error) {
	p.macs = 0
	for i, slot := range p.params {
		known[slot] = params[i]
	}
	for _, s := range p.steps {
		if err := s.inferInto(p, known); err != nil {
			return nil, p.fail(s, err)
		}
		p.macs += s.macs
	}
	results := make([]ops.Arg, len(p.results))
	for i, slot := range p.results {
		results[i] = known[slot]
	}
	p.measure()
	return results, nil
}

// inferInto adds to known what is known of the outputs of s.
func (s *step) inferInto(p *plan, known []ops.Arg) error {
	args := make([]ops.Arg, len(s.in))
	for i, slot := range s.in {
		args[i] = known[slot]
	}
	out := known[s.out : s.out+len(s.node.Out)]
	if s.node.Op == "Parameter" {
		s.specs = []ops.Spec{{Type: out[0].Type, Shape: out[0].Shape}}
		return nil
	}
	results, err := s.outputs(known, args)
	if err != nil {
		return err
	}
	s.specs = make([]ops.Spec, len(out))
	for o, a := range results {
		if want := s.node.Out[o].Type; a.Type != want {
			if s.read[o] {
				return fmt.Errorf("output %d is %s, but the file declares %s", o, a.Type, want)
			}
			s.roundOut[o] = nil // what the file declares wrongly is not what is rounded
		}
		out[o], s.specs[o] = a, ops.Spec{Type: a.Type, Shape: a.Shape}
	}
	if s.flow == nil {
		s.macs = s.cost(args, s.specs)
	}
	if s.op != nil {
		s.scratch = ops.ScratchOf(s.op, args, s.specs, 1)
	}
	return nil
}

// outputs returns what is known of the outputs of s, whose inputs are args; the plans of bodies use known by slot.
func (s *step) outputs(known, args []ops.Arg) (out []ops.Arg, err error) {
	switch {
	case s.flow != nil:
		var specs []ops.Spec
		specs, s.macs, err = s.flow.infer(known, args)
		return argsOf(specs), err
	case s.node.Op == "Constant":
		a, err := ops.KnownConstant(s.node)
		if a.Type = s.node.Out[0].Type; a.Value != nil {
			a.Value = retyped(a.Value, a.Type)
		}
		return []ops.Arg{a}, err
	case s.op == nil:
		specs, err := s.infer(args)
		return argsOf(specs), err
	}
	if out, err = ops.Known(s.op, args); err == nil && len(out) < len(s.node.Out) {
		err = s.tooFew(len(out))
	}
	if err != nil {
		return nil, err
	}
	return out[:len(s.node.Out)], nil
}

func argsOf(specs []ops.Spec) []ops.Arg {
	args := make([]ops.Arg, len(specs))
	for i, s := range specs {
		args[i] = ops.Arg{Type: s.Type, Shape: s.Shape}
	}
	return args
}

func (s *step) tooFew(outputs int) error {
	return fmt.Errorf("has %d outputs, but the file declares %d", outputs, len(s.node.Out))
}

// fail adds to err where it happened.
func (p *plan) fail(s *step, err error) error {
	return fmt.Errorf("%s: node %q (%s): %w", p.graph.File, s.node.Name, s.node.Op, err)
}

func (s *step) infer(args []ops.Arg) ([]ops.Spec, error) {
	switch s.node.Op {
	case "Constant":
		return []ops.Spec{{Type: s.node.Out[0].Type, Shape: s.node.Value.Shape}}, nil
	case "ReadValue":
		return []ops.Spec{{Type: s.node.Out[0].Type}}, nil // what was assigned last may have any shape
	case "Assign":
		return []ops.Spec{{Type: args[0].Type, Shape: args[0].Shape}}, nil
	}
	specs, err := s.op.Infer(args)
	if err == nil && len(specs) < len(s.node.Out) {
		err = s.tooFew(len(specs))
	}
	if err != nil {
		return nil, err
	}
	return specs[:len(s.node.Out)], nil
}

// cost is the number of multiply-adds of the step, one per output element for operations that do not say; 0 while shapes are unknown.
func (s *step) cost(in []ops.Arg, out []ops.Spec) int64 {
	if s.op == nil {
		return 0
	}
	for _, spec := range out {
		if spec.Shape == nil {
			return 0
		}
		if _, err := tensor.Elements(spec.Shape); err != nil {
			return 0
		}
	}
	for _, a := range in {
		if a.Shape == nil {
			return 0
		}
	}
	return ops.Cost(s.op, in, out)
}

// lifetimes finds after which step each slot is no longer read.
func (p *plan) lifetimes() {
	last := map[int]int{}
	for i, s := range p.steps {
		s.read, s.release = nil, nil
		for o := range s.node.Out {
			last[s.out+o] = i
		}
		for _, slot := range s.in {
			last[slot] = i
		}
	}
	for _, slot := range p.results {
		last[slot] = len(p.steps)
	}
	for i, s := range p.steps {
		for o := range s.node.Out {
			s.read = append(s.read, last[s.out+o] != i)
		}
		s.releaseAfter(i, last)
	}
}

// measure finds the peak of the memory in use.
func (p *plan) measure() {
	size, seen := map[int]int64{}, map[*tensor.Raw]bool{}
	live, constants, most := int64(0), int64(0), int64(-1)
	p.peak, p.need = 0, 0
	for _, s := range p.steps {
		own := int64(0)
		for o, spec := range s.specs {
			if s.op != nil && spec.Shape != nil {
				size[s.out+o] = bytesOf(spec)
				own = plus(own, size[s.out+o])
			}
		}
		takes := s.scratch
		if s.node.Op == "Constant" {
			takes = s.node.Value.Footprint(seen)
			constants = plus(constants, takes)
		}
		if all := plus(own, takes); all > most {
			most, p.largest = all, s
		}
		live = plus(live, own)
		p.peak = max(p.peak, live)
		p.need = max(p.need, plus(live, s.scratch))
		for _, slot := range s.release {
			live -= size[slot]
		}
	}
	p.need = plus(p.need, constants)
}

// releaseAfter lists the slots that s, the step at place i, is the last to read. A slot is listed once even when s reads it twice.
func (s *step) releaseAfter(i int, last map[int]int) {
	add := func(slot int) {
		if last[slot] == i {
			s.release = append(s.release, slot)
			last[slot] = -1
		}
	}
	for _, slot := range s.in {
		add(slot)
	}
	for o := range s.node.Out {
		add(s.out + o)
	}
}

func bytesOf(spec ops.Spec) int64 {
	n, err := tensor.Elements(spec.Shape)
	if err != nil {
		return 0
	}
	return int64(n) * int64(spec.Type.KeptBytes())
}
