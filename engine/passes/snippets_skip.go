package passes

import (
	"slices"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// fusing says into which kind of node the plugin's graph optimizer will fuse what follows a node.
type fusing int

const (
	notFused      fusing = iota
	lastFused            // fused, but nothing behind it is
	intoConv             // the kinds from here on go on with the next node
	intoConvSum          // the sum of a convolution and another value
	intoMatMul           //
	intoFC               //
	intoReduce           //
	intoOtherNode        // MVN, Interpolate and others that take activations and scales along
)

// skipping finds the nodes that snippets leave alone because the graph optimizer fuses them into others. Source: SnippetsMarkSkipped of the CPU
// plugin for x64.
type skipping struct {
	*rewriter
	kind map[*graph.Node]fusing
	skip map[*graph.Node]bool
	axis int // the channel axis of the chain that was begun last, as the plugin keeps it
}

// skipped returns the nodes that must not become part of a Subgraph.
func (r *rewriter) skipped() map[*graph.Node]bool {
	s := &skipping{rewriter: r, kind: map[*graph.Node]fusing{}, skip: map[*graph.Node]bool{}, axis: 1}
	constant := constantPath(r.Graph)
	r.each(func(n *graph.Node) {
		if isOp(n, "Constant", "Parameter", "Result") {
			return
		}
		s.weightPath(n, constant)
		if !s.begin(n, constant) {
			s.goOn(n, constant)
		}
		if s.kind[n] != notFused || s.zeroPoint(n) {
			s.skip[n] = true
		}
	})
	return s.skip
}

// zeroPoint reports whether n subtracts the zero point of the integers that a convolution reads.
func (s *skipping) zeroPoint(n *graph.Node) bool {
	if n.Op != "Subtract" || !isByte(n.In[0].Type()) || !isConstant(n.In[1]) {
		return false
	}
	next := s.only(n)
	return next != nil && graphType(next) == "Convolution"
}

// weightPath skips what computes the weights of a MatMul, and the table of a compressed Gather.
func (s *skipping) weightPath(n *graph.Node, constant []bool) {
	var stack []*graph.Node
	switch {
	case n.Op == "MatMul" && !isConstant(n.In[1]) && constant[n.In[1].Node.ID]:
		stack = append(stack, n.In[1].Node)
	case n.Op == "Gather" && !isConstant(n.In[0]) && constant[n.In[0].Node.ID]:
		stack = append(stack, n.In[0].Node)
	}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if s.skip[n] {
			continue
		}
		s.skip[n] = true
		for _, p := range n.In {
			stack = append(stack, p.Node)
		}
	}
}

// begin starts a chain at a node that takes others along.
func (s *skipping) begin(n *graph.Node, constant []bool) bool {
	if s.only(n) == nil || len(n.Out) != 1 {
		return false
	}
	switch cpu := graphType(n); {
	case cpu == "Convolution":
		s.kind[n], s.axis = intoConv, 1
	case cpu == "Reduce" && !isOp(n, "ReduceLogicalAnd", "ReduceLogicalOr"):
		s.axis = s.reduceAxis(n)
		s.kind[n] = intoOtherNode
		if !isOp(n, "ReduceMax", "ReduceMin") && n.Out[0].Type == tensor.F32 {
			s.kind[n] = intoReduce
		}
	case cpu == "Deconvolution", isOp(n, "MVN", "NormalizeL2", "Interpolate", "LSTMCell", "AvgPool"):
		s.kind[n], s.axis = intoOtherNode, 1
	case n.Op == "MatMul":
		s.beginMatMul(n, constant)
	default:
		return false
	}
	return true
}

func (s *skipping) beginMatMul(n *graph.Node, constant []bool) {
	rank := len(n.Out[0].Shape)
	a, w := len(shape(n.In[0])), len(shape(n.In[1]))
	if constant[n.In[1].Node.ID] && a != 1 && w != 1 && a <= 3 && w <= 3 {
		s.kind[n], s.axis = intoFC, 1
		if rank == 3 {
			s.axis = 2
		}
		return
	}
	s.kind[n], s.axis = intoMatMul, rank-1
}

// reduceAxis is the channel axis behind a Reduce, -1 when it is reduced away.
func (s *skipping) reduceAxis(n *graph.Node) int {
	at := 1
	if flag(n, "keep_dims") {
		return at
	}
	axes, _ := s.integers(n.In[1])
	for _, a := range axes {
		switch axis(a, len(shape(n.In[0]))) {
		case 1:
			return -1
		case 0:
			at = 0
		}
	}
	return at
}

// goOn decides whether n, whose inputs end chains, is fused.
func (s *skipping) goOn(n *graph.Node, constant []bool) {
	for _, p := range n.In {
		kind := s.kind[p.Node]
		if kind <= lastFused {
			continue
		}
		switch {
		case kind == intoReduce:
			if (n.Out[0].Type == tensor.F32 || n.Op == "FakeQuantize") && s.simple(n) {
				s.propagate(n, kind)
			}
		case s.simple(n):
			s.propagate(n, kind)
		case kind == intoConv && s.sum(n):
			s.propagate(n, intoConvSum)
		case kind == intoConv && n.Op == "MaxPool" && s.only(n) != nil:
			s.propagate(n, kind)
		case kind == intoConvSum && sumActivation(n):
			s.propagate(n, intoConv)
		case kind == intoMatMul || kind == intoFC:
			s.behindMatMul(n, kind, constant)
		}
	}
}

