package keep

import (
	"math"
	"slices"
	"strconv"

	"github.com/beevik/etree"
)

// maxSteps is how many operations lie between a product of matrices and the softmax of one attention at most: scales, masks, changes of shape.
const maxSteps = 6

// attention writes what is kept of an attention so that the plugin does not make one Subgraph of it, which ignores its mark: the softmax in steps.
// Source: openvino-release, section 1.
func (n *network) attention(kept []*etree.Element) {
	done := map[*etree.Element]bool{}
	for _, l := range kept {
		switch kind(l) {
		case "SoftMax":
			n.steps(l, done)
		case "MatMul":
			n.nearby(l, done, n.readers)
			n.nearby(l, done, n.sources)
		}
	}
}

// nearby writes the softmaxes in steps that next reaches from l without another product.
func (n *network) nearby(l *etree.Element, done map[*etree.Element]bool, next func(*etree.Element) []*etree.Element) {
	for range maxSteps {
		list := next(l)
		if len(list) == 0 {
			return
		}
		if l = list[0]; kind(l) == "SoftMax" {
			n.steps(l, done)
			return
		}
		if kind(l) == "MatMul" {
			return
		}
	}
}

// readers are the layers that read what l puts out.
func (n *network) readers(l *etree.Element) []*etree.Element {
	var list []*etree.Element
	for _, d := range n.consumers[id(l)] {
		list = append(list, n.byID[target(d).layer])
	}
	return list
}

// sources are the layers that l reads from.
func (n *network) sources(l *etree.Element) []*etree.Element {
	var list []*etree.Element
	for _, from := range n.inputs(l) {
		list = append(list, n.byID[from.layer])
	}
	return list
}

// steps writes a softmax as exp(x - max) over its sum, all marked, with a barrier that keeps the plugin from putting them together again.
func (n *network) steps(l *etree.Element, done map[*etree.Element]bool) {
	if done[l] {
		return
	}
	done[l] = true
	like := ports(l, "output")[0]
	axis, err := strconv.Atoi(get(l, "axis", "1"))
	rank := len(like.SelectElements("dim"))
	if axis < 0 {
		axis += rank
	}
	from := n.inputs(l)
	if err != nil || axis < 0 || axis >= rank || len(from) == 0 {
		return
	}
	n.mark(l)
	e, factor := n.exponentials(name(l), like, axis, from[0])
	n.become(l, "Multiply", e, factor)
}

// exponentials are exp(x - max), and one over their sum along the axis; in the operations that the plugin would make of a difference and of a
// quotient, which would lose the mark.
func (n *network) exponentials(layerName string, like *etree.Element, axis int, x end) (e, factor end) {
	one := like.Copy()
	one.SelectElements("dim")[axis].SetText("1")
	axes := n.constant(layerName+"/axis", "I64", []int{1}, float64(axis))
	reduced := func(op, part string, of end) end {
		r := n.kept(op, layerName+part, one, of, axes)
		set(n.byID[r.layer], "keep_dims", "true")
		return r
	}
	minusOne := n.constant(layerName+"/minus_one", "FP32", nil, -1)
	less := n.kept("Multiply", layerName+"/less", one, reduced("ReduceMax", "/max", x), minusOne)
	e = n.kept("Exp", layerName+"/exp", like, n.kept("Add", layerName+"/difference", like, x, less))
	return e, n.kept("Power", layerName+"/factor", one, n.clamp(reduced("ReduceSum", "/sum", e), one), minusOne)
}

// decompose writes ScaledDotProductAttention in the operations that the plugin would make of it, all marked: softmax(scale q k^T + mask) v. What it
// cannot write so, for shapes that are not known, stays. Source: ScaledDotProductAttention-13.
func (n *network) decompose(l *etree.Element) {
	in := ports(l, "input")
	if len(in) < 3 || get(l, "causal", "false") == "true" {
		return
	}
	q, k := dims(in[0]), dims(in[1])
	if len(q) < 2 || len(k) < 2 || q[len(q)-1] < 1 {
		return
	}
	from, like := n.inputs(l), ports(l, "output")[0]
	if like.SelectAttrValue("precision", "") != "FP32" {
		return
	}
	scores := like.Copy()
	d := scores.SelectElements("dim")
	if len(d) != len(q) {
		return
	}
	d[len(d)-1].SetText(strconv.Itoa(k[len(k)-2]))
	scale := end{}
	if len(from) > 4 {
		scale = from[4]
	} else {
		scale = n.constant(name(l)+"/scale", "FP32", nil, 1/math.Sqrt(float64(q[len(q)-1])))
	}
	product := n.kept("MatMul", name(l)+"/scores", scores, n.kept("Multiply", name(l)+"/scaled", in[0], from[0], scale), from[1])
	set(n.byID[product.layer], "transpose_a", "false", "transpose_b", "true")
	if len(from) > 3 && len(dims(in[3])) > 0 {
		mask := from[3]
		if in[3].SelectAttrValue("precision", "") == "BOOL" {
			mask = n.kept("Select", name(l)+"/mask", scores, mask, n.constant(name(l)+"/zero", "FP32", nil, 0), n.constant(name(l)+"/outside", "FP32", nil, math.Inf(-1)))
			set(n.byID[mask.layer], "auto_broadcast", "numpy")
		}
		product = n.kept("Add", name(l)+"/masked", scores, product, mask)
	}
	e, factor := n.exponentials(name(l), scores, len(d)-1, product)
	n.reset(l, "MatMul", "opset1", n.kept("Multiply", name(l)+"/softmax", scores, e, factor), from[2])
	set(l, "transpose_a", "false", "transpose_b", "false")
}

// keepAttention looks after all kept layers of n.
func (n *network) keepAttention() {
	var kept []*etree.Element
	for _, l := range n.layers.ChildElements() {
		if marked(l) && slices.Contains([]string{"SoftMax", "MatMul", "ScaledDotProductAttention"}, kind(l)) {
			kept = append(kept, l)
		}
	}
	for _, l := range kept {
		if kind(l) == "ScaledDotProductAttention" {
			n.decompose(l)
		}
	}
	n.attention(kept)
	for _, l := range kept {
		if kind(l) == "MatMul" {
			n.twice(l)
		}
	}
}

// twice has all that reads a kept product read the larger of it and itself: a value with two readers ends the sequence of products and elementwise
// operations that the plugin makes one Subgraph of, which ignores its mark.
func (n *network) twice(l *etree.Element) {
	readers := slices.Clone(n.consumers[id(l)])
	like := ports(l, "output")[0]
	if like.SelectAttrValue("precision", "") != "FP32" {
		return
	}
	m := n.kept("Maximum", name(l)+"/twice", like, out(l), out(l))
	for _, d := range readers {
		n.connect(m, target(d))
	}
}
