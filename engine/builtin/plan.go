package builtin

import (
	"fmt"

	"halfway/engine"
	"halfway/engine/graph"
	"halfway/engine/ops"
	"halfway/engine/tensor"
)

// A plan is a graph made ready to run: its steps in an order in which dependencies come first (that of counting), with what is known of
// their values before running.
type plan struct {
	graph *graph.Graph
	steps []*step
	slots int   // values of one run: one per output of every step
	macs  int64 // of one pass
	peak  int64 // bytes of the values that are alive at the same time, at most

	results []int // slots of the model's outputs
}

// A step is the evaluation of one node.
type step struct {
	index     int
	node      *graph.Node
	op        ops.Op      // nil for parameters and constants
	rounder   bool        // op rounds its operands itself
	view      bool        // the output shares the elements of input 0
	roundIn   []condition // by input
	roundOut  []condition // by output
	candidate int         // position among the candidates, -1 when it is none
	in        []int       // slots
	out       int         // slot of output 0; the others follow
	release   []int       // slots that no later step reads
	specs     []ops.Spec
	macs      int64 // as far as shapes are known before running
}

// foldLimit is the number of elements up to which a value that depends on constants and shapes alone is computed while planning: enough for
// shapes, axes and indices, which decide other shapes.
const foldLimit = 1 << 12

// newPlan prepares g, whose parameters have the given shapes (by index; nil entries are unknown).
func newPlan(e *graph.Enforcement, g *graph.Graph, shapes [][]int) (*plan, error) {
	p := &plan{graph: g}
	first := make([]int, len(g.Nodes)) // slot of each node's output 0
	position := make([]int, len(g.Nodes))
	for i := range position {
		position[i] = -1
	}
	for i, n := range e.Candidates {
		position[n.ID] = i
	}
	roundings := e.Roundings(g, nil)
	for _, n := range e.Order {
		if n.Op == "Result" {
			continue
		}
		s := &step{index: len(p.steps), node: n, candidate: position[n.ID], out: p.slots}
		first[n.ID] = p.slots
		p.slots += len(n.Out)
		for _, in := range n.In {
			s.in = append(s.in, first[in.Node.ID]+in.Out)
		}
		s.roundIn, s.roundOut = conditions(roundings[n.ID].In, position), conditions(roundings[n.ID].Out, position)
		if err := s.bind(); err != nil {
			return nil, err
		}
		p.steps = append(p.steps, s)
	}
	for _, r := range g.Results {
		p.results = append(p.results, first[r.In[0].Node.ID]+r.In[0].Out)
	}
	if err := p.infer(shapes); err != nil {
		return nil, err
	}
	p.lifetimes()
	return p, nil
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
	_, s.rounder = op.(ops.Rounder)
	_, s.view = op.(ops.Viewer)
	return nil
}

// infer finds types, shapes, small values and costs as far as they are known before running.
func (p *plan) infer(shapes [][]int) error {
	known := make([]ops.Arg, p.slots)
	for _, s := range p.steps {
		args := make([]ops.Arg, len(s.in))
		for i, slot := range s.in {
			args[i] = known[slot]
		}
		var err error
		if s.specs, err = s.infer(p.graph, args, shapes); err != nil {
			return p.fail(s, err)
		}
		for o, spec := range s.specs {
			if want := s.node.Out[o].Type; spec.Type != want {
				return p.fail(s, fmt.Errorf("output %d is %s, but the file declares %s", o, spec.Type, want))
			}
			known[s.out+o] = ops.Arg{Type: spec.Type, Shape: spec.Shape}
		}
		if err := s.fold(args, known[s.out:s.out+len(s.specs)]); err != nil {
			return p.fail(s, err)
		}
		s.macs = s.cost(args, s.specs)
		p.macs += s.macs
	}
	return nil
}

