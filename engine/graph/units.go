package graph

import "slices"

// A Unit is the nodes that one executor computes together.
type Unit struct {
	Members []*Node // the head first, each further one after the one that it reads
	Writer  *Node   // the member whose output port says in which precision the result is written: a bias or the Add of a merged scale and shift does not
}

// Units returns the nodes that the plugin's graph optimizer makes one executor of, after enforcement: a bias, activations, scales and a residual
// sum behind a Convolution, what follows a FullyConnected, MatMul, MVN, Interpolate, NormalizeL2 or Reduce channel by channel, and chains of
// Eltwise nodes. Nodes that are executors of their own are left out. Of a shape that is not known nothing is fused that depends on it.
//
// Source: GraphOptimizer of OpenVINO's CPU plugin (graph_optimizer.cpp, ApplyCommonGraphOptimizations) for x64 with AVX-512, and the canFuse
// rules of its nodes.
func (g *Graph) Units(order []*Node) []Unit {
	isNarrowed := func(n *Node) bool { return n.Narrowed }
	if !slices.ContainsFunc(order, isNarrowed) {
		return g.fuse(order)
	}
	c := g.Clone() // as the plugin has it: without the nodes that it has not
	readers := c.Consumers()
	var left []*Node
	for _, n := range order {
		m := c.Nodes[n.ID]
		if !m.Narrowed {
			left = append(left, m)
			continue
		}
		from := m.In[0]
		m.In = nil
		c.Redirect(Port{Node: m}, from, readers[m.ID])
		readers[from.Node.ID] = append(readers[from.Node.ID], readers[m.ID]...)
	}
	units := c.fuse(left)
	for i, u := range units {
		for k, m := range u.Members {
			units[i].Members[k] = g.Nodes[m.ID]
		}
		units[i].Writer = g.Nodes[u.Writer.ID]
	}
	return units
}

func (g *Graph) fuse(order []*Node) []Unit {
	f := &fuser{order: order, unit: make([]*unit, len(g.Nodes)), readers: make([]int, len(g.Nodes)), reader: make([]*Node, len(g.Nodes))}
	for _, n := range g.Nodes {
		f.unit[n.ID] = &unit{members: []*Node{n}, writer: n, kind: CPUType(n.Op), algorithm: n.Op}
		for _, p := range n.In {
			f.readers[p.Node.ID]++
			f.reader[p.Node.ID] = n
		}
	}
	f.zeroPoints()
	f.scales()
	f.biases()
	f.scaleShifts()
	f.follow(f.oneScaleShift, "Deconvolution")
	f.follow(f.quantizedAverage, "Pooling")
	f.follow(f.simple, "Convolution", "BinaryConvolution")
	f.sums()
	f.follow(f.simple, "Convolution", "BinaryConvolution")
	for _, kind := range []string{"FullyConnected", "MatMul", "MVN", "Interpolate", "NormalizeL2", "Reduce"} {
		f.follow(f.canFuse(kind), kind)
	}
	f.follow(f.chains, "Eltwise")
	return f.units()
}

// A unit is what has been fused so far; it begins with each node by itself.
type unit struct {
	members   []*Node
	writer    *Node
	kind      string // CPU type of the head
	algorithm string // operation, "MulAdd" when merged
}

func (u *unit) last() *Node { return u.members[len(u.members)-1] }

type fuser struct {
	order   []*Node
	unit    []*unit // by node id
	readers []int   // by node id: number of edges that leave it
	reader  []*Node // by node id: a node that reads it, the only one where readers is 1
}

// units are those of more than one member, in the order of their heads.
func (f *fuser) units() []Unit {
	var r []Unit
	for _, n := range f.order {
		if u := f.unit[n.ID]; u.members[0] == n && len(u.members) > 1 {
			r = append(r, Unit{u.members, u.writer})
		}
	}
	return r
}

// child is the unit that alone reads u, nil when there are several readers or none.
func (f *fuser) child(u *unit) *unit {
	last := u.last()
	if f.readers[last.ID] != 1 {
		return nil
	}
	return f.unit[f.reader[last.ID].ID]
}

// join fuses child into u, which then writes as child does.
func (f *fuser) join(u, child *unit) {
	f.merge(u, child)
	u.writer = child.writer
}

// merge makes child a part of u's own operation.
func (f *fuser) merge(u, child *unit) {
	u.members = append(u.members, child.members...)
	for _, n := range child.members {
		f.unit[n.ID] = u
	}
}

// inputs are the ports from which u reads what it does not compute itself.
func (f *fuser) inputs(u *unit) []Port {
	var r []Port
	for _, n := range u.members {
		for _, p := range n.In {
			if f.unit[p.Node.ID] != u {
				r = append(r, p)
			}
		}
	}
	return r
}

// port is the input of child's head that reads u, -1 when none does.
func port(u, child *unit) int { return sideOf(child.members[0], u.last()) }

// biases fuses an Add of one constant a channel, behind the scale of integers if there is one (FuseConvolutionMatMulDeconvAndBias).
func (f *fuser) biases() {
	for _, n := range f.order {
		u := f.unit[n.ID]
		if u.kind != "Convolution" && u.kind != "MatMul" && u.kind != "Deconvolution" || len(n.In) != 2 || u.members[0] != n {
			continue
		}
		child := f.child(u)
		if child == nil || child.algorithm != "Add" || len(child.members[0].In) != 2 {
			continue
		}
		bias := child.members[0].In[1-port(u, child)].Node
		if bias.Op == "Constant" && f.readers[bias.ID] == 1 && perChannel(bias.Out[0].Shape, n.Out[0].Shape, fusingAxis(u), false) {
			f.merge(u, child)
		}
	}
}

// scaleShifts merges a Multiply and an Add by constants of one channel axis (FuseMultiplyAndAdd).
func (f *fuser) scaleShifts() {
	for _, n := range f.order {
		u := f.unit[n.ID]
		if u.algorithm != "Multiply" || len(u.members) > 1 || u.kind != "Eltwise" || !scaleShiftOperand(n) {
			continue
		}
		child := f.child(u)
		if child == nil || child.algorithm != "Add" || len(child.members) > 1 || !scaleShiftOperand(child.members[0]) || !f.eltwise(u, child) {
			continue
		}
		f.merge(u, child)
		u.algorithm = "MulAdd"
	}
}

// scaleShiftOperand reports whether input 1 of n is a constant along one axis of input 0.
func scaleShiftOperand(n *Node) bool {
	if len(n.In) != 2 || n.In[1].Node.Op != "Constant" {
		return false
	}
	data, c := shapeAt(n.In[0]), shapeAt(n.In[1])
	if data == nil || len(c) != len(data) || len(c) < 2 || c[0] != 1 {
		return false
	}
	axis := -1
	for i, d := range c {
		if d != 1 {
			if axis >= 0 {
				return false
			}
			axis = i
		}
	}
	return axis >= 0 && c[axis] == data[axis]
}

func shapeAt(p Port) []int { return p.Node.Out[p.Out].Shape }

// follow fuses into units of the given kinds what reads them alone, as long as can allows it.
func (f *fuser) follow(can func(u, child *unit) bool, kinds ...string) {
	is := setOf(kinds...)
	for _, n := range f.order {
		u := f.unit[n.ID]
		if u.members[0] != n || !is[u.kind] {
			continue
		}
		for child := f.child(u); child != nil && child != u && can(u, child); child = f.child(u) {
			f.join(u, child)
		}
	}
}
