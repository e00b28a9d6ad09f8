package passes

import (
	"slices"

	"halfway/engine/graph"
	"halfway/engine/ops"
)

// einsum writes sums of products as a MatMul, or a product where nothing is summed, of two operands at a time: the first and the last, whose
// result becomes the last. Equations that take a diagonal stay. Source: EinsumDecomposition.
func einsum(r *rewriter, n *graph.Node) bool {
	shapes := make([][]int, len(n.In))
	for i, p := range n.In {
		if shapes[i] = shape(p); !static(shapes[i]) {
			return false
		}
	}
	operands, output, err := ops.EinsumLabels(n.Attrs["equation"], shapes)
	if err != nil || len(operands) == 0 || slices.ContainsFunc(operands, repeats) {
		return false
	}
	e := &summation{chain: chain{r: r, from: n}, output: output}
	for i, p := range n.In {
		e.terms = append(e.terms, &term{p, operands[i]})
	}
	for len(e.terms) > 1 {
		a, b := e.terms[0], e.terms[len(e.terms)-1]
		e.sum(a)
		e.sum(b)
		e.terms = append(e.terms[1:len(e.terms)-1], e.contract(a, b))
	}
	last := e.terms[0]
	e.sum(last)
	e.transpose(last, output)
	if last.value == n.In[0] {
		return r.bypass(n, last.value)
	}
	r.substitute(n, last.value.Node)
	return true
}

// repeats reports whether a label occurs twice.
func repeats(labels []int) bool {
	for i, l := range labels {
		if slices.Contains(labels[:i], l) {
			return true
		}
	}
	return false
}

// A term is a value and the label of each of its axes.
type term struct {
	value  graph.Port
	labels []int
}

// size is the size of the axis with the label.
func (t *term) size(label int) int { return shape(t.value)[slices.Index(t.labels, label)] }

// summation is an equation of which some terms are contracted already.
type summation struct {
	chain
	terms  []*term
	output []int
}

// needed reports whether the output or another term than the given ones has the label.
func (e *summation) needed(label int, but ...*term) bool {
	return slices.Contains(e.output, label) || slices.ContainsFunc(e.terms, func(t *term) bool {
		return !slices.Contains(but, t) && slices.Contains(t.labels, label)
	})
}

// sum sums over the axes that nothing else needs.
func (e *summation) sum(t *term) {
	var axes, left []int
	for i, l := range t.labels {
		if e.needed(l, t) {
			left = append(left, l)
		} else {
			axes = append(axes, i)
		}
	}
	if len(axes) > 0 {
		t.value = e.make("ReduceSum", "opset1", graph.Attrs{"keep_dims": "false"}, t.value, e.note(e.r.ints(1, axes...)))
		t.labels = left
	}
}

// transpose brings the axes into the order of the labels.
func (e *summation) transpose(t *term, labels []int) {
	if slices.Equal(t.labels, labels) {
		return
	}
	order := make([]int, len(labels))
	for i, l := range labels {
		order[i] = slices.Index(t.labels, l)
	}
	t.value = e.make("Transpose", "opset1", nil, t.value, e.note(e.r.ints(1, order...)))
	t.labels = labels
}

// contract multiplies two terms and sums over the labels that only they have.
func (e *summation) contract(a, b *term) *term {
	var common, own, summed, other []int
	for _, l := range a.labels {
		switch {
		case !slices.Contains(b.labels, l):
			own = append(own, l)
		case e.needed(l, a, b):
			common = append(common, l)
		default:
			summed = append(summed, l)
		}
	}
	for _, l := range b.labels {
		if !slices.Contains(a.labels, l) {
			other = append(other, l)
		}
	}
	if len(summed) == 0 {
		return e.multiply(a, b, slices.Concat(common, other), len(other))
	}
	size := func(l int) int { return max(a.size(l), b.size(l)) }
	batch := sizes(common, size)
	left := &matrix{e, a, common, own, summed, false}
	right := &matrix{e, b, common, other, summed, false}
	left.arrange()
	right.arrange()
	left.broadcast(size)
	right.broadcast(size)
	back := !left.single() || !right.single()
	rows, columns := sizes(own, a.size), sizes(other, b.size)
	left.flatten(back)
	right.flatten(back)
	y := e.make("MatMul", "opset1", graph.Attrs{"transpose_a": boolText(!left.ownFirst), "transpose_b": boolText(right.ownFirst)}, a.value, b.value)
	if back {
		y = e.reshape(y, slices.Concat(batch, rows, columns))
	}
	return &term{y, slices.Concat(common, own, other)}
}

