package passes

import (
	"math"
	"slices"

	"halfway/engine/graph"
)

// gelu finds x * 0.5 * (1 + erf(x / sqrt(2))) in any order of the factors, and the same with tanh(sqrt(2/pi) * (x + 0.044715 * x^3)).
// Source: GeluFusion.
func gelu(r *rewriter, n *graph.Node) bool {
	p := product{r: r}
	p.collect(n, true)
	if !p.half || len(p.factors) != 2 {
		return false
	}
	for i := range p.factors {
		x, sum := p.factors[1-i], p.factors[i].Node
		bell, one, ok := withConstant(sum)
		if !ok || sum.Op != "Add" || !r.uniform(one, 1) || r.only(sum) == nil {
			continue
		}
		nodes := append(p.nodes, sum, bell.Node)
		mode := ""
		switch bell.Node.Op {
		case "Erf":
			if inner, ok := r.scaled(bell.Node.In[0], x, math.Sqrt2/2); ok {
				mode, nodes = "ERF", append(nodes, inner)
			}
		case "Tanh":
			if inner, ok := r.tanhArgument(bell.Node.In[0], x); ok {
				mode, nodes = "TANH", append(nodes, inner...)
			}
		}
		if mode != "" {
			return r.unary(n, "Gelu", "opset7", graph.Attrs{"approximation_mode": mode}, x, matched(x, append(nodes, n))...)
		}
	}
	return false
}

// matched are the nodes of a pattern and what it reads, x and constants, of all of which the plugin says that the result is made.
func matched(x graph.Port, nodes []*graph.Node) []*graph.Node {
	all := append(slices.Clone(nodes), x.Node)
	for _, n := range nodes {
		for _, p := range n.In {
			if isConstant(p) {
				all = append(all, p.Node)
			}
		}
	}
	return all
}

// A product is what is multiplied to a value: a factor of one half and others.
type product struct {
	r       *rewriter
	half    bool
	factors []graph.Port
	nodes   []*graph.Node // the multiplications inside
}

// collect takes n apart, whose inner multiplications have no other reader.
func (p *product) collect(n *graph.Node, root bool) {
	if !root {
		p.nodes = append(p.nodes, n)
	}
	for _, in := range n.In {
		m := in.Node
		switch {
		case isConstant(in) && p.r.uniform(in, 0.5) && !p.half:
			p.half = true
		case m.Op == "Multiply" && p.r.only(m) != nil && len(p.nodes) < 2:
			p.collect(m, false)
		default:
			p.factors = append(p.factors, in)
		}
	}
}

// scaled matches x times a constant, or divided by its inverse, and returns the node.
func (r *rewriter) scaled(p, x graph.Port, factor float64) (*graph.Node, bool) {
	n := p.Node
	if len(n.In) != 2 {
		return nil, false
	}
	switch n.Op {
	case "Multiply":
		c, ok := operand(n, x)
		return n, ok && r.near(c, factor)
	case "Divide":
		return n, n.In[0] == x && r.near(n.In[1], 1/factor)
	}
	return nil, false
}

// tanhArgument matches sqrt(2/pi) * (x + 0.044715 * x^3), also as (sqrt(2/pi) * x) * (1 + (0.044715 * x) * x).
func (r *rewriter) tanhArgument(p, x graph.Port) ([]*graph.Node, bool) {
	if p.Node.Op != "Multiply" {
		return nil, false
	}
	for i := range p.Node.In {
		if nodes, ok := r.factoredArgument(p.Node.In[i].Node, p.Node.In[1-i].Node, x); ok {
			return append(nodes, p.Node), true
		}
	}
	sum, factor, ok := withConstant(p.Node)
	if !ok || !r.near(factor, math.Sqrt(2/math.Pi)) || sum.Node.Op != "Add" {
		return nil, false
	}
	cubic, ok := operand(sum.Node, x)
	if !ok || cubic.Node.Op != "Multiply" {
		return nil, false
	}
	power, c, ok := withConstant(cubic.Node)
	if !ok || !r.near(c, 0.044715) {
		return nil, false
	}
	cube, ok := r.cube(power.Node, x)
	return append([]*graph.Node{p.Node, sum.Node, cubic.Node}, cube...), ok
}

// factoredArgument matches scaled = sqrt(2/pi) * x and sum = 1 + (0.044715 * x) * x.
func (r *rewriter) factoredArgument(scaled, sum *graph.Node, x graph.Port) ([]*graph.Node, bool) {
	square, one, ok := withConstant(sum)
	if !ok || sum.Op != "Add" || !r.uniform(one, 1) || scaled.Op != "Multiply" || square.Node.Op != "Multiply" {
		return nil, false
	}
	factor, okFactor := operand(scaled, x)
	small, okSmall := operand(square.Node, x)
	if !okFactor || !okSmall || !r.near(factor, math.Sqrt(2/math.Pi)) || small.Node.Op != "Multiply" {
		return nil, false
	}
	c, ok := operand(small.Node, x)
	return []*graph.Node{scaled, sum, square.Node, small.Node}, ok && r.near(c, 0.044715)
}

// cube matches x^3, or x * x * x, and returns its nodes.
func (r *rewriter) cube(n *graph.Node, x graph.Port) ([]*graph.Node, bool) {
	switch n.Op {
	case "Power":
		return []*graph.Node{n}, n.In[0] == x && r.uniform(n.In[1], 3)
	case "Multiply":
		square, ok := operand(n, x)
		s := square.Node
		return []*graph.Node{n, s}, ok && s.Op == "Multiply" && s.In[0] == x && s.In[1] == x
	}
	return nil, false
}
