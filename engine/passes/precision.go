package passes

import (
	"maps"
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
// a Convert to u8, a Select on booleans is made anew, an input of a type without kernels gets a Convert. The types themselves stay as the model
// has them, since the built-in engine computes in all of them. Source: ConvertPrecision, fuse_type_to_convert.
func convertPrecision(r *rewriter) {
	r.each(func(n *graph.Node) {
		switch n.Op {
		case "Convert":
			r.convertToBool(n)
		case "Select":
			if n.In[0].Type() == tensor.Bool {
				n.Name = r.generated("Select")
				r.names[n.Name] = true
			}
		}
	})
}

// convertToBool writes a Convert to boolean as the steps that give zero or one of any number.
func (r *rewriter) convertToBool(n *graph.Node) {
	from := n.In[0].Type()
	if n.Out[0].Type != tensor.Bool || from == tensor.Bool {
		return
	}
	steps := &chain{r: r, from: n}
	v := n.In[0]
	if to, ok := narrowed[from]; ok {
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
