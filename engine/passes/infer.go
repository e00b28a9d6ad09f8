package passes

import (
	"fmt"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/ops"
	"halfway/engine/tensor"
)

// valueLimit is the number of elements up to which constants are looked into and folded at once; larger ones are folded when they are needed.
const valueLimit = 1 << 12

// lookLimit is the number of bytes that constants may take which are computed to look into small ones that follow from them.
const lookLimit = 1 << 30

// serial runs the small evaluations of folding.
var serial = kernel.NewWorkers(1)

// shape returns the shape at p: -1 where a dimension is not known, nil when the rank is not.
func shape(p graph.Port) []int { return p.Node.Out[p.Out].Shape }

// static reports whether a shape is known in full.
func static(s []int) bool { return s != nil && !slices.Contains(s, -1) }

// elements is the number of elements of a static shape, -1 of any other.
func elements(s []int) int {
	if !static(s) {
		return -1
	}
	n, err := tensor.Elements(s)
	if err != nil {
		return -1
	}
	return n
}

// args describes the inputs of n.
func (r *rewriter) args(n *graph.Node) []ops.Arg {
	args := make([]ops.Arg, len(n.In))
	for i, p := range n.In {
		args[i].Type = p.Type()
		if s := shape(p); static(s) {
			args[i].Shape = s
		}
		args[i].Value = r.value(p)
	}
	return args
}

// value returns the elements at p where they are few and known: of a constant, or while shapes are being found. Nil otherwise.
func (r *rewriter) value(p graph.Port) *tensor.Tensor {
	if known := r.known[p.Node]; known != nil {
		return known[p.Out]
	}
	if p.Node.Op != "Constant" {
		return nil
	}
	if n := elements(p.Node.Value.Shape); n < 0 || n > valueLimit || p.Node.Value.Type == tensor.Invalid {
		return nil
	}
	if r.looked += p.Node.Value.Footprint(r.computed); r.looked < 0 || r.looked > lookLimit {
		return nil
	}
	v, err := p.Node.Value.Decode()
	if err != nil {
		r.fail(fmt.Errorf("constant %q: %w", p.Node.Name, err))
	}
	return v
}

// infer sets the types and shapes of n's outputs from its inputs. Where they do not follow, or the operation is not one that can run here, what
// the file declares stays.
func (r *rewriter) infer(n *graph.Node) {
	switch n.Op {
	case "Parameter", "Constant", "ReadValue":
		return
	case "Result", "Assign":
		n.Out = []graph.Output{{Type: n.In[0].Type(), Shape: shape(n.In[0])}}
		return
	}
	op, err := ops.Bind(n)
	if err != nil {
		return
	}
	delete(r.partials, n)
	if r.partly(n) {
		if r.inferPartly(n, op) {
			r.partials[n] = r.evaluatePartly(n, op)
		}
		return
	}
	args := r.args(n)
	specs, err := op.Infer(args)
	if err != nil {
		r.fail(fmt.Errorf("node %q (%s): %w", n.Name, n.Op, err))
		return
	}
	for o := range min(len(specs), len(n.Out)) {
		n.Out[o].Type = specs[o].Type
		if specs[o].Shape != nil {
			n.Out[o].Shape = specs[o].Shape
		}
	}
	if r.known != nil {
		r.known[n] = r.evaluate(n, op, args, valueLimit)
	}
}

// evaluate returns n's outputs where all its inputs are known and no output has more elements than limit; nil otherwise.
func (r *rewriter) evaluate(n *graph.Node, op ops.Op, in []ops.Arg, limit int) []*tensor.Tensor {
	if f, ok := op.(ops.Folder); ok {
		if v := f.Fold(in); v != nil {
			return []*tensor.Tensor{v}
		}
		return nil
	}
	operands := make([]*tensor.Tensor, len(in))
	for i, a := range in {
		if operands[i] = a.Value; a.Value == nil {
			return nil
		}
	}
	for _, o := range n.Out {
		if e := elements(o.Shape); e < 0 || e > limit {
			return nil
		}
	}
	if ops.ScratchOf(op, in, specsOf(n.Out), 1) > ops.MaxFoldScratch {
		return nil
	}
	out, err := run(op, operands, n.Out)
	if err != nil {
		r.fail(fmt.Errorf("node %q (%s): %w", n.Name, n.Op, err))
	}
	return out
}

// run evaluates op.
func run(op ops.Op, in []*tensor.Tensor, outputs []graph.Output) ([]*tensor.Tensor, error) {
	if _, ok := op.(ops.Viewer); ok {
		return []*tensor.Tensor{in[0].Reshape(outputs[0].Shape...)}, nil
	}
	operands := make([]ops.Operand, len(in))
	for i, t := range in {
		operands[i] = ops.Operand{Tensor: t, Round: tensor.F32}
	}
	out := make([]*tensor.Tensor, len(outputs))
	for o, spec := range outputs {
		out[o] = tensor.New(spec.Type, spec.Shape...)
	}
	return out, op.Eval(serial, operands, out)
}

// inferAll finds all types and shapes, with the parameters' shapes replaced by the given ones.
func (r *rewriter) inferAll(shapes [][]int) {
	for i, s := range shapes {
		if s != nil {
			r.Params[i].Out[0].Shape = s
		}
	}
	r.known = map[*graph.Node][]*tensor.Tensor{}
	r.each(r.infer)
	r.known = nil
	r.varies = slices.ContainsFunc(r.Nodes, func(n *graph.Node) bool {
		return !r.dead[n.ID] && slices.ContainsFunc(n.Out, func(o graph.Output) bool { return !static(o.Shape) })
	})
}
