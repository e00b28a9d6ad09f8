package builtin

import (
	"slices"
	"strings"

	"halfway/engine"
	"halfway/engine/graph"
	"halfway/engine/onnx"
	"halfway/engine/tensor"
)

// Inputs describes the model's inputs in its order, with the shapes that the file declares.
func (m irModel) Inputs() []engine.Input {
	readers := m.graph.Consumers()
	r := make([]engine.Input, len(m.graph.Params))
	for i, p := range m.graph.Params {
		out := p.Out[0]
		r[i] = engine.Input{
			Name:  m.graph.InputName(i),
			Names: append(slices.Clone(out.Names), p.Name),
			Type:  out.Type,
			Shape: out.Shape,
			Mask:  isMask(m.graph.InputName(i)),
		}
		if out.Type.IsInteger() {
			r[i].Bound = indexBound(p, readers)
		}
	}
	return r
}

// isMask tells by its name that an input is a mask, of which random data should be all ones.
func isMask(name string) bool { return strings.Contains(strings.ToLower(name), "mask") }

// onnxModel is a model that is translated for given shapes.
type onnxModel struct{ *onnx.Model }

func (m onnxModel) Inputs() []engine.Input {
	var r []engine.Input
	for _, in := range m.Model.Inputs() {
		r = append(r, engine.Input{Name: in.Name, Names: []string{in.Name}, Type: in.Type, Shape: in.Shape, Bound: in.Bound, Mask: isMask(in.Name)})
	}
	return r
}

// indexBound is the size of the axis that p's values index in a Gather, directly or through a Convert; 0 when there is none.
func indexBound(p *graph.Node, readers [][]*graph.Node) int64 {
	var bound int64
	for _, r := range readers[p.ID] {
		b := int64(0)
		switch {
		case r.Op == "Convert":
			b = indexBound(r, readers)
		case r.Op == "Gather" && r.In[1].Node == p:
			b = gatherAxisSize(r)
		}
		if b > 0 && (bound == 0 || b < bound) {
			bound = b
		}
	}
	return bound
}

func gatherAxisSize(n *graph.Node) int64 {
	shape := n.In[0].Node.Out[n.In[0].Out].Shape
	axis := 0
	if len(n.In) > 2 && n.In[2].Node.Op == "Constant" {
		if t, err := n.In[2].Node.Value.Decode(); err == nil && t.Len() == 1 {
			axis = scalarInt(t)
		}
	}
	if axis < 0 {
		axis += len(shape)
	}
	if axis < 0 || axis >= len(shape) {
		return 0
	}
	return int64(max(shape[axis], 0))
}

func scalarInt(t *tensor.Tensor) int {
	switch d := t.Any().(type) {
	case []int64:
		return int(d[0])
	case []int32:
		return int(d[0])
	}
	return 0
}

// Roundings say of the nodes, graph by graph and in each one in counting order, when what is rounded.
func (e *Engine) Roundings() []onnx.Rounding {
	var list []onnx.Rounding
	for _, p := range e.plans {
		var steps []*step
		for _, s := range p.steps {
			steps = append(steps, s.parts()...)
		}
		slices.SortFunc(steps, func(a, b *step) int { return a.index - b.index })
		for _, s := range steps {
			r := onnx.Rounding{Node: s.node}
			for _, c := range s.roundIn {
				r.In = append(r.In, c)
			}
			for _, c := range s.roundOut {
				r.Out = append(r.Out, c)
			}
			list = append(list, r)
		}
	}
	return list
}

// ONNX is the file that the model was read from; nil when that has another format.
func (m *Model) ONNX() *onnx.Model {
	o, ok := m.source.(onnxModel)
	if !ok {
		return nil
	}
	return o.Model
}
