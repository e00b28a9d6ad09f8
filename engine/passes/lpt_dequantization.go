package passes

import (
	"slices"
	"strconv"
	"strings"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// A dequantization is what makes numbers of quantized values: (convert(data) - zero) scale, each step of which may be missing. Any Multiply by
// a constant counts, of floats too.
type dequantization struct {
	data                        graph.Port
	convert, subtract, multiply *graph.Node
	zero, scale                 graph.Port // constants
}

// empty reports whether there is no arithmetic at all.
func (d dequantization) empty() bool { return d.subtract == nil && d.multiply == nil }

// low reports whether the values are integers of 8 bits.
func (d dequantization) low() bool { return isByte(d.data.Type()) }

// isByte reports whether values of a type are the integers that the plugin computes with.
func isByte(t tensor.DType) bool { return t == tensor.U8 || t == tensor.I8 }

// dequantization finds what leads to p. Source: NetworkHelper::getDequantization.
func (r *rewriter) dequantization(p graph.Port) dequantization {
	d := dequantization{data: p}
	if n := p.Node; n.Op == "Multiply" {
		value, scale, ok := withConstant(n)
		if !ok || !slices.Equal(shape(value), n.Out[0].Shape) {
			return d
		}
		d.multiply, d.scale, d.data = n, scale, value
	}
	if n := d.data.Node; n.Op == "Subtract" {
		zero := n.In[1]
		if zero.Node.Op == "Convert" {
			zero = zero.Node.In[0]
		}
		if !isConstant(zero) || isConstant(n.In[0]) || !slices.Equal(shape(n.In[0]), n.Out[0].Shape) {
			return d
		}
		d.subtract, d.zero, d.data = n, zero, n.In[0]
	}
	if n := d.data.Node; n.Op == "Convert" && (isByte(n.In[0].Type()) || n.In[0].Type() == tensor.F32) {
		d.convert, d.data = n, n.In[0]
	}
	return d
}

// shared reports whether others read a step of d too.
func (r *rewriter) shared(d dequantization) bool {
	return slices.ContainsFunc([]*graph.Node{d.convert, d.subtract, d.multiply}, func(n *graph.Node) bool { return n != nil && r.only(n) == nil })
}

// separate gives n its own copies of dequantizations that others read too. Source: NetworkHelper::separateInStandaloneBranch.
func (r *rewriter) separate(n *graph.Node) {
	for i := range n.In {
		d := r.dequantization(n.In[i])
		if d.empty() || !r.shared(d) {
			continue
		}
		p := d.data
		for _, step := range []*graph.Node{d.convert, d.subtract, d.multiply} {
			if step == nil {
				continue
			}
			in := []graph.Port{p}
			switch step {
			case d.subtract:
				in = append(in, r.widened(r.copied(d.zero), d))
			case d.multiply:
				in = append(in, r.copied(d.scale))
			}
			c := r.make(step.Op, step.Opset, step.Attrs, in...)
			c.Name, c.Out[0].Type = step.Name+"_"+strconv.Itoa(i), step.Out[0].Type
			r.inherit(c, step)
			p = port(c)
		}
		r.set(n, i, p)
	}
}

// constantOf is the constant of a step.
func (d dequantization) constantOf(step *graph.Node) graph.Port {
	if step == d.multiply {
		return d.scale
	}
	return d.zero
}

// copied makes a copy of a constant.
func (r *rewriter) copied(p graph.Port) graph.Port { return r.reshapedConstant(p, shape(p)) }

// asF32 is a constant in f32.
func (r *rewriter) asF32(p graph.Port) graph.Port {
	if p.Type() == tensor.F32 {
		return p
	}
	return r.folded("Convert", "opset1", graph.Attrs{"destination_type": "f32"}, p)
}

// same reports whether all elements of a small constant are equal.
func (r *rewriter) same(p graph.Port) bool {
	v, ok := r.numbers(p)
	return ok && len(v) > 0 && !slices.ContainsFunc(v, func(x float64) bool { return x != v[0] })
}

// scalarIfSame is a constant as one number where it holds no other.
func (r *rewriter) scalarIfSame(p graph.Port) graph.Port {
	if len(shape(p)) == 0 || !r.same(p) {
		return p
	}
	v, _ := r.numbers(p)
	if p.Type() == tensor.F32 {
		return r.floats(0, float32(v[0]))
	}
	return r.bytes(p.Type(), []int{}, v[:1])
}

// bytes adds a constant of 8-bit integers.
func (r *rewriter) bytes(t tensor.DType, s []int, values []float64) graph.Port {
	raw := &tensor.Raw{Type: t, Shape: s}
	for _, v := range values {
		raw.Bytes = append(raw.Bytes, byte(int(v)))
	}
	return port(r.add(&graph.Node{Op: "Constant", Opset: "opset1", Name: r.generated("Constant"), Value: raw, Fused: []string{},
		Out: []graph.Output{{Type: t, Shape: s}}}))
}

// relaxed gives n the form in which its ports have types that the operation does not allow: it computes in f32 and gives values of a type.
func relaxed(n *graph.Node, out tensor.DType) {
	if !strings.HasPrefix(n.Opset, "type_relaxed_") {
		n.Opset = "type_relaxed_" + n.Opset
	}
	n.Attrs = withAttr(withAttr(n.Attrs, "type_relax", "true"), "output_data_types", out.String())
	n.Out[0].Type = out
}

// relaxedInF32 is relaxed, with operands converted to f32.
func relaxedInF32(n *graph.Node, out tensor.DType) {
	relaxed(n, out)
	n.Attrs["input_data_types"] = strings.TrimSuffix(strings.Repeat("f32, ", len(n.In)), ", ")
}

// arithmetic adds a relaxed Subtract or Multiply of f32 by a constant.
func (r *rewriter) relaxedArithmetic(op, name string, value, constant graph.Port, from ...*graph.Node) *graph.Node {
	n := r.add(&graph.Node{Op: op, Opset: "opset1", Name: name, Attrs: numpyBroadcast, In: []graph.Port{value, constant}, Fused: []string{},
		Out: []graph.Output{{Type: tensor.F32, Shape: shape(value)}}})
	relaxedInF32(n, tensor.F32)
	r.infer(n)
	r.inherit(n, from...)
	return n
}

// toF32 adds the Convert of quantized values.
func (r *rewriter) toF32(name string, p graph.Port, from ...*graph.Node) graph.Port {
	if p.Type() == tensor.F32 {
		return p
	}
	c := r.make("Convert", "opset1", graph.Attrs{"destination_type": "f32"}, p)
	c.Name = name
	r.inherit(c, from...)
	return port(c)
}

// readBy makes the given uses of output p read to.
func (r *rewriter) readBy(users []use, p, to graph.Port) {
	for _, u := range users {
		if u.node.In[u.in] == p {
			r.set(u.node, u.in, to)
		}
	}
}

// computing are the operations that compute in floats what they give in the type of their input.
var computing = []string{"AvgPool", "Interpolate", "MVN", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum"}

// moveAfter puts the dequantization d of n's input i behind n, with the given constants; the zero point stays where zero is no port.
// Source: NetworkHelper::moveDequantizationAfter.
func (r *rewriter) moveAfter(n *graph.Node, i int, d dequantization, zero, scale graph.Port, out tensor.DType) {
	users := slices.Clone(r.readers(n))
	from := d.data
	if d.subtract != nil && zero.Node == nil {
		from = port(d.subtract)
	}
	r.set(n, i, from)
	switch {
	case isOp(n, computing...):
		relaxed(n, out)
		n.Attrs["input_data_types"] = "f32"
	case out != n.In[i].Type():
		relaxed(n, out)
	}
	n.Out[0].Type = out
	last := r.toF32(r.generated("Convert"), port(n), n)
	if zero.Node != nil {
		last = port(r.relaxedArithmetic("Subtract", d.subtract.Name, last, r.widened(zero, d), n, d.subtract))
	}
	last = port(r.relaxedArithmetic("Multiply", d.multiply.Name, last, scale, n, d.multiply))
	r.readBy(users, port(n), last)
	r.nameOfResult(last.Node, n)
}

// widened is a zero point as the Convert of an integer where that of d is one.
func (r *rewriter) widened(zero graph.Port, d dequantization) graph.Port {
	c := d.subtract.In[1].Node
	if c.Op != "Convert" {
		return zero
	}
	w := r.make(c.Op, c.Opset, c.Attrs, r.rounded(zero, d.zero.Type()))
	r.inherit(w, c)
	r.unfold[w.ID] = true
	return port(w)
}

// nameOfResult gives what a Result now reads the name of what it read before. Source: LayerTransformation::updateOutput.
func (r *rewriter) nameOfResult(last, n *graph.Node) {
	if r.feedsResult(port(last)) {
		if n.Fused == nil {
			n.Fused = []string{n.Name}
		}
		last.Name, n.Name = n.Name, n.Name+"_original"
	}
}

// perChannel reports whether the constants of d are single numbers, or have one for each channel of dimension 1, as every transformation
// demands; those of a rank of 1 pass. Source: LayerTransformation::canBeTransformedStatic.
func (d dequantization) perChannel() bool {
	axis := 1
	if d.data.Node.Op == "MatMul" {
		axis = len(shape(d.data)) - 1
	}
	fine := func(step *graph.Node, c graph.Port) bool {
		if step == nil || elements(shape(c)) == 1 {
			return true
		}
		s := shape(c)
		if len(step.Out[0].Shape)-len(s) == 1 {
			s = append([]int{1}, s...)
		}
		if len(s) == 1 {
			return true
		}
		for i, v := range s {
			if v != 1 && i != axis {
				return false
			}
		}
		return true
	}
	return fine(d.subtract, d.zero) && fine(d.multiply, d.scale)
}
