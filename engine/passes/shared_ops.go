package passes

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// sharedConstantBytes is the size up to which constants are looked into to find what may be the same; larger ones are compared one by one.
const sharedConstantBytes = 256

// sharedOps makes one node of those that do the same to the same value. Source: SharedOpOptimization.
func sharedOps(r *rewriter) {
	r.each(func(n *graph.Node) {
		if n.Op == "ShapeOf" && n.Opset == "opset1" { // the same as the later one that says its type
			n.Opset, n.Attrs = "opset3", graph.Attrs{"output_type": "i64"}
		}
	})
	r.each(func(n *graph.Node) {
		for o := range n.Out {
			r.shareReaders(graph.Port{Node: n, Out: o})
		}
	})
}

func (r *rewriter) shareReaders(p graph.Port) {
	list := r.readers(p.Node)
	if len(list) < 2 {
		return
	}
	first := map[string][]*graph.Node{}
	seen := map[*graph.Node]bool{}
	for _, u := range r.inOrder(list) {
		n := u.node
		if n.In[u.in] != p || seen[n] || isOp(n, "Result", "Assign", "If", "Loop", "TensorIterator", "RandomUniform") || r.dead[n.ID] {
			continue
		}
		seen[n] = true
		key := r.identity(n)
		at := slices.IndexFunc(first[key], func(same *graph.Node) bool { return r.sameInputs(same, n) })
		if at < 0 {
			first[key] = append(first[key], n)
		} else {
			r.merge(first[key][at], n)
		}
	}
}

// sameInputs reports whether the large constants among the inputs of nodes of one identity are equal.
func (r *rewriter) sameInputs(a, b *graph.Node) bool {
	for i, p := range a.In {
		if q := b.In[i]; p != q && r.large(p) && !r.equalConstants(p, q) {
			return false
		}
	}
	return true
}

// large reports whether p is a constant of more bytes than are looked into, as a file stores it or computed already.
func (r *rewriter) large(p graph.Port) bool {
	return isConstant(p) && (len(p.Node.Value.Bytes) > sharedConstantBytes || p.Node.Value.Compute != nil && r.value(p) != nil)
}

// equalConstants reports whether large constants of one type and shape have the same elements.
func (r *rewriter) equalConstants(p, q graph.Port) bool {
	if a, b := p.Node.Value, q.Node.Value; a.Compute == nil && b.Compute == nil {
		return bytes.Equal(a.Bytes, b.Bytes)
	}
	a, b := r.value(p), r.value(q)
	return a != nil && b != nil && bytes.Equal(tensor.Digest(a), tensor.Digest(b))
}

// merge makes the readers of n read same.
func (r *rewriter) merge(same, n *graph.Node) {
	if !r.bypass(n, port(same)) {
		return
	}
	for o := 1; o < len(n.Out); o++ {
		r.redirect(graph.Port{Node: n, Out: o}, graph.Port{Node: same, Out: o})
	}
}

// inOrder sorts uses by the place of their nodes in counting order.
func (r *rewriter) inOrder(list []use) []use {
	list = slices.Clone(list)
	if r.place == nil {
		return list
	}
	slices.SortStableFunc(list, func(a, b use) int { return r.place[a.node] - r.place[b.node] })
	return list
}

// identity is equal for nodes that compute the same.
func (r *rewriter) identity(n *graph.Node) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %v", n.Op, n.Opset, n.Precise)
	for _, k := range slices.Sorted(maps.Keys(n.Attrs)) {
		fmt.Fprintf(&b, " %q=%q", k, n.Attrs[k])
	}
	for _, p := range n.In {
		if v := r.smallConstant(p); v != "" {
			b.WriteString(" " + v)
		} else if r.large(p) {
			fmt.Fprintf(&b, " %s%v", p.Type(), shape(p))
		} else {
			fmt.Fprintf(&b, " %d:%d", p.Node.ID, p.Out)
		}
	}
	return b.String()
}

// smallConstant spells a constant of few bytes, "" for any other value.
func (r *rewriter) smallConstant(p graph.Port) string {
	v := r.value(p)
	if v == nil || v.Bytes() > sharedConstantBytes {
		return ""
	}
	return fmt.Sprintf("%s%v%s", v.Type, v.Shape, hex.EncodeToString(tensor.Digest(v)))
}
