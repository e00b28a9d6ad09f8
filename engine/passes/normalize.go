package passes

import (
	"halfway/engine/graph"
)

// batchNorm writes inference of batch normalization as Add, Multiply and Add of constants, which are fused into the convolution before it.
// Source: BatchNormDecomposition.
func batchNorm(r *rewriter, n *graph.Node) bool {
	if len(n.In) != 5 || n.Out[0].Shape == nil {
		return false
	}
	x, gamma, beta, mean, variance := n.In[0], n.In[1], n.In[2], n.In[3], n.In[4]
	if n.Opset == "opset1" {
		gamma, beta, x = n.In[0], n.In[1], n.In[2]
	}
	d := n.Attrs.Decode()
	eps := d.Float("epsilon", d.Float("eps", 1e-5))
	steps := &chain{r: r, from: n}
	to := ones(len(n.Out[0].Shape))
	to[1] = -1
	channel := func(p graph.Port) graph.Port {
		return steps.make("Reshape", "opset1", graph.Attrs{"special_zero": "false"}, p, r.ints(1, to...))
	}
	root := steps.make("Sqrt", "opset1", nil, steps.make("Add", "opset1", numpyBroadcast, variance, r.like(variance, eps)))
	scale := steps.make("Divide", "opset1", numpyBroadcast, gamma, root)
	minus := steps.make("Multiply", "opset1", numpyBroadcast, mean, r.like(mean, -1))
	centred := steps.make("Add", "opset1", numpyBroadcast, x, channel(minus))
	scaled := steps.make("Multiply", "opset1", numpyBroadcast, centred, channel(scale))
	out := steps.make("Add", "opset1", numpyBroadcast, scaled, channel(beta))
	r.substitute(n, out.Node)
	return true
}

// normalizeL2 finds x / sqrt(max(sum(x^2), eps)), and the same with a sum in place of the maximum. Source: NormalizeL2Fusion.
func normalizeL2(r *rewriter, n *graph.Node) bool {
	x, root := n.In[0], n.In[1].Node
	nodes := []*graph.Node{root}
	if root.Op != "Sqrt" && !(root.Op == "Power" && r.uniform(root.In[1], 0.5)) {
		return false
	}
	sum, eps, ok := withConstant(root.In[0].Node)
	mode := map[string]string{"Maximum": "max", "Add": "add"}[root.In[0].Node.Op]
	if !ok || mode == "" {
		return false
	}
	e, known := r.scalar(eps)
	if !known || sum.Node.Op != "ReduceSum" || !flag(sum.Node, "keep_dims") {
		return false
	}
	square := sum.Node.In[0].Node
	if square.Op != "Power" || square.In[0] != x || !r.uniform(square.In[1], 2) || !isConstant(sum.Node.In[1]) {
		return false
	}
	nodes = append(nodes, root.In[0].Node, sum.Node, square, n)
	l2 := r.make("NormalizeL2", "opset1", graph.Attrs{"eps": decimal(e), "eps_mode": mode}, x, sum.Node.In[1])
	l2.Out[0].Type, l2.Out[0].Shape = n.Out[0].Type, n.Out[0].Shape
	r.inherit(l2, nodes...)
	r.substitute(n, l2)
	return true
}

// mvn finds (x - mean(x)) / sqrt(mean((x - mean(x))^2) + eps), also with the small number outside of the root. Source: MVNFusionWithoutConstants.
func mvn(r *rewriter, n *graph.Node) bool {
	m := mvnMatch{r: r}
	if !m.quotient(n) {
		return false
	}
	attrs := graph.Attrs{"eps": decimal(m.eps), "eps_mode": m.mode, "normalize_variance": "true"}
	v := r.make("MVN", "opset6", attrs, m.x, m.axes)
	v.Out[0].Type, v.Out[0].Shape = n.Out[0].Type, n.Out[0].Shape
	r.inherit(v, append(m.nodes, n)...)
	r.substitute(n, v)
	return true
}

// mvnInside finds x*g + (beta - mean(x)*g) with g = gamma * (mean((x - mean(x))^2) + eps)^-0.5. Source: MVNFusionWithConstantsInside.
func mvnInside(r *rewriter, n *graph.Node) bool {
	for side := range n.In {
		scaled, sub := n.In[side].Node, n.In[1-side].Node
		if scaled.Op != "Multiply" || sub.Op != "Subtract" || !isConstant(sub.In[0]) || sub.In[1].Node.Op != "Multiply" {
			continue
		}
		for i := range scaled.In {
			if r.mvnOf(n, scaled, sub, scaled.In[i], scaled.In[1-i]) {
				return true
			}
		}
	}
	return false
}

