package graph

// A Rounding says which operands and results of one node are rounded to the reduced grid, and when: an entry lists the candidates all of
// which must be enforced for it; nil is never.
type Rounding struct {
	In, Out [][]*Node // by port
}

// Roundings returns, by node id, what the plugin's executors round when candidates are enforced. units are the nodes that one executor
// computes together, the head first and each member reading the one before it; a node in none of them is a unit of its own.
//
// A port is rounded when enforcement makes it reduced (ReducesInput, ReducesOutput), but
//
//   - what passes from member to member inside a unit is not rounded;
//   - a unit computes as its head says: with the head in f32 nothing in it is rounded, and its result is rounded iff the last member's
//     output is reduced as well. A Convolution with a bias and no activation writes the reduced precision even where the bias is kept or
//     belongs to the tail;
//   - Convolution, FullyConnected and recurrent cells round their constant weights with their input, and a bias with the result;
//   - a unit whose head is Eltwise rounds what it reads by the ports of the members that read it;
//   - Math and Log have f32 kernels only: nothing;
//   - Reduce reads the reduced precision and writes f32, but for the logical ones, minimum and maximum, and with another node fused;
//   - a MatMul with a constant operand computes in f32: its output only.
//
// Source: openvino-semantics, sections 6 and 8; design, section 5.
func (e *Enforcement) Roundings(g *Graph, units [][]*Node) []Rounding {
	r := &rounder{Enforcement: e, candidate: make([]bool, len(g.Nodes)), readers: g.Consumers(), unit: make([][]*Node, len(g.Nodes))}
	for _, n := range e.Candidates {
		r.candidate[n.ID] = true
	}
	for _, u := range units {
		for _, n := range u {
			r.unit[n.ID] = u
		}
	}
	list := make([]Rounding, len(g.Nodes))
	for _, n := range e.Order {
		list[n.ID] = r.node(n)
	}
	return list
}

type rounder struct {
	*Enforcement
	candidate []bool
	readers   [][]*Node
	unit      [][]*Node // by id; nil for a unit of one
}

func (r *rounder) node(n *Node) Rounding {
	unit := r.unit[n.ID]
	if unit == nil {
		unit = []*Node{n}
	}
	u := executor{rounder: r, members: unit, head: unit[0], last: unit[len(unit)-1], kind: CPUType(unit[0].Op)}
	result := Rounding{In: make([][]*Node, len(n.In)), Out: make([][]*Node, len(n.Out))}
	for i := range n.In {
		result.In[i] = u.operand(n, i)
	}
	for o := range n.Out {
		result.Out[o] = u.result(n, o)
	}
	return result
}

// An executor is what computes one unit.
type executor struct {
	*rounder
	members    []*Node
	head, last *Node
	kind       string // CPU type of the head
}

// when returns the condition that all of nodes are enforced; nil when one of them never is.
func (u executor) when(nodes ...*Node) []*Node {
	for _, n := range nodes {
		if !u.candidate[n.ID] {
			return nil
		}
	}
	return nodes
}

// operand says when input i of member n is rounded.
func (u executor) operand(n *Node, i int) []*Node {
	from := n.In[i].Node
	if n != u.head && from != n && u.holds(from) || u.f32Only() {
		return nil
	}
	if bias := u.biasOf(n); bias == i {
		return u.written()
	}
	if n == u.head {
		return u.headOperand(i)
	}
	if !u.ReducesInput(n, i) {
		return nil
	}
	if u.kind == "Eltwise" {
		return u.when(n)
	}
	return u.written() // a residual sum has the type of the result
}

func (u executor) holds(n *Node) bool {
	for _, m := range u.members {
		if m == n {
			return true
		}
	}
	return false
}

// headOperand says when input i of the head is rounded.
func (u executor) headOperand(i int) []*Node {
	n := u.head
	switch {
	case u.kind == "MatMul" && (n.In[0].Node.Op == "Constant" || n.In[1].Node.Op == "Constant"):
		return nil
	case i > 0 && hasWeights[u.kind] && n.In[i].Node.Op == "Constant" && n.In[i].Type().IsFloat():
		return u.headOperand(0)
	case u.ReducesInput(n, i):
		return u.when(n)
	}
	return nil
}

// hasWeights are the CPU types whose constant operands follow their input.
var hasWeights = setOf("Convolution", "Deconvolution", "FullyConnected", "RNNCell", "RNNSeq")

// biasOf returns the input of member n that is a bias, -1 when there is none.
func (u executor) biasOf(n *Node) int {
	switch {
	case u.kind == "FullyConnected" && n == u.head && len(n.In) > 2:
		return 2
	case u.kind == "Convolution" && len(u.members) > 1 && n == u.members[1] && biasAdd(n, u.head):
		return 1 - sideOf(n, u.head)
	}
	return -1
}

func sideOf(n, from *Node) int {
	for i, p := range n.In {
		if p.Node == from {
			return i
		}
	}
	return -1
}

// result says when output o of member n is rounded.
func (u executor) result(n *Node, o int) []*Node {
	if n != u.last || u.f32Only() {
		return nil
	}
	if u.kind == "Reduce" && len(u.members) == 1 && !reducesInKind[n.Op] {
		return nil
	}
	if len(u.members) == 1 {
		if !u.ReducesOutput(n, o, u.readers[n.ID]) {
			return nil
		}
		return u.when(n)
	}
	return u.written()
}

// written says when the unit's result is rounded.
func (u executor) written() []*Node {
	if u.kind == "Convolution" && len(u.members) == 2 && biasAdd(u.last, u.head) {
		return u.when(u.head)
	}
	if !u.ReducesOutput(u.last, 0, u.readers[u.last.ID]) {
		return nil
	}
	if u.kind == "Eltwise" || u.head == u.last {
		return u.when(u.last)
	}
	return u.when(u.head, u.last)
}

// f32Only reports whether the executor has f32 kernels alone.
func (u executor) f32Only() bool {
	return u.kind == "Math" || u.head.Op == "Log" && len(u.members) == 1
}

// reducesInKind are the reductions that write the precision that they read.
var reducesInKind = setOf("ReduceMax", "ReduceMin", "ReduceLogicalAnd", "ReduceLogicalOr")
