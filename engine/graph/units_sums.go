package graph

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
		if a[i] != b[i] && a[i] >= 0 && b[i] >= 0 { // one that is not known counts as equal
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
