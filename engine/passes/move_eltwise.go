package passes

import (
	"slices"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// moved are the operations that only move data, through which an elementwise one with scalar operands is moved up.
var moved = []string{"Squeeze", "Unsqueeze", "Reshape", "Transpose", "ShuffleChannels", "Roll", "ReverseSequence", "DepthToSpace", "BatchToSpace",
	"Broadcast", "Gather"}

// movable are the elementwise operations that are moved: those of one operand, and arithmetic of two.
var movable = []string{"Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Ceiling", "Clamp", "Cos", "Cosh", "Elu", "Erf", "Exp", "Floor", "Gelu", "HSigmoid",
	"HSwish", "Log", "Mish", "Negative", "Relu", "Round", "Sigmoid", "Sign", "Sin", "Sinh", "SoftPlus", "SoftSign", "Sqrt", "Tan", "Tanh",
	"Add", "Subtract", "Multiply", "Divide", "Maximum", "Minimum", "Mod", "FloorMod", "Power", "SquaredDifference", "FakeQuantize"}

// moveEltwise puts an elementwise operation in front of the data movement that feeds it, so that it can be fused into what computes the data.
// Source: MoveEltwiseUpThroughDataMov, scalar operands only, as the CPU plugin sets it up.
func moveEltwise(r *rewriter) {
	r.each(func(n *graph.Node) {
		if isOp(n, movable...) && n.Out[0].Shape != nil && r.only(n) != nil {
			r.moveUp(n)
		}
	})
}

func (r *rewriter) moveUp(n *graph.Node) {
	if n.Op != "FakeQuantize" && n.Out[0].Type.Bits() > n.In[0].Type().Bits() {
		return
	}
	if len(n.In) > 1 && (n.In[1].Type().Bits() == 8 || n.Op == "FakeQuantize" && n.In[0].Node.Op != "Transpose") {
		return
	}
	for _, p := range n.In[1:] {
		if !isConstant(p) || elements(shape(p)) != 1 {
			return
		}
	}
	moves := r.moves(n)
	if len(moves) == 0 {
		return
	}
	first := moves[len(moves)-1]
	in := slices.Clone(n.In)
	for i := range in[1:] {
		if s := shape(in[i+1]); len(s) > 0 && len(s) != len(shape(first.In[0])) {
			in[i+1] = r.reshapedConstant(in[i+1], []int{})
		}
	}
	in[0] = first.In[0]
	attrs, op, opset := n.Attrs, n.Op, n.Opset
	up := r.make(op, opset, attrs, in...)
	r.inherit(up, n)
	up.Precise = n.Precise
	if !r.bypass(n, n.In[0]) {
		return
	}
	r.set(first, 0, port(up))
	for _, m := range slices.Backward(moves) { // in the type that a quantization gives
		r.infer(m)
	}
}

// moves returns the operations that only move the data that n reads, from the last to the first, each read by the next alone; none where one
// changes its type.
func (r *rewriter) moves(n *graph.Node) []*graph.Node {
	var list []*graph.Node
	for current := n.In[0].Node; isOp(current, moved...); current = current.In[0].Node {
		if r.only(current) == nil || len(current.Out) != 1 || current.In[0].Type() != current.Out[0].Type {
			return nil
		}
		list = append(list, current)
	}
	return list
}

// reshapedConstant makes a copy of a constant under another shape of as many elements.
func (r *rewriter) reshapedConstant(p graph.Port, to []int) graph.Port {
	raw := *p.Node.Value
	raw.Shape = to
	if compute := raw.Compute; compute != nil {
		raw.From, raw.Takes = []*tensor.Raw{p.Node.Value}, 0
		raw.Compute = func() (*tensor.Tensor, error) {
			v, err := compute()
			if err != nil {
				return nil, err
			}
			return v.Reshape(to...), nil
		}
	}
	c := r.add(&graph.Node{Op: "Constant", Opset: "opset1", Name: r.generated("Constant"), Value: &raw, Fused: []string{},
		Out: []graph.Output{{Type: raw.Type, Shape: to}}})
	r.inherit(c, p.Node)
	return port(c)
}
