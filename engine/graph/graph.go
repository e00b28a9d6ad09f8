// Package graph is a network as the CPU plugin of OpenVINO sees it: nodes that are OpenVINO operations, joined by typed ports, and what
// follows from the graph alone, before any filter or kernel: the order in which the plugin counts its nodes, their CPU types, the tail
// that enforcement skips, the candidates that remain, and the ports that each of them would make reduced.
//
// Readers (engine/ir, engine/onnx) build graphs, engine/passes rewrites them, engine/builtin runs them. A graph that a reader returned is
// well-formed: acyclic, every input connected, ids dense, and no rule of an operation beyond that is checked here (engine/ops does).
package graph

import (
	"halfway/engine/tensor"
	"slices"
)

// A Graph is one model, or the body of an If, Loop or TensorIterator.
type Graph struct {
	Name    string
	Nodes   []*Node // in the order of the file; Nodes[i].ID == i
	Params  []*Node // Parameter nodes in the order of the model's inputs
	Results []*Node // Result nodes in the order of the model's outputs
	Sinks   []*Node // Assign nodes
	File    string  // for messages
}

// A Node is one operation.
type Node struct {
	ID      int
	Op      string // OpenVINO's operation type, "Convolution", "Constant", "Softmax": the class's name, not the XML's alias
	Opset   string // "opset1"; operations of other domains keep their own, "ie_internal_opset"
	Name    string // friendly name; several nodes may share one
	Attrs   Attrs
	In      []Port      // where each input comes from
	Control []*Node     // nodes that must run before this one
	Out     []Output    // one per output
	Value   *tensor.Raw // of a Constant
	Precise bool        // keeps its precision: the `precise` mark or DisablePrecisionConversion for "dynamic"
	Fused   []string    // names of the file's nodes that this one was made of, when not just Name
	Bodies  []*Body     // of If (then, else), Loop, TensorIterator, Subgraph

	Narrowed      bool   // a Convert between types that the plugin keeps as one: it has no such node
	Decompression bool   // a Convert that only widens weights which the file stores in a narrower type
	Layers        string // of a Subgraph: the names of what it runs, joined by commas, as the plugin lists it
}

// Listed is the name by which the plugin lists n and patterns are searched: that of the layers that it runs.
func (n *Node) Listed() string {
	if n.Layers != "" {
		return n.Layers
	}
	return n.Name
}

// A Port names output Out of Node.
type Port struct {
	Node *Node
	Out  int
}

// Type returns the element type of the value at p.
func (p Port) Type() tensor.DType { return p.Node.Out[p.Out].Type }

// An Output is what a node's output port carries.
type Output struct {
	Type  tensor.DType
	Shape []int    // as the file declares it; -1 where dynamic; nil when the rank is dynamic or nothing is declared
	Names []string // tensor names
}

// A Body is a graph inside a node, with the mapping of its inputs and outputs.
type Body struct {
	Graph *Graph
	// Inputs, Outputs and BackEdges are filled by readers of models with bodies.
	Inputs, Outputs []PortMap
	BackEdges       []BackEdge
}

// A PortMap joins an external port of the node that holds a body to a Parameter or Result of the body. Axis is -1 where the value is
// not sliced.
type PortMap struct {
	External, Internal                 int // port index of the node; index into the body's Params or Results
	Axis, Start, End, Stride, PartSize int
	Purpose                            string
}

// A BackEdge feeds a body's Result into a Parameter of the next iteration; both are indices.
type BackEdge struct{ From, To int }

// InputName is the name by which users call the i-th model input: a tensor name of the Parameter's output, else its friendly name.
func (g *Graph) InputName(i int) string { return valueName(g.Params[i], 0) }

// OutputName is the name by which users call the i-th model output: that of the Result if the value that it receives has it too, as in ONNX,
// else a tensor name of that value, else the friendly name of its producer.
func (g *Graph) OutputName(i int) string {
	p, name := g.Results[i].In[0], g.Results[i].Name
	if slices.Contains(p.Node.Out[p.Out].Names, name) {
		return name
	}
	return valueName(p.Node, p.Out)
}

// OutputAliases are the other names of the i-th model output: those of the value that it receives, of the Result, and of the producer of a single
// value. Several outputs may share some.
func (g *Graph) OutputAliases(i int) []string {
	p := g.Results[i].In[0]
	names := append(slices.Clone(p.Node.Out[p.Out].Names), g.Results[i].Name)
	if len(p.Node.Out) == 1 {
		names = append(names, p.Node.Name)
	}
	name := g.OutputName(i)
	return slices.DeleteFunc(names, func(other string) bool { return other == name })
}

func valueName(n *Node, out int) string {
	if names := n.Out[out].Names; len(names) > 0 {
		return names[0]
	}
	return n.Name
}

// Consumers returns, for each node id, the nodes that read any of its outputs, in the order of Nodes; a node that reads twice is listed
// twice.
func (g *Graph) Consumers() [][]*Node {
	c := make([][]*Node, len(g.Nodes))
	for _, n := range g.Nodes {
		for _, p := range n.In {
			c[p.Node.ID] = append(c[p.Node.ID], n)
		}
	}
	return c
}