// mvnOf matches scaled = x * g and sub = beta - mean(x) * g.
func (r *rewriter) mvnOf(n, scaled, sub *graph.Node, x, g graph.Port) bool {
	mean, okMean := operand(sub.In[1].Node, g)
	power, gamma, okGamma := withConstant(g.Node)
	if !okMean || !okGamma || g.Node.Op != "Multiply" || power.Node.Op != "Power" || !r.uniform(power.Node.In[1], -0.5) {
		return false
	}
	add := power.Node.In[0].Node
	variance, eps, ok := withConstant(add)
	e, okEps := r.scalar(eps)
	if !ok || !okEps || add.Op != "Add" || variance.Node.Op != "ReduceMean" || mean.Node.Op != "ReduceMean" || mean.Node.In[0] != x {
		return false
	}
	square := variance.Node.In[0].Node
	m := mvnMatch{r: r, axes: mean.Node.In[1]}
	if first, ok := operand(square, mean); !ok || square.Op != "SquaredDifference" || first != x || !m.sameAxes(variance.Node.In[1]) ||
		!flag(mean.Node, "keep_dims") || !flag(variance.Node, "keep_dims") {
		return false
	}
	sources := []*graph.Node{mean.Node, square, add, power.Node, g.Node, scaled, sub.In[1].Node, sub, n}
	attrs := graph.Attrs{"eps": decimal(e), "eps_mode": "inside_sqrt", "normalize_variance": "true"}
	v := r.make("MVN", "opset6", attrs, x, mean.Node.In[1])
	by := r.make("Multiply", "opset1", numpyBroadcast, port(v), gamma)
	sum := r.make("Add", "opset1", numpyBroadcast, port(by), sub.In[0])
	for _, made := range []*graph.Node{v, by, sum} {
		r.inherit(made, sources...)
	}
	r.substitute(n, sum)
	return true
}

type mvnMatch struct {
	r       *rewriter
	x, axes graph.Port
	eps     float64
	mode    string
	nodes   []*graph.Node
}

func (m *mvnMatch) take(n *graph.Node) { m.nodes = append(m.nodes, n) }

// quotient matches the division, or the multiplication by an inverse, at the end.
func (m *mvnMatch) quotient(n *graph.Node) bool {
	switch n.Op {
	case "Divide":
		return m.centred(n.In[0]) && m.deviation(n.In[1])
	case "Multiply":
		for side := range n.In {
			p := n.In[side].Node
			if p.Op == "Power" && m.r.uniform(p.In[1], -1) && m.centred(n.In[1-side]) {
				m.take(p)
				return m.deviation(p.In[0])
			}
		}
	}
	return false
}

// centred matches x - mean(x).
func (m *mvnMatch) centred(p graph.Port) bool {
	x, mean, sub, ok := m.r.difference(p)
	if !ok {
		return false
	}
	m.x, m.axes = x, mean.In[1]
	m.take(sub)
	m.take(mean)
	return true
}

// difference matches p = x - ReduceMean(x).
func (r *rewriter) difference(p graph.Port) (x graph.Port, mean, sub *graph.Node, ok bool) {
	sub = p.Node
	if sub.Op != "Subtract" {
		return x, nil, nil, false
	}
	mean = sub.In[1].Node
	if mean.Op != "ReduceMean" || mean.In[0] != sub.In[0] || !flag(mean, "keep_dims") || !isConstant(mean.In[1]) {
		return x, nil, nil, false
	}
	return sub.In[0], mean, sub, true
}

// deviation matches the root of the variance.
func (m *mvnMatch) deviation(p graph.Port) bool {
	n := p.Node
	var root, add *graph.Node
	switch {
	case m.isRoot(n):
		root, add = n, n.In[0].Node
		m.mode = "inside_sqrt"
	case n.Op == "Add":
		value, _, ok := withConstant(n)
		if !ok || !m.isRoot(value.Node) {
			return false
		}
		root, add = value.Node, n
		m.mode = "outside_sqrt"
	default:
		return false
	}
	variance, eps, ok := withConstant(add)
	if !ok || add.Op != "Add" {
		return false
	}
	if m.eps, ok = m.r.scalar(eps); !ok {
		return false
	}
	m.take(root)
	m.take(add)
	if m.mode == "outside_sqrt" {
		variance = root.In[0]
	}
	return m.variance(variance)
}

func (m *mvnMatch) isRoot(n *graph.Node) bool {
	return n.Op == "Sqrt" || n.Op == "Power" && m.r.uniform(n.In[1], 0.5)
}

// variance matches mean((x - mean(x))^2), where the difference may be a node of its own, and the square a product.
func (m *mvnMatch) variance(p graph.Port) bool {
	mean := p.Node
	if mean.Op != "ReduceMean" || !m.sameAxes(mean.In[1]) {
		return false
	}
	square := mean.In[0].Node
	base := graph.Port{}
	switch {
	case square.Op == "Power" && m.r.uniform(square.In[1], 2):
		base = square.In[0]
	case square.Op == "Multiply" && square.In[0] == square.In[1]:
		base = square.In[0]
	default:
		return false
	}
	m.take(mean)
	m.take(square)
	if base.Node.Op == "Convert" {
		m.take(base.Node)
		base = base.Node.In[0]
	}
	x, inner, sub, ok := m.r.difference(base)
	if !ok || x != m.x || !m.sameAxes(inner.In[1]) {
		return false
	}
	m.take(inner)
	m.take(sub)
	return true
}

func (m *mvnMatch) sameAxes(p graph.Port) bool {
	a, ok1 := m.r.integers(m.axes)
	b, ok2 := m.r.integers(p)
	if !ok1 || !ok2 || len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
