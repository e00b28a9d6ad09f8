package passes

import (
	"math"

	"halfway/engine/graph"
)

// near reports whether a constant has the one value v, as closely as f16 stores it.
func (r *rewriter) near(p graph.Port, v float64) bool {
	f, ok := r.numbers(p)
	if !ok || len(f) == 0 {
		return false
	}
	for _, x := range f {
		if math.Abs(x-v) > 1e-3*math.Max(1, math.Abs(v)) {
			return false
		}
	}
	return true
}

// operand returns the input of a two-operand n that is not p.
func operand(n *graph.Node, p graph.Port) (graph.Port, bool) {
	if len(n.In) != 2 {
		return graph.Port{}, false
	}
	switch p {
	case n.In[0]:
		return n.In[1], true
	case n.In[1]:
		return n.In[0], true
	}
	return graph.Port{}, false
}

// unary puts an operation on x into the place of n, made of the given nodes.
func (r *rewriter) unary(n *graph.Node, op, opset string, attrs graph.Attrs, x graph.Port, from ...*graph.Node) bool {
	return r.instead(n, r.make(op, opset, attrs, x), from...)
}

// instead puts a into the place of n, whose one value it has, made of the given nodes and n.
func (r *rewriter) instead(n, a *graph.Node, from ...*graph.Node) bool {
	a.Out[0].Type, a.Out[0].Shape = n.Out[0].Type, n.Out[0].Shape
	r.inherit(a, append(from, n)...)
	r.substitute(n, a)
	return true
}

// softPlus finds log(exp(x) + 1). Source: SoftPlusFusion.
func softPlus(r *rewriter, n *graph.Node) bool {
	add := n.In[0].Node
	e, one, ok := withConstant(add)
	if !ok || add.Op != "Add" || e.Node.Op != "Exp" || !r.uniform(one, 1) {
		return false
	}
	return r.unary(n, "SoftPlus", "opset4", nil, e.Node.In[0], e.Node, add)
}

// mish finds x * tanh(softplus(x)). Source: SoftPlusToMishFusion.
func mish(r *rewriter, n *graph.Node) bool {
	for side := range n.In {
		tanh := n.In[side].Node
		if tanh.Op != "Tanh" || tanh.In[0].Node.Op != "SoftPlus" || r.only(tanh) == nil {
			continue
		}
		if plus := tanh.In[0].Node; plus.In[0] == n.In[1-side] && r.only(plus) != nil {
			return r.unary(n, "Mish", "opset4", nil, plus.In[0], plus, tanh)
		}
	}
	return false
}

// swish finds x * sigmoid(x), also with a factor before the sigmoid. Source: SwishFusionWithSigmoid, SwishFusionWithSigmoidWithBeta.
func swish(r *rewriter, n *graph.Node) bool {
	for side := range n.In {
		s, x := n.In[side].Node, n.In[1-side]
		if s.Op != "Sigmoid" {
			continue
		}
		if s.In[0] == x {
			return r.unary(n, "Swish", "opset4", nil, x, s)
		}
		mul := s.In[0].Node
		if mul.Op != "Multiply" || r.only(s) == nil {
			continue
		}
		beta, ok := operand(mul, x)
		if !ok {
			continue
		}
		if v, ok := r.scalar(beta); ok {
			if v == 1 {
				return r.unary(n, "Swish", "opset4", nil, x, s)
			}
			w := r.make("Swish", "opset4", nil, x, r.floats(0, float32(v)))
			r.inherit(w, s, n) // not of what scales by beta
			r.substitute(n, w)
			return true
		}
	}
	return false
}

// swishDivide finds x / (1 + exp(-x)). Source: SwishFusionWithoutSigmoid.
func swishDivide(r *rewriter, n *graph.Node) bool {
	x, add := n.In[0], n.In[1].Node
	e, one, ok := withConstant(add)
	if !ok || add.Op != "Add" || !r.uniform(one, 1) || e.Node.Op != "Exp" {
		return false
	}
	minus := e.Node.In[0].Node
	if minus.Op == "Negative" && minus.In[0] == x {
		return r.unary(n, "Swish", "opset4", nil, x, minus, e.Node, add)
	}
	return false
}

// clamped returns x of clamp(x, 0, 6), also spelt as minimum of a Relu.
func (r *rewriter) clamped(n *graph.Node) (x graph.Port, nodes []*graph.Node, ok bool) {
	switch n.Op {
	case "Clamp":
		d := n.Attrs.Decode()
		if d.Float("min", -1) == 0 && d.Float("max", -1) == 6 {
			return n.In[0], []*graph.Node{n}, true
		}
	case "Minimum":
		relu, six, ok := withConstant(n)
		if ok && relu.Node.Op == "Relu" && r.uniform(six, 6) {
			return relu.Node.In[0], []*graph.Node{relu.Node, n}, true
		}
	}
	return x, nil, false
}

// plusThree returns x of x + 3.
func (r *rewriter) plusThree(p graph.Port) (graph.Port, bool) {
	x, three, ok := withConstant(p.Node)
	return x, ok && p.Node.Op == "Add" && r.uniform(three, 3)
}

