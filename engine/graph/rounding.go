package graph

import "halfway/engine/tensor"

// A Rounding says which operands and results of one node are rounded to the reduced grid, and when: an entry lists the candidates all of
// which must be enforced for it; nil is never.
type Rounding struct {
	In, Out [][]*Node // by port
}

// Roundings returns, by node id, what the plugin's executors round when candidates are enforced. A node in none of units is one of its own.
//
// A port is rounded when enforcement makes it reduced (ReducesInput, ReducesOutput), but
//
//   - what passes from member to member inside a unit is not rounded;
//   - a unit computes as its head says: with the head in f32 nothing in it is rounded, and its result is rounded iff the writer's output is
//     reduced as well. So a Convolution with a bias and no activation writes the reduced precision even where the bias is kept or belongs to
//     the tail;
//   - a convolution of floats that ends in a quantization to 8 bits writes, and takes its bias, in the precision of its input;
//   - a FullyConnected with weights stored in f16 always writes, and takes its bias, in the precision of its input;
//   - Convolution, FullyConnected and recurrent cells round their constant weights with their input, and a bias with the result; what converts
//     or transposes weights on the way rounds nothing;
//   - a unit whose head is Eltwise rounds what it reads by the ports of the members that read it;
//   - Math, Log and a FakeQuantize by itself have f32 kernels only: nothing;
//   - Reduce reads the reduced precision and writes f32, but for the logical ones, minimum and maximum, and with another node fused;
//   - a MatMul with a constant operand computes in f32: its output only;
//   - RoPE reads its cosines and sines in f32;
//   - a Gather from a constant gives what the constant holds.
//
// Source: openvino-semantics, sections 6 and 8; design, section 5.
func (e *Enforcement) Roundings(g *Graph, units []Unit) []Rounding {
	r := &rounder{Enforcement: e, candidate: make([]bool, len(g.Nodes)), readers: g.Consumers(), unit: make([]*Unit, len(g.Nodes)),
		constant: e.constants(g)}
	r.markWeights()
	for _, n := range e.Candidates {
		r.candidate[n.ID] = true
	}
	for i, u := range units {
		for _, n := range u.Members {
			r.unit[n.ID] = &units[i]
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
	unit      []*Unit // by id; nil for a unit of one
	constant  []bool  // by id: depends on constants alone
	weights   []bool  // by id: is constant, and only read as weights or on the way to them
}

// constants tells, by node id, which values depend on constants alone.
func (e *Enforcement) constants(g *Graph) []bool {
	constant := make([]bool, len(g.Nodes))
	for _, n := range e.Order {
		constant[n.ID] = n.Op == "Constant"
		if len(n.In) == 0 || n.Op == "ReadValue" {
			continue
		}
		constant[n.ID] = true
		for _, p := range n.In {
			constant[n.ID] = constant[n.ID] && constant[p.Node.ID]
		}
	}
	return constant
}

// markWeights finds the constants that executors take as weights: what converts or transposes them is merged with the constant and rounds
// nothing by itself.
func (r *rounder) markWeights() {
	r.weights = make([]bool, len(r.constant))
	for i := len(r.Order) - 1; i >= 0; i-- {
		n := r.Order[i]
		if !r.constant[n.ID] {
			continue
		}
		all := true
		for _, m := range r.readers[n.ID] {
			all = all && (r.weights[m.ID] || hasWeights[CPUType(m.Op)] && m.In[0].Node != n)
		}
		r.weights[n.ID] = all
	}
}

func (r *rounder) node(n *Node) Rounding {
	unit := r.unit[n.ID]
	if unit == nil {
		unit = &Unit{[]*Node{n}, n}
	}
	u := executor{rounder: r, members: unit.Members, head: unit.Members[0], last: unit.Members[len(unit.Members)-1], writer: unit.Writer,
		kind: CPUType(unit.Members[0].Op)}
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
	members            []*Node
	head, last, writer *Node
	kind               string // CPU type of the head
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
	if n != u.head && u.holds(from) || u.f32Only() || u.weights[n.ID] {
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
	case u.kind == "RoPE" && i > 0: // tables of cosines and sines are read in f32
		return nil
	case u.kind == "MatMul" && (n.In[0].Node.Op == "Constant" || n.In[1].Node.Op == "Constant"):
		return nil
	case i > 0 && hasWeights[u.kind] && u.constant[n.In[i].Node.ID] && n.In[i].Type().IsFloat():
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
	if n != u.last || integer8(Port{n, o}) || u.f32Only() || u.weights[n.ID] || u.kind == "Gather" && u.constant[n.In[0].Node.ID] {
		return nil
	}
	if u.kind == "Reduce" && len(u.members) == 1 && !reducesInKind[n.Op] {
		return nil
	}
	if len(u.members) == 1 && !u.halfWeights() {
		if !u.ReducesOutput(n, o, u.readers[n.ID]) {
			return nil
		}
		return u.when(n)
	}
	return u.written()
}

// written says when the unit's result is rounded.
func (u executor) written() []*Node {
	switch {
	case u.halfWeights():
		return u.when(u.head)
	case u.kind == "Convolution" && integer8(Port{Node: u.writer}) && u.ReducesInput(u.head, 0):
		return u.when(u.head) // what a convolution of floats gives is quantized behind it
	case !u.ReducesOutput(u.writer, 0, u.readers[u.writer.ID]):
		return nil
	case u.kind == "Eltwise" || u.head == u.writer:
		return u.when(u.writer)
	}
	return u.when(u.head, u.writer)
}

// halfWeights reports whether the unit is a FullyConnected whose weights are stored in f16.
func (u executor) halfWeights() bool {
	if u.kind != "FullyConnected" || len(u.head.In) < 2 || !u.ReducesInput(u.head, 0) {
		return false
	}
	for n := u.head.In[1].Node; u.constant[n.ID]; n = n.In[0].Node {
		if n.Op == "Constant" {
			return n.Value.Type == tensor.F16
		}
	}
	return false
}

// f32Only reports whether the executor has f32 kernels alone.
func (u executor) f32Only() bool {
	return u.kind == "Math" || u.kind == "FakeQuantize" || u.head.Op == "Log" && len(u.members) == 1
}

// reducesInKind are the reductions that write the precision that they read.
var reducesInKind = setOf("ReduceMax", "ReduceMin", "ReduceLogicalAnd", "ReduceLogicalOr")
