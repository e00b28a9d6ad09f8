package passes

import (
	"maps"
	"slices"
	"strings"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// narrowed maps the element types that the plugin has no kernels for to those that it uses.
var narrowed = map[tensor.DType]tensor.DType{
	tensor.I64: tensor.I32, tensor.U64: tensor.I32, tensor.I16: tensor.I32, tensor.U16: tensor.I32, tensor.U32: tensor.I32,
	tensor.F64: tensor.F32, tensor.Bool: tensor.U8, tensor.I4: tensor.I8, tensor.U4: tensor.U8, tensor.F16: tensor.F32,
}

// convertPrecision shows where the plugin's change of element types adds nodes: a Convert to boolean becomes absolute value, ceiling, clamp and
// a Convert to u8, and a parameter of a type without kernels is converted for its readers. The types themselves stay as the model has them: the
// built-in engine computes in all of them. Source: ConvertPrecision, fuse_type_to_convert.
func convertPrecision(r *rewriter) {
	for _, p := range r.Params {
		r.convertParameter(p)
	}
	r.each(func(n *graph.Node) {
		if n.Op == "Convert" && !r.sameNarrowed(n) {
			r.convertToBool(n)
		}
	})
}

// convertParameter puts a Convert between a parameter and its readers, those that convert it themselves left out.
func (r *rewriter) convertParameter(p *graph.Node) {
	if _, ok := narrowed[p.Out[0].Type]; !ok {
		return
	}
	var readers []use
	for _, u := range slices.Clone(r.readers(p)) {
		if !isOp(u.node, "Convert", "Result") {
			readers = append(readers, u)
		}
	}
	if readers == nil {
		return
	}
	c := r.make("Convert", "opset1", graph.Attrs{"destination_type": p.Out[0].Type.String()}, port(p))
	for _, u := range readers {
		r.set(u.node, u.in, port(c))
	}
}

// sameNarrowed takes away a Convert of integers between types that the plugin narrows to one. Where others than indices depend on its type it stays, for
// the engine that computes in both.
func (r *rewriter) sameNarrowed(n *graph.Node) bool {
	one := func(t tensor.DType) tensor.DType {
		if to, ok := narrowed[t]; ok {
			return to
		}
		return t
	}
	if one(n.In[0].Type()) != one(n.Out[0].Type) || n.In[0].Node.Op == "Parameter" || n.Out[0].Type.IsFloat() || r.feedsResult(port(n)) {
		return false
	}
	indexes := func(u use) bool { return isOp(u.node, "Gather", "GatherElements", "GatherND") && u.in == 1 }
	if readers := r.readers(n); !slices.ContainsFunc(readers, func(u use) bool { return !indexes(u) }) {
		return r.bypass(n, n.In[0])
	}
	n.Narrowed = true
	r.inherit(n.In[0].Node, n.In[0].Node, n)
	return true
}

// convertToBool writes a Convert to boolean as the steps that give zero or one of any number.
func (r *rewriter) convertToBool(n *graph.Node) {
	from := n.In[0].Type()
	if n.Out[0].Type != tensor.Bool || from == tensor.Bool {
		return
	}
	steps := &chain{r: r, from: n}
	v := n.In[0]
	if to, ok := narrowed[from]; ok && v.Node.Op == "Parameter" { // other values have been narrowed
		v = steps.make("Convert", "opset1", graph.Attrs{"destination_type": to.String()}, v)
	}
	if from.IsSigned() {
		v = steps.make("Abs", "opset1", nil, v)
	}
	if from.IsFloat() {
		v = steps.make("Ceiling", "opset1", nil, v)
	}
	v = steps.make("Clamp", "opset1", graph.Attrs{"min": "0", "max": "1"}, v)
	r.set(n, 0, v)
}

// withAttr returns a copy of attributes with one changed.
func withAttr(a graph.Attrs, name, value string) graph.Attrs {
	a = maps.Clone(a)
	if a == nil {
		a = graph.Attrs{}
	}
	a[name] = value
	return a
}

func lower(s string) string { return strings.ToLower(s) }