// hswish finds x * clamp(x + 3, 0, 6), which is six times HSwish, and x * hsigmoid(x). Source: HSwishFusion.
func hswish(r *rewriter, n *graph.Node) bool {
	for side := range n.In {
		c, x := n.In[side].Node, n.In[1-side]
		if c.Op == "HSigmoid" && c.In[0] == x {
			return r.unary(n, "HSwish", "opset4", nil, x, c)
		}
		sum, nodes, ok := r.clamped(c)
		if !ok {
			continue
		}
		if source, ok := r.plusThree(sum); !ok || source != x {
			continue
		}
		nodes = append(nodes, sum.Node, n)
		h := r.make("HSwish", "opset4", nil, x)
		h.Out[0].Type, h.Out[0].Shape = x.Type(), shape(x)
		m := r.make("Multiply", "opset1", numpyBroadcast, port(h), r.floats(0, 6))
		for _, made := range []*graph.Node{h, m, m.In[1].Node} {
			r.inherit(made, nodes...)
		}
		r.substitute(n, m)
		return true
	}
	return false
}

// hsigmoid finds clamp(x + 3, 0, 6) / 6. Source: HSigmoidFusion.
func hsigmoid(r *rewriter, n *graph.Node) bool {
	v, six, ok := withConstant(n)
	if !ok || n.Op == "Multiply" && !r.near(six, 1.0/6) || n.Op == "Divide" && (n.In[0] != v || !r.uniform(six, 6)) {
		return false
	}
	sum, nodes, ok := r.clamped(v.Node)
	if !ok {
		return false
	}
	x, ok := r.plusThree(sum)
	if !ok {
		return false
	}
	return r.unary(n, "HSigmoid", "opset5", nil, x, append(nodes, sum.Node)...)
}

// clampOfBounds finds min(max(x, low), high) and max(min(x, high), low). Source: ClampFusion.
func clampOfBounds(r *rewriter, n *graph.Node) bool {
	inner, outerBound, ok := withConstant(n)
	if !ok {
		return false
	}
	other := map[string]string{"Minimum": "Maximum", "Maximum": "Minimum"}[n.Op]
	x, innerBound, ok := withConstant(inner.Node)
	if !ok || inner.Node.Op != other || r.only(inner.Node) == nil {
		return false
	}
	low, okLow := r.scalar(innerBound)
	high, okHigh := r.scalar(outerBound)
	if n.Op == "Maximum" {
		low, high = high, low
	}
	if !okLow || !okHigh || low > high {
		return false
	}
	return r.unary(n, "Clamp", "opset1", graph.Attrs{"min": decimal(low), "max": decimal(high)}, x, inner.Node)
}

// softmax finds exp(x - max(x)) / sum(exp(x - max(x))) along one axis. Source: SoftmaxFusion.
func softmax(r *rewriter, n *graph.Node) bool {
	exp, sum := n.In[0].Node, n.In[1].Node
	if exp.Op != "Exp" || sum.Op != "ReduceSum" || sum.In[0].Node != exp {
		return false
	}
	a, ok := r.reduceAxis(sum)
	if !ok {
		return false
	}
	nodes := []*graph.Node{exp, sum}
	x := exp.In[0]
	if sub := x.Node; sub.Op == "Subtract" {
		top := sub.In[1].Node
		if top.Op != "ReduceMax" || top.In[0] != sub.In[0] {
			return false
		}
		if b, ok := r.reduceAxis(top); !ok || b != a {
			return false
		}
		nodes = append(nodes, sub, top)
		x = sub.In[0]
	} else {
		return false
	}
	return r.unary(n, "Softmax", "opset8", graph.Attrs{"axis": itoa(a)}, x, nodes...)
}

// reduceAxis is the one axis that a Reduce keeps with size 1.
func (r *rewriter) reduceAxis(n *graph.Node) (int, bool) {
	axes, ok := r.integers(n.In[1])
	rank := len(shape(n.In[0]))
	if !ok || len(axes) != 1 || rank == 0 || !flag(n, "keep_dims") {
		return 0, false
	}
	return axis(axes[0], rank), true
}

// leaky finds max(x, x * slope). Source: LeakyReluFusion.
func leaky(r *rewriter, n *graph.Node) bool {
	for side := range n.In {
		mul, x := n.In[side].Node, n.In[1-side]
		if mul.Op != "Multiply" || r.only(mul) == nil {
			continue
		}
		slope, ok := operand(mul, x)
		if !ok || !isConstant(slope) || elements(shape(slope)) != 1 {
			continue
		}
		return r.instead(n, r.make("PRelu", "opset1", nil, x, slope), mul)
	}
	return false
}

// divideFusion finds x * y^-1. Source: DivideFusion.
func divideFusion(r *rewriter, n *graph.Node) bool {
	for side := range n.In {
		p := n.In[side].Node
		if p.Op != "Power" || !r.uniform(p.In[1], -1) || isConstant(p.In[0]) {
			continue
		}
		return r.instead(n, r.make("Divide", "opset1", graph.Attrs{"auto_broadcast": "numpy", "m_pythondiv": "true"}, n.In[1-side], p.In[0]), p)
	}
	return false
}

// subtractFusion finds x + y * -1. Source: SubtractFusion.
func subtractFusion(r *rewriter, n *graph.Node) bool {
	for side := range n.In {
		m := n.In[side].Node
		if m.Op != "Multiply" {
			continue
		}
		y, minus, ok := withConstant(m)
		if !ok || !r.uniform(minus, -1) || elements(shape(minus)) != 1 {
			continue
		}
		return r.instead(n, r.make("Subtract", "opset1", numpyBroadcast, n.In[1-side], y), m)
	}
	return false
}