// propagate fuses n; the chain ends where several nodes read it.
func (s *skipping) propagate(n *graph.Node, kind fusing) {
	if s.only(n) == nil || len(n.Out) != 1 {
		kind = lastFused
	}
	s.kind[n] = kind
}

// sumActivation reports whether n is an activation that follows the sum in a convolution.
func sumActivation(n *graph.Node) bool {
	return isOp(n, "Relu", "PRelu", "Elu", "Sigmoid", "HSigmoid", "Clamp", "Swish", "HSwish", "Mish", "Round")
}

// simple reports whether n is an activation, a quantization, or a scale and shift, of one value that is no constant.
func (s *skipping) simple(n *graph.Node) bool {
	return s.simpleOperation(n) && s.variableInputs(n) == 1
}

func (s *skipping) simpleOperation(n *graph.Node) bool {
	return sumActivation(n) || isOp(n, "Tanh", "Gelu", "Abs", "Sqrt", "FakeQuantize") || s.scaleShift(n)
}

// variableInputs is the number of inputs that are no constants; those of a Reshape count in its place.
func (s *skipping) variableInputs(n *graph.Node) int {
	count := 0
	for _, p := range n.In {
		in := []graph.Port{p}
		if p.Node.Op == "Reshape" {
			in = p.Node.In
		}
		for _, q := range in {
			if !isConstant(q) {
				count++
			}
		}
	}
	return count
}

// scaleShift reports whether n scales or shifts a value by one number, or one per channel, that nothing else reads.
func (s *skipping) scaleShift(n *graph.Node) bool {
	if !isOp(n, "Add", "Multiply", "Subtract", "Divide") {
		return false
	}
	var data []int
	variable := 0
	for _, p := range n.In {
		if !isConstant(p) {
			data = shape(p)
			variable++
		} else if s.only(p.Node) == nil {
			return false
		}
	}
	if variable > 1 || data == nil {
		return false
	}
	for _, p := range n.In {
		if isConstant(p) && !alongAxis(data, shape(p), s.axis) {
			return false
		}
	}
	return true
}

// alongAxis reports whether a constant is one number, or one along the given axis of a value.
func alongAxis(value, constant []int, at int) bool {
	if len(constant) > len(value) {
		return false
	}
	if elements(constant) == 1 {
		return true
	}
	missing := len(value) - len(constant)
	for i, d := range constant {
		if i+missing == at && d != value[at] || i+missing != at && d != 1 {
			return false
		}
	}
	return at >= missing
}

// sum reports whether n adds the result of a convolution, with its bias, to another value.
func (s *skipping) sum(n *graph.Node) bool {
	if n.Op != "Add" || s.variableInputs(n) != 2 {
		return false
	}
	return slices.ContainsFunc(n.In, func(p graph.Port) bool {
		return s.isConv(p.Node) || s.isBias(p.Node) ||
			p.Node.Op == "FakeQuantize" && s.kind[p.Node] == intoConv && (s.isConv(p.Node.In[0].Node) || s.kind[p.Node.In[0].Node] == intoConv)
	})
}

func (s *skipping) isConv(n *graph.Node) bool {
	return graphType(n) == "Convolution" && s.only(n) != nil
}

// isBias reports whether n is the Add of a convolution's bias.
func (s *skipping) isBias(n *graph.Node) bool {
	if n.Op != "Add" || s.kind[n] != intoConv || !s.isConv(n.In[0].Node) || !isConstant(n.In[1]) {
		return false
	}
	conv, bias := n.In[0].Node.Out[0].Shape, shape(n.In[1])
	return len(conv) > 1 && alongAxis(conv, bias, 1) && elements(bias) == conv[1]
}

// behindMatMul decides whether a MatMul, or what was fused into it, takes n along: its bias, or what simple allows; operands on constant paths
// count as constants.
func (s *skipping) behindMatMul(n *graph.Node, kind fusing, constant []bool) {
	if s.matMulBias(n, constant) {
		s.propagate(n, kind)
		return
	}
	if kind == intoMatMul && isOp(n, "Add", "Multiply", "Subtract", "Divide", "PRelu") && len(n.Out[0].Shape) > 4 {
		for _, p := range n.In {
			if isConstant(p) && elements(shape(p)) != 1 {
				return
			}
		}
	}
	if !s.simpleOperation(n) {
		return
	}
	variable := 0
	for _, p := range n.In {
		k := s.kind[p.Node]
		if k == intoMatMul || k == intoFC || !constant[p.Node.ID] {
			variable++
		}
	}
	if variable == 1 {
		s.propagate(n, intoOtherNode)
	}
}

// matMulBias reports whether n adds one constant per column to a MatMul.
func (s *skipping) matMulBias(n *graph.Node, constant []bool) bool {
	if n.Op != "Add" {
		return false
	}
	for side, p := range n.In {
		if p.Node.Op != "MatMul" || s.only(p.Node) == nil {
			continue
		}
		bias := n.In[1-side]
		b, m := shape(bias), shape(p)
		if !constant[bias.Node.ID] || s.only(bias.Node) == nil || s.axis < 0 || s.axis >= len(m) || s.axis >= len(b) {
			return false
		}
		return b[s.axis] == m[s.axis] && b[s.axis] == elements(b)
	}
	return false
}
