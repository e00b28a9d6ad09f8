package graph

import "halfway/engine/tensor"

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