// fail adds to err where it happened.
func (p *plan) fail(s *step, err error) error {
	return fmt.Errorf("%s: node %q (%s): %w", p.graph.File, s.node.Name, s.node.Op, err)
}

func (s *step) infer(g *graph.Graph, args []ops.Arg, shapes [][]int) ([]ops.Spec, error) {
	switch s.node.Op {
	case "Parameter":
		for i, n := range g.Params {
			if n == s.node {
				return []ops.Spec{{Type: n.Out[0].Type, Shape: shapes[i]}}, nil
			}
		}
	case "Constant":
		return []ops.Spec{{Type: s.node.Value.Type, Shape: s.node.Value.Shape}}, nil
	}
	specs, err := s.op.Infer(args)
	if err == nil && len(specs) < len(s.node.Out) {
		err = fmt.Errorf("has %d outputs, but the file declares %d", len(specs), len(s.node.Out))
	}
	if err != nil {
		return nil, err
	}
	return specs[:len(s.node.Out)], nil
}

// fold computes small values that are known before running into out.
func (s *step) fold(in, out []ops.Arg) error {
	if s.node.Op == "Constant" {
		if n, err := tensor.Elements(s.node.Value.Shape); err != nil || n > foldLimit {
			return err
		}
		v, err := s.node.Value.Decode()
		out[0].Value = v
		return err
	}
	if s.op == nil {
		return nil
	}
	if f, ok := s.op.(ops.Folder); ok {
		out[0].Value = f.Fold(in)
		return nil
	}
	operands := make([]ops.Operand, len(in))
	for i, a := range in {
		if a.Value == nil {
			return nil
		}
		operands[i].Tensor = a.Value
	}
	results := make([]*tensor.Tensor, len(out))
	for o, a := range out {
		if a.Shape == nil {
			return nil
		}
		if n, err := tensor.Elements(a.Shape); err != nil || n > foldLimit {
			return err
		}
		results[o] = tensor.New(a.Type, a.Shape...)
	}
	if s.view {
		results[0] = in[0].Value.Reshape(out[0].Shape...)
	} else if err := s.op.Eval(serial, operands, results); err != nil {
		return err
	}
	for o := range out {
		out[o].Value = results[o]
	}
	return nil
}

// cost is the number of multiply-adds of the step, one per output element for operations that do not say; 0 while shapes are unknown.
func (s *step) cost(in []ops.Arg, out []ops.Spec) int64 {
	if s.op == nil {
		return 0
	}
	n := int64(0)
	for _, spec := range out {
		if spec.Shape == nil {
			return 0
		}
		elements, err := tensor.Elements(spec.Shape)
		if err != nil {
			return 0
		}
		n += int64(elements)
	}
	for _, a := range in {
		if a.Shape == nil {
			return 0
		}
	}
	if c, ok := s.op.(ops.Counter); ok {
		return c.MACs(in, out)
	}
	return n
}

// lifetimes finds after which step each slot is no longer read, and the peak of the memory in use.
func (p *plan) lifetimes() {
	last := make([]int, p.slots)
	for _, s := range p.steps {
		for o := range s.node.Out {
			last[s.out+o] = s.index
		}
		for _, slot := range s.in {
			last[slot] = s.index
		}
	}
	for _, slot := range p.results {
		last[slot] = len(p.steps)
	}
	size := make([]int64, p.slots)
	live := int64(0)
	for _, s := range p.steps {
		for o, spec := range s.specs {
			if s.op != nil && spec.Shape != nil {
				size[s.out+o] = bytesOf(spec)
				live += size[s.out+o]
			}
		}
		p.peak = max(p.peak, live)
		p.releaseAfter(s, last)
		for _, slot := range s.release {
			live -= size[slot]
		}
	}
}

// releaseAfter lists the slots that step s is the last to read. A slot is listed once even when s reads it twice.
func (p *plan) releaseAfter(s *step, last []int) {
	add := func(slot int) {
		if last[slot] == s.index {
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