// multiply is the product of terms that are summed over nothing, broadcast to the axes of a and the last ones of b in the given order.
func (e *summation) multiply(a, b *term, order []int, others int) *term {
	e.transpose(b, order)
	unsqueeze := func(p graph.Port, axes []int) graph.Port {
		if len(axes) == 0 {
			return p
		}
		return e.make("Unsqueeze", "opset1", nil, p, e.note(e.r.ints(1, axes...)))
	}
	var behind, between []int
	for i, l := range a.labels {
		if !slices.Contains(b.labels, l) {
			between = append(between, i)
		}
	}
	for i := range others {
		behind = append(behind, len(a.labels)+i)
	}
	labels := slices.Concat(a.labels, order[len(order)-others:])
	return &term{e.make("Multiply", "opset1", numpyBroadcast, unsqueeze(a.value, behind), unsqueeze(b.value, between)), labels}
}

func (e *summation) reshape(p graph.Port, to []int) graph.Port {
	return e.make("Reshape", "opset1", graph.Attrs{"special_zero": "false"}, p, e.note(e.r.ints(1, to...)))
}

func sizes(labels []int, size func(label int) int) []int {
	s := make([]int, len(labels))
	for i, l := range labels {
		s[i] = size(l)
	}
	return s
}

// A matrix is an operand of a MatMul in the making: batches that both have, its own rows or columns, and what is summed over.
type matrix struct {
	*summation
	*term
	common, own, summed []int
	ownFirst            bool
}

// arrange brings the axes into one of the two orders that a MatMul can read, by a Transpose where they are in neither.
func (m *matrix) arrange() {
	if slices.Equal(m.labels, slices.Concat(m.common, m.summed, m.own)) {
		return
	}
	m.ownFirst = true
	m.summation.transpose(m.term, slices.Concat(m.common, m.own, m.summed))
}

// broadcast repeats the axes of size 1 that are larger in the other operand. Most do nothing and go with the operations that do nothing.
func (m *matrix) broadcast(size func(label int) int) {
	to := slices.Clone(shape(m.value))
	for i, l := range m.labels {
		if !slices.Contains(m.own, l) {
			to[i] = size(l)
		}
	}
	m.value = m.make("Broadcast", "opset3", graph.Attrs{"mode": "bidirectional"}, m.value, m.note(m.r.ints(1, to...)))
}

// single reports whether the own axes are one, or none where there are no batches either.
func (m *matrix) single() bool { return len(m.own) == 1 || len(m.own) == 0 && len(m.common) == 0 }

// flatten joins the own axes, and those that are summed over, to one of each, where this or the result asks for it.
func (m *matrix) flatten(always bool) {
	if m.single() && len(m.summed) == 1 && !always {
		return
	}
	product := func(labels []int) int {
		p := 1
		for _, l := range labels {
			p *= m.size(l)
		}
		return p
	}
	own := []int{product(m.own)}
	if m.common == nil && m.own == nil {
		own = nil
	}
	parts := [][]int{sizes(m.common, m.size), {product(m.summed)}, own}
	if m.ownFirst {
		parts[1], parts[2] = parts[2], parts[1]
	}
	m.value = m.summation.reshape(m.value, slices.Concat(parts...))
}
