package ops

import (
	"fmt"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

func init() { register("Subgraph", newSubgraph) }

// subgraph is a chain of operations that the plugin's snippets compute as one: its body is evaluated operation by operation, nothing inside is
// rounded. Source: the Subgraph of SnippetsOpset in the plugin's exported graphs.
type subgraph struct {
	params  int
	steps   []innerStep
	slots   int
	results []int // slots
}

// innerStep is one operation of the body, or the end of a parameter or constant, whose op is nil.
type innerStep struct {
	node  *graph.Node
	op    Op
	in    []int
	out   int
	param int // of a parameter: the input that it stands for
}

func newSubgraph(n *graph.Node) (Op, error) {
	if len(n.Bodies) != 1 {
		return nil, fmt.Errorf("it has %d bodies, expected 1", len(n.Bodies))
	}
	body := n.Bodies[0]
	order, err := body.Graph.Order()
	if err != nil {
		return nil, err
	}
	external, err := paramInputs(n, body)
	if err != nil {
		return nil, err
	}
	s := &subgraph{params: len(n.In)}
	first := map[*graph.Node]int{}
	for _, inner := range order {
		if inner.Op == "Result" {
			continue
		}
		step := innerStep{node: inner, out: s.slots, param: -1}
		for _, p := range inner.In {
			step.in = append(step.in, first[p.Node]+p.Out)
		}
		switch inner.Op {
		case "Parameter":
			step.param = external[inner]
		case "Constant":
		default:
			if step.op, err = Bind(inner); err != nil {
				return nil, err
			}
		}
		first[inner] = s.slots
		s.slots += len(inner.Out)
		s.steps = append(s.steps, step)
	}
	for _, r := range body.Graph.Results {
		s.results = append(s.results, first[r.In[0].Node]+r.In[0].Out)
	}
	if len(s.results) != len(n.Out) {
		return nil, fmt.Errorf("its body has %d results, it has %d outputs", len(s.results), len(n.Out))
	}
	return s, nil
}

// paramInputs maps the body's parameters to the inputs of n.
func paramInputs(n *graph.Node, body *graph.Body) (map[*graph.Node]int, error) {
	external := map[*graph.Node]int{}
	for i, p := range body.Graph.Params {
		external[p] = i
	}
	for _, m := range body.Inputs {
		if m.Internal >= 0 && m.Internal < len(body.Graph.Params) {
			external[body.Graph.Params[m.Internal]] = m.External
		}
	}
	for p, i := range external {
		if i < 0 || i >= len(n.In) {
			return nil, fmt.Errorf("parameter %q of its body has no input", p.Name)
		}
	}
	return external, nil
}

func (s *subgraph) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, s.params, s.params); err != nil {
		return nil, err
	}
	args, err := s.infer(in)
	if err != nil {
		return nil, err
	}
	specs := make([]Spec, len(s.results))
	for i, slot := range s.results {
		specs[i] = Spec{Type: args[slot].Type, Shape: args[slot].Shape}
	}
	return specs, nil
}

// infer finds what is known of every value of the body.
func (s *subgraph) infer(in []Arg) ([]Arg, error) {
	args := make([]Arg, s.slots)
	for _, step := range s.steps {
		switch {
		case step.param >= 0:
			args[step.out] = Arg{Type: in[step.param].Type, Shape: in[step.param].Shape}
		case step.op == nil:
			a, err := KnownConstant(step.node)
			if err != nil {
				return nil, err
			}
			args[step.out] = a
		default:
			specs, err := step.op.Infer(pick(args, step.in))
			if err != nil {
				return nil, fmt.Errorf("%q (%s) of its body: %w", step.node.Name, step.node.Op, err)
			}
			for o := range min(len(specs), len(step.node.Out)) {
				args[step.out+o] = Arg{Type: specs[o].Type, Shape: specs[o].Shape}
			}
		}
	}
	return args, nil
}

func pick[T any](values []T, slots []int) []T {
	r := make([]T, len(slots))
	for i, s := range slots {
		r[i] = values[s]
	}
	return r
}

// Scratch is that of all values of the body and of what its constants are computed from, and the largest of its operations.
func (s *subgraph) Scratch(in []Arg, _ []Spec, threads int) int64 {
	args, err := s.infer(in)
	if err != nil {
		return 0
	}
	total, most, seen := int64(0), int64(0), map[*tensor.Raw]bool{}
	for _, step := range s.steps {
		if step.op == nil {
			if step.param < 0 {
				total = Together(total, step.node.Value.Footprint(seen))
			}
			continue
		}
		specs := step.specs(args)
		for _, spec := range specs {
			total = Together(total, MemoryOf(spec.Type.KeptBytes(), spec.Shape...))
		}
		most = max(most, ScratchOf(step.op, pick(args, step.in), specs, threads))
	}
	return Together(total, most)
}

// specs are those of the outputs of the step, all values of whose body are args.
func (step innerStep) specs(args []Arg) []Spec {
	specs := make([]Spec, len(step.node.Out))
	for o := range specs {
		specs[o] = Spec{Type: args[step.out+o].Type, Shape: args[step.out+o].Shape}
	}
	return specs
}

// MACs sums those of the body.
func (s *subgraph) MACs(in []Arg, out []Spec) int64 {
	args, err := s.infer(in)
	if err != nil {
		return 0
	}
	var total int64
	for _, step := range s.steps {
		if step.op == nil {
			continue
		}
		specs := step.specs(args)
		if c, ok := step.op.(Counter); ok {
			total += c.MACs(pick(args, step.in), specs)
		} else if n, err := tensor.Elements(specs[0].Shape); err == nil {
			total += int64(n)
		}
	}
	return total
}

func (s *subgraph) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	outer := make([]Arg, len(in))
	for i, o := range in {
		outer[i] = Arg{Type: o.Type, Shape: o.Shape}
	}
	args, err := s.infer(outer)
	if err != nil {
		return err
	}
	values := make([]Operand, s.slots)
	for _, step := range s.steps {
		switch {
		case step.param >= 0:
			values[step.out] = in[step.param]
		case step.op == nil:
			v, err := step.node.Value.Decode()
			if err != nil {
				return err
			}
			values[step.out] = Operand{Tensor: v, Round: tensor.F32}
		default:
			if err := step.eval(w, values, args); err != nil {
				return fmt.Errorf("%q (%s) of its body: %w", step.node.Name, step.node.Op, err)
			}
		}
	}
	for i, slot := range s.results {
		copyAll(w, out[i], values[slot].Tensor)
	}
	return nil
}

// eval computes the step's values into values.
func (step innerStep) eval(w *kernel.Workers, values []Operand, args []Arg) error {
	in := pick(values, step.in)
	results := make([]*tensor.Tensor, len(step.node.Out))
	for o := range results {
		if args[step.out+o].Shape == nil {
			return fmt.Errorf("the shape of output %d does not follow from its inputs", o)
		}
		results[o] = tensor.New(args[step.out+o].Type, args[step.out+o].Shape...)
	}
	if _, ok := step.op.(Viewer); ok {
		results[0] = in[0].Reshape(args[step.out].Shape...)
	} else if err := step.op.Eval(w, in, results); err != nil {
		return err
	}
	for o, t := range results {
		values[step.out+o] = Operand{Tensor: t, Round: tensor.F32}
	}
	return nil
}
