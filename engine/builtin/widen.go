package builtin

import (
	"maps"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// widen makes g compute in f32 what the file declares as f16 or bf16, as the plugin does (ConvertPrecision): these types are how parameters,
// constants and results are stored, and what happens between is rounded by enforcement alone, and by the Converts to bf16 that the file has, which the plugin keeps. Types
// that a result had are left in its node.
func widen(g *graph.Graph) {
	kept := tables(g)
	var rounded []*graph.Node
	for _, n := range g.Nodes {
		if n.Op == "Result" || kept[n] {
			continue
		}
		if n.Op == "Convert" && n.Out[0].Type == tensor.BF16 && n.In[0].Type() != tensor.BF16 {
			rounded = append(rounded, n)
		}
	}
	for _, n := range rounded {
		n.Attrs = withAttr(n.Attrs, "rounding", "bf16")
	}
	for _, n := range g.Nodes {
		if n.Op == "Result" || kept[n] {
			continue
		}
		for o := range n.Out {
			n.Out[o].Type = wide(n.Out[o].Type)
		}
		for _, name := range []string{"destination_type", "output_type", "variable_type"} {
			widenAttr(n, name)
		}
		bodies := make([]*graph.Body, len(n.Bodies))
		for i, b := range n.Bodies {
			inner := *b
			inner.Graph = b.Graph.Clone()
			widen(inner.Graph)
			for _, r := range inner.Graph.Results {
				r.Out[0].Type = wide(r.Out[0].Type)
			}
			bodies[i] = &inner
		}
		n.Bodies = bodies
	}
}

// tables are the Gathers of a constant table whose rows are converted to f32 only once they are picked, with their tables: the plugin leaves these
// in the type that they are stored in, so that enforcement does not touch them.
func tables(g *graph.Graph) map[*graph.Node]bool {
	kept := map[*graph.Node]bool{}
	readers := g.Consumers()
	onlyRead := func(n *graph.Node, by func(r *graph.Node) bool) bool {
		for _, r := range readers[n.ID] {
			if !by(r) {
				return false
			}
		}
		return true
	}
	converts := func(r *graph.Node) bool { return r.Op == "Convert" && r.Out[0].Type == tensor.F32 }
	for _, n := range g.Nodes {
		if n.Op != "Gather" || n.In[0].Node.Op != "Constant" || wide(n.Out[0].Type) == n.Out[0].Type || !onlyRead(n, converts) {
			continue
		}
		table := n.In[0].Node
		if onlyRead(table, func(r *graph.Node) bool { return r == n || converts(r) }) {
			kept[n], kept[table] = true, true
		}
	}
	return kept
}

func wide(t tensor.DType) tensor.DType {
	if t == tensor.F16 || t == tensor.BF16 {
		return tensor.F32
	}
	return t
}

func widenAttr(n *graph.Node, name string) {
	t, err := tensor.ParseDType(n.Attrs[name])
	if err != nil || wide(t) == t {
		return
	}
	n.Attrs = withAttr(n.Attrs, name, wide(t).String())
}

// withAttr is a copy of attrs with one more.
func withAttr(attrs graph.Attrs, name, value string) graph.Attrs {
	attrs = maps.Clone(attrs)
	attrs[name] = value
	return attrs
}

// retyped is t with another type that keeps its elements in the same way.
func retyped(t *tensor.Tensor, to tensor.DType) *tensor.Tensor {
	if t.Type == to {
		return t
	}
	return tensor.Of(to, t.F32s(), t.Shape...)
}
