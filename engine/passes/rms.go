package passes

import (
	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// fuseRMS finds x / sqrt(mean(x^2) + eps) over the last axis, also with a constant factor gamma. The node takes the name of the last operation.
// Source: RMSFusion.
func fuseRMS(r *rewriter) {
	r.each(func(n *graph.Node) {
		if n.Op != "Multiply" {
			return
		}
		for side := range 2 {
			if m := (rmsMatch{r: r}); m.root(n, side) {
				m.replace(n)
				return
			}
		}
	})
	r.each(func(n *graph.Node) {
		if m := (rmsMatch{r: r}); isOp(n, "Multiply", "Divide") && m.normal(n) {
			m.put(n, graph.Attrs{"elementwise_affine": "false"}, m.x)
		}
	})
}

type rmsMatch struct {
	r        *rewriter
	nodes    []*graph.Node // all that was matched
	x, gamma graph.Port
	eps      float64
}

// root matches n as the multiplication by gamma, its input of that side.
func (m *rmsMatch) root(n *graph.Node, side int) bool {
	m.gamma = n.In[side]
	source := m.gamma
	if source.Node.Op == "Convert" {
		m.nodes = append(m.nodes, source.Node)
		source = source.Node.In[0]
	}
	if !isConstant(source) {
		return false
	}
	m.nodes = append(m.nodes, n, source.Node)
	return m.normal(n.In[1-side].Node)
}

// normal matches n as x over the root of its mean square; the plugin has no f64, so it stays as it is.
func (m *rmsMatch) normal(n *graph.Node) bool {
	m.nodes = append(m.nodes, n)
	if len(n.In) != 2 || n.Out[0].Type == tensor.F64 {
		return false
	}
	switch n.Op {
	case "Divide":
		m.x = n.In[0]
		return m.rootMeanSquare(n.In[1])
	case "Multiply":
		for i := range 2 {
			if p := n.In[i].Node; p.Op == "Power" && m.r.uniform(p.In[1], -0.5) {
				m.nodes = append(m.nodes, p, p.In[1].Node)
				m.x = n.In[1-i]
				if m.meanSquare(p.In[0]) {
					return true
				}
			}
			at, ok := m.inverseRoot(n.In[i].Node)
			if !ok {
				continue
			}
			m.x = n.In[1-i]
			if m.rootMeanSquare(at) {
				return true
			}
		}
	}
	return false
}

// inverseRoot returns what n is one over.
func (m *rmsMatch) inverseRoot(n *graph.Node) (graph.Port, bool) {
	switch {
	case n.Op == "Power" && m.r.uniform(n.In[1], -1):
		m.nodes = append(m.nodes, n, n.In[1].Node)
		return n.In[0], true
	case n.Op == "Divide" && m.r.uniform(n.In[0], 1):
		m.nodes = append(m.nodes, n, n.In[0].Node)
		return n.In[1], true
	}
	return graph.Port{}, false
}

// rootMeanSquare matches sqrt(mean(x^2) + eps).
func (m *rmsMatch) rootMeanSquare(p graph.Port) bool {
	root := p.Node
	if root.Op != "Sqrt" {
		return false
	}
	m.nodes = append(m.nodes, root)
	return m.meanSquare(root.In[0])
}

// meanSquare matches mean(x^2) + eps.
func (m *rmsMatch) meanSquare(add graph.Port) bool {
	mean, eps, ok := withConstant(add.Node)
	if !ok || add.Node.Op != "Add" || mean.Node.Op != "ReduceMean" {
		return false
	}
	if m.eps, ok = m.r.scalar(eps); !ok {
		return false
	}
	square := mean.Node.In[0].Node
	axes, ok := m.r.integers(mean.Node.In[1])
	rank := len(shape(m.x))
	if !ok || len(axes) != 1 || rank == 0 || axis(axes[0], rank) != rank-1 {
		return false
	}
	product := square.Op == "Multiply" && square.In[0] == m.x && square.In[1] == m.x
	if !product && (square.Op != "Power" || square.In[0] != m.x || !m.r.uniform(square.In[1], 2)) {
		return false
	}
	m.nodes = append(m.nodes, add.Node, eps.Node, mean.Node, mean.Node.In[1].Node, square, square.In[1].Node, m.x.Node)
	return true
}

func (m *rmsMatch) replace(n *graph.Node) {
	s := shape(m.gamma)
	if x := shape(m.x); len(s) == 0 || len(x) == 0 || s[len(s)-1] != x[len(x)-1] && s[len(s)-1] != 1 {
		return
	}
	m.put(n, graph.Attrs{"elementwise_affine": "true"}, m.x, m.gamma)
}

// put makes the RMS in the place of n.
func (m *rmsMatch) put(n *graph.Node, attrs graph.Attrs, in ...graph.Port) {
	attrs["epsilon"], attrs["output_type"] = decimal(m.eps), n.Out[0].Type.String()
	rms := m.r.add(&graph.Node{Op: "RMS", Opset: "ie_internal_opset", In: in, Out: n.Out, Attrs: attrs})
	m.r.inherit(rms, m.nodes...)
	m.r.substitute(n, rms)
	rms.Precise = false
}
