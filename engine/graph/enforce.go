package graph

import (
	"fmt"

	"halfway/engine/tensor"
)

// An Enforcement is what the plugin's EnforceInferencePrecision does to one graph before any filter: which nodes it may reduce, in the order
// in which it counts them, and which of their ports.
type Enforcement struct {
	Precision  tensor.DType // BF16 or F16
	Order      []*Node      // all nodes, counting order; dependencies come first
	Candidates []*Node      // those that enforcement may touch, counting order

	feedsResult map[Port]bool
	leftOut     map[*Node]string
}

// LeftOut says why n is no candidate; "" of candidates.
func (e *Enforcement) LeftOut(n *Node) string { return e.leftOut[n] }

// Enforce applies the rules of openvino-semantics, section 1, to g. Precision F32 has no candidates. For F16 the rules are those of the
// releases of 2023 and 2024, which alone enforced it node by node.
func Enforce(g *Graph, precision tensor.DType) (*Enforcement, error) {
	order, err := g.Order()
	if err != nil {
		return nil, err
	}
	e := &Enforcement{Precision: precision, Order: order, feedsResult: map[Port]bool{}, leftOut: map[*Node]string{}}
	for _, r := range g.Results {
		if r.Out[0].Type != precision {
			e.feedsResult[r.In[0]] = true
		}
	}
	if precision == tensor.F32 {
		return e, nil
	}
	if significant[precision] == nil {
		return nil, fmt.Errorf("precision %s cannot be enforced: it must be bf16 or f16", precision)
	}
	tail := e.tail(g)
	for _, n := range order {
		switch t := CPUType(n.Op); {
		case excluded[t]:
			e.leftOut[n] = t + " nodes are never enforced"
		case tail[n.ID]:
			e.leftOut[n] = "in the tail: no " + significantNames[precision] + " lies between it and a result"
		case n.Precise:
			e.leftOut[n] = "marked to keep its precision"
		case n.Narrowed:
			e.leftOut[n] = "the plugin keeps both types as one and has no such node"
		default:
			e.Candidates = append(e.Candidates, n)
		}
	}
	return e, nil
}

// excluded are the CPU types that enforcement never touches, lists or counts.
var excluded = map[string]bool{"Input": true, "Output": true, "MemoryInput": true, "MemoryOutput": true}

// significant are the CPU types at which the search for the tail stops: those of the 2026 releases for bf16, of 2023-24 for f16. A
// Subgraph stops it when it holds a domain-sensitive operation (stopsTail).
var significant = map[tensor.DType]map[string]bool{
	tensor.BF16: setOf("Convolution", "FullyConnected", "RNNCell", "RNNSeq", "MatMul", "ROIPooling", "Interpolate", "PagedAttention",
		"QKVProjection", "LLMMLP", "ScaledDotProductAttention", "GatherMatmul", "RoPE"),
	tensor.F16: setOf("Convolution", "Deconvolution", "FullyConnected", "MatMul", "Pooling", "MVN"),
}

// significantNames are the commonest of the significant types, for messages.
var significantNames = map[tensor.DType]string{tensor.BF16: "Convolution, FullyConnected, MatMul or the like",
	tensor.F16: "Convolution, FullyConnected, MatMul, Pooling or MVN"}

func setOf(names ...string) map[string]bool {
	m := map[string]bool{}
	for _, n := range names {
		m[n] = true
	}
	return m
}

// domainSensitive are the operations inside a Subgraph that make it stop the tail.
var domainSensitive = setOf("MatMul", "Softmax", "Transpose", "Broadcast")

// tail returns, by node id, the nodes behind the last significant ones: those from which a Result is reached without passing a node of a
// significant type.
func (e *Enforcement) tail(g *Graph) []bool {
	tail := make([]bool, len(g.Nodes))
	var stack []*Node
	for _, r := range g.Results {
		if r.Out[0].Type != e.Precision {
			stack = append(stack, r)
		}
	}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, p := range n.In {
			if !tail[p.Node.ID] && !e.stopsTail(p.Node) {
				tail[p.Node.ID] = true
				stack = append(stack, p.Node)
			}
		}
	}
	return tail
}

func (e *Enforcement) stopsTail(n *Node) bool {
	t := CPUType(n.Op)
	if t != "Subgraph" || e.Precision != tensor.BF16 {
		return significant[e.Precision][t]
	}
	for _, b := range n.Bodies {
		for _, inner := range b.Graph.Nodes {
			if domainSensitive[CPUType(inner.Op)] {
				return true
			}
		}
	}
	return false
}

// ReducesInput reports whether enforcing n makes its input port i reduced.
func (e *Enforcement) ReducesInput(n *Node, i int) bool {
	parent := n.In[i].Node
	own, from := CPUType(n.Op), CPUType(parent.Op)
	switch {
	case n.In[i].Type() != tensor.F32,
		own == "PagedAttention" && (i == 3 || i == 4),
		parent.Op == "Constant" && own != "Concatenation",
		from == "Input" && (own == "Eltwise" || own == "Subgraph"),
		from == "Range" && own == "Convert":
		return false
	}
	return true
}

// ReducesOutput reports whether enforcing n makes its output port o reduced. consumers are the nodes that read any of n's outputs.
func (e *Enforcement) ReducesOutput(n *Node, o int, consumers []*Node) bool {
	own := CPUType(n.Op)
	switch {
	case n.Out[o].Type != tensor.F32,
		e.feedsResult[Port{n, o}],
		own == "PagedAttention" && o != 0:
		return false
	}
	if own == "Convert" {
		for _, c := range consumers {
			if CPUType(c.Op) == "Range" {
				return false
			}
		}
	}
	return true
}
