package graph

// Rounding says which operands and results of one node are rounded to the reduced grid.
type Rounding struct {
	In, Out []bool // by port
}

// Any reports whether anything is rounded.
func (r Rounding) Any() bool {
	for _, b := range r.In {
		if b {
			return true
		}
	}
	for _, b := range r.Out {
		if b {
			return true
		}
	}
	return false
}

// Rounding returns what the plugin's executors round of candidate n when it is enforced and runs as a unit of its own: its reduced ports, but
//
//   - Math and Log have f32 kernels only: nothing;
//   - Reduce reads bf16 and writes f32, except the logical ones, minimum and maximum;
//   - a MatMul with a constant operand computes in f32: its output only;
//   - Convolution, FullyConnected and recurrent cells round their constant weights with their input, and a bias with their output.
//
// Source: openvino-semantics, sections 6 and 8.
func (e *Enforcement) Rounding(n *Node, consumers []*Node) Rounding {
	r := Rounding{In: make([]bool, len(n.In)), Out: make([]bool, len(n.Out))}
	for i := range n.In {
		r.In[i] = e.ReducesInput(n, i)
	}
	for o := range n.Out {
		r.Out[o] = e.ReducesOutput(n, o, consumers)
	}
	switch t := CPUType(n.Op); t {
	case "Math":
		clear(r.In)
		clear(r.Out)
	case "Eltwise":
		if n.Op == "Log" {
			clear(r.In)
			clear(r.Out)
		}
	case "Reduce":
		if !reducesInKind[n.Op] {
			clear(r.Out)
		}
	case "MatMul":
		if n.In[0].Node.Op == "Constant" || n.In[1].Node.Op == "Constant" {
			clear(r.In)
		}
	case "Convolution", "Deconvolution", "FullyConnected", "RNNCell", "RNNSeq":
		roundWeights(n, t, r)
	}
	return r
}

// reducesInKind are the reductions that write the precision that they read.
var reducesInKind = setOf("ReduceMax", "ReduceMin", "ReduceLogicalAnd", "ReduceLogicalOr")

// roundWeights makes the constant operands of a node with weights follow its input, and a bias its output.
func roundWeights(n *Node, cpuType string, r Rounding) {
	for i := 1; i < len(n.In); i++ {
		if n.In[i].Node.Op != "Constant" || !n.In[i].Type().IsFloat() {
			continue
		}
		r.In[i] = r.In[0]
	}
	if bias := 2; (cpuType == "Convolution" || cpuType == "FullyConnected") && len(n.In) > bias {
		r.In[bias] = r.Out[0]
	}
}
