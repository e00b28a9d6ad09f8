package graph

import "halfway/engine/tensor"

// A Unit is the nodes that one executor computes together.
type Unit struct {
	Members []*Node // the head first, each further one after the one that it reads
	Writer  *Node   // the member whose output port says in which precision the result is written: a bias or the Add of a merged scale and shift does not
}

// Units returns the nodes that the plugin's graph optimizer makes one executor of, after enforcement: a bias, activations, scales and a residual
// sum behind a Convolution, what follows a FullyConnected, MatMul, MVN, Interpolate, NormalizeL2 or Reduce channel by channel, and chains of
// Eltwise nodes. Nodes that are executors of their own are left out. Shapes must be known; without them nothing is fused.
//
// Source: GraphOptimizer of OpenVINO's CPU plugin (graph_optimizer.cpp, ApplyCommonGraphOptimizations) for x64 with AVX-512, and the canFuse
// rules of its nodes.
func (g *Graph) Units(order []*Node) []Unit {
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

// postOps are the activations that oneDNN computes behind another primitive.
var postOps = setOf("Relu", "Gelu", "Elu", "Sigmoid", "Clamp", "Tanh", "Swish", "SwishCPU", "HSwish", "Mish", "HSigmoid", "Round", "Abs", "Sqrt",
	"SoftPlus", "LeakyRelu")

// simple is canFuseSimpleOperation: an activation, or a scale and shift by constants a channel; a FakeQuantize.
func (f *fuser) simple(u, child *unit) bool {
	head := child.members[0]
	switch {
	case child.kind == "FakeQuantize":
		for _, p := range head.In[1:] {
			if f.readers[p.Node.ID] != 1 {
				return false
			}
		}
		return port(u, child) == 0
	case child.kind != "Eltwise":
		return false
	}
	return len(child.members) == 1 && postOps[child.algorithm] && port(u, child) == 0 || f.scaleShift(u, child)
}

// oneScaleShift allows one scale and shift, and no activation; behind integers it allows all (Deconvolution::canFuse).
func (f *fuser) oneScaleShift(u, child *unit) bool {
	if f.computesIntegers(u) {
		return f.simple(u, child)
	}
	return u.writer == u.members[0] && child.kind == "Eltwise" && f.scaleShift(u, child)
}

// scaled are the operations that may be done as a scale and shift.
var scaled = setOf("Add", "Multiply", "Subtract", "Divide", "PRelu", "MulAdd")

// scaleShift is canBePerformedAsScaleShift.
func (f *fuser) scaleShift(u, child *unit) bool {
	head := child.members[0]
	if child.algorithm == "PowerStatic" {
		d := head.Attrs.Decode()
		return d.Float("power", 1) == 1
	}
	if !scaled[child.algorithm] {
		return false
	}
	data := u.last().Out[0].Shape
	for _, p := range f.inputs(child) {
		if p.Node == u.last() {
			continue
		}
		if p.Node.Op != "Constant" || f.readers[p.Node.ID] != 1 || !perChannel(shapeAt(p), data, fusingAxis(u), true) {
			return false
		}
	}
	return data != nil
}

// fusingAxis is the axis of channels of what u gives.
func fusingAxis(u *unit) int {
	rank := len(u.last().Out[0].Shape)
	switch u.kind {
	case "MatMul":
		return rank - 1
	case "FullyConnected":
		if rank == 3 {
			return 2
		}
	case "Reduce":
		return reduceAxis(u.members[0])
	}
	return 1
}

// reduceAxis is where dimension 1 is after the reduction; -1 when it is gone.
func reduceAxis(n *Node) int {
	d := n.Attrs.Decode()
	if d.Bool("keep_dims", false) || len(n.In) < 2 || n.In[1].Node.Op != "Constant" {
		return 1
	}
	axis := 1
	for _, a := range constantInts(n.In[1].Node) {
		if a < 0 {
			a += len(shapeAt(n.In[0]))
		}
		switch a {
		case 1:
			return -1
		case 0:
			axis = 0
		}
	}
	return axis
}

func constantInts(n *Node) []int {
	t, err := n.Value.Decode()
	if err == nil {
		t, err = tensor.ConvertExact(t, tensor.I64)
	}
	if err != nil {
		return nil
	}
	var r []int
	for _, v := range tensor.Data[int64](t) {
		r = append(r, int(v))
	}
	return r
}

// perChannel reports whether a constant has one value for each element along axis of data, or, where that is allowed, one for all.
func perChannel(c, data []int, axis int, single bool) bool {
	if data == nil || len(c) > len(data) || axis >= len(data) {
		return false
	}
	elements := 1
	for _, d := range c {
		elements *= d
	}
	if elements == 1 && single {
		return true
	}
	if axis < 0 || !single && len(data) < 2 {
		return false
	}
	shift := len(data) - len(c)
	for i, d := range c {
		if i+shift != axis && d != 1 {
			return false
		}
	}
	return axis >= shift && c[axis-shift] == data[axis]
}

// canFuse is the rule of one kind of head.
func (f *fuser) canFuse(kind string) func(u, child *unit) bool {
	return func(u, child *unit) bool {
		switch data := u.members[0].In[0]; kind {
		case "MatMul":
			if child.kind == "Eltwise" && len(shapeAt(data)) > 4 && !postOps[child.algorithm] && !f.perTensor(u, child) {
				return false
			}
		case "MVN":
			if rank := len(shapeAt(data)); rank <= 2 && !postOps[child.algorithm] { // of rank 2 it normalizes across the channels
				return false
			}
		case "Interpolate":
			if rank := len(shapeAt(data)); rank != 4 && rank != 5 || child.kind == "FakeQuantize" || f.sharesInput(u, child) || !jitMode(u.members[0]) {
				return false
			}
		case "Reduce":
			if n := u.members[0]; len(shapeAt(data)) > 5 || n.Op == "ReduceLogicalAnd" || n.Op == "ReduceLogicalOr" || !n.Out[0].Type.IsFloat() {
				return false
			}
		}
		return f.simple(u, child)
	}
}

// perTensor reports whether all constants of child have one element.
func (f *fuser) perTensor(u, child *unit) bool {
	for _, p := range f.inputs(child) {
		if n, err := tensor.Elements(shapeAt(p)); p.Node != u.last() && (err != nil || n != 1) {
			return false
		}
	}
	return true
}

// jitMode reports whether an Interpolate's mode has a kernel that takes other operations along.
func jitMode(n *Node) bool {
	switch n.Attrs["mode"] {
	case "linear", "bilinear_pillow", "bicubic_pillow":
		return false
	}
	return true
}

// sharesInput reports whether child reads something that u reads too.
func (f *fuser) sharesInput(u, child *unit) bool {
	seen := map[*unit]bool{}
	for _, p := range f.inputs(u) {
		seen[f.unit[p.Node.ID]] = true
	}
	for _, p := range f.inputs(child) {
		if seen[f.unit[p.Node.ID]] {
			return true
		}
	}
	return false
}

// sums fuses the Add of a Convolution's result and another value of the same shape, with an activation behind it
// (FuseConvolutionSumAndConvolutionSumActivation).
func (f *fuser) sums() {
	for _, n := range f.order {
		sum := f.unit[n.ID]
		if n.Op != "Add" || sum.kind != "Eltwise" || len(sum.members) > 1 || len(n.In) != 2 {
			continue
		}
		conv, peer := f.merged(n)
		if conv == nil || peer.Node.Op == "Constant" || !f.overwritable(peer.Node, n) {
			continue
		}
		f.join(conv, sum)
		if child := f.child(conv); child != nil && child.kind == "Eltwise" && len(child.members) == 1 && postOps[child.algorithm] {
			f.join(conv, child)
		}
	}
}

// merged chooses the Convolution that takes the sum n along, and the other operand; nil when there is none.
func (f *fuser) merged(n *Node) (conv *unit, peer Port) {
	a, b := shapeAt(n.In[0]), shapeAt(n.In[1])
	if a == nil || len(a) != len(b) {
		return nil, peer
	}
	for i := range a {
		if a[i] != b[i] {
			return nil, peer
		}
	}
	var sides []int
	for i, p := range n.In {
		if u := f.unit[p.Node.ID]; u.kind == "Convolution" && (f.plainConvolution(u) || f.computesIntegers(u)) {
			sides = append(sides, i)
		}
	}
	if sides == nil {
		return nil, peer
	}
	at := sides[0]
	if len(sides) == 2 && f.readers[n.In[at].Node.ID] != 1 {
		at = sides[1]
	}
	if f.readers[n.In[at].Node.ID] != 1 {
		return nil, peer
	}
	conv, peer = f.unit[n.In[at].Node.ID], n.In[1-at]
	for _, p := range f.inputs(conv) {
		if f.unit[f.behindZeroPoint(p).Node.ID] == f.unit[peer.Node.ID] {
			return nil, peer
		}
	}
	return conv, peer
}

// plainConvolution reports whether nothing but a bias and the scale of integers is fused into u.
func (f *fuser) plainConvolution(u *unit) bool { return u.writer == u.members[0] }

// biasAdd reports whether n is an Add that biases fused behind head.
func biasAdd(n, head *Node) bool {
	side := sideOf(n, head)
	return n.Op == "Add" && len(n.In) == 2 && side >= 0 && n.In[1-side].Node.Op == "Constant" &&
		perChannel(shapeAt(n.In[1-side]), head.Out[0].Shape, fusingAxis(&unit{members: []*Node{head}, kind: CPUType(head.Op)}), false)
}

// IsResidualSum reports whether n, a member of unit, adds another value to what the unit computes.
func IsResidualSum(n *Node, unit Unit) bool {
	if n.Op != "Add" || CPUType(unit.Members[0].Op) != "Convolution" || len(n.In) != 2 {
		return false
	}
	return n.In[0].Node.Op != "Constant" && n.In[1].Node.Op != "Constant"
}

// overwritable reports whether all readers of n have run when sum does, since the sum is written over it.
func (f *fuser) overwritable(n, sum *Node) bool {
	if f.readers[n.ID] == 1 {
		return true
	}
	needed := map[*Node]bool{sum: true}
	stack := []*Node{sum}
	for len(stack) > 0 {
		m := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, p := range m.In {
			if p.Node != n && !needed[p.Node] {
				needed[p.Node] = true
				stack = append(stack, p.Node)
			}
		}
	}
	for _, m := range f.order {
		for _, p := range m.In {
			if p.Node == n && !needed[m] {
				return false
			}
		}
	}
	return true
}

// neverChained are the Eltwise operations that fuse with nothing.
var neverChained = setOf("Log", "BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor", "BitwiseLeftShift", "BitwiseRightShift")

// ordered are the Eltwise operations that fuse only through their input 0.
var ordered = setOf("Subtract", "Divide", "FloorMod", "Mod", "Power", "Greater", "GreaterEqual", "Less", "LessEqual", "MulAdd", "Select")

// maxEltwiseInputs bounds the inputs of a chain.
const maxEltwiseInputs = 7

// chains is the rule of FuseEltwiseAndSimple.
func (f *fuser) chains(u, child *unit) bool {
	for _, p := range f.inputs(child) {
		if CPUType(p.Node.Op) == "Split" {
			return false
		}
	}
	return !f.sharesInput(u, child) && (len(child.members) == 1 || child.algorithm == "MulAdd" && len(child.members) == 2) && f.eltwise(u, child)
}

// eltwise is Eltwise::canFuse.
func (f *fuser) eltwise(u, child *unit) bool {
	if neverChained[u.algorithm] || neverChained[child.algorithm] {
		return false
	}
	integer := f.integerOnly(u.members[0])
	if child.kind == "FakeQuantize" {
		return !integer && port(u, child) == 0
	}
	if child.kind != "Eltwise" || len(f.inputs(u))+len(f.inputs(child))-1 > maxEltwiseInputs || integer != f.integerOnly(child.members[0]) {
		return false
	}
	if port(u, child) != 0 {
		if ordered[child.algorithm] {
			return false
		}
		for _, p := range u.members[0].In {
			if q := u.members[0].In[0]; p.Type() != q.Type() || isInput(p) != isInput(q) {
				return false
			}
		}
	}
	return true
}

// isInput reports whether p is a constant or parameter, whose precision Eltwise nodes keep when they are enforced.
func isInput(p Port) bool { return CPUType(p.Node.Op) == "Input" }

// integerOnly reports whether n computes in integers, which are not mixed with floats in one chain.
func (f *fuser) integerOnly(n *Node) bool {
	switch n.Op {
	case "Add", "Multiply", "Subtract", "Divide", "SquaredDifference":
	default:
		return false
	}
	for _, p := range n.In {
		if !p.Type().IsInteger() {
			return false
		}
	}
	return true
}
