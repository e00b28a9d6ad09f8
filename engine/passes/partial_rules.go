package passes

import (
	"slices"

	"halfway/engine/graph"
)

// partialRules are operations whose shape is read from a value, which may be known in part, or hangs on a few of their operands only.
var partialRules = map[string]func(r *rewriter, n *graph.Node, in [][]dim) []dim{
	"Reshape": (*rewriter).reshapedDims, "Broadcast": (*rewriter).broadcastDims, "Range": (*rewriter).rangeDims,
	"ScaledDotProductAttention": (*rewriter).attentionDims, "ScaledDotProductAttentionWithKVCache": (*rewriter).attentionDims,
}

// target returns the dimensions that the value at p spells; nil when not even their number is known. A size is negative where the value is.
func (r *rewriter) target(p graph.Port) []dim {
	s := shape(p)
	if len(s) != 1 || s[0] < 0 || s[0] > partialLimit {
		return nil
	}
	if v, ok := r.integers(p); ok {
		d := make([]dim, len(v))
		for i := range d {
			d[i] = known(v[i])
		}
		return d
	}
	d := make([]dim, s[0])
	v := r.partialAt(p)
	for i := range d {
		if d[i] = r.unknownIn(v, i); v == nil {
			d[i] = r.unknown()
		}
	}
	return d
}

// unknownIn is element i of v as a dimension.
func (r *rewriter) unknownIn(v *partial, i int) dim {
	if v == nil {
		return dim{}
	}
	var s sample
	for t := range trials {
		s[t] = int(asNumbers(v.trials[t])[i])
	}
	switch {
	case s == sample{s[0], s[0], s[0]}:
		return known(s[0])
	case v.symbols[i] != 0:
		return dim{-1, v.symbols[i]}
	}
	return dim{-1, r.symbols.add(s)}
}

// reshapedDims are those of a Reshape: 0 stands for the dimension of the input at its place, -1 for what is left over. Source: the shape inference of
// OpenVINO's Reshape, with what it does not see: that a product of several dimensions is another.
func (r *rewriter) reshapedDims(n *graph.Node, in [][]dim) []dim {
	to := r.target(n.In[1])
	if to == nil {
		return nil
	}
	rest := -1
	from, others := slices.Clone(in[0]), []dim(nil) // what is not taken over
	for i, d := range to {
		switch {
		case d == known(0) && flag(n, "special_zero"):
			if i >= len(in[0]) {
				return nil
			}
			to[i], from[i] = in[0][i], known(1)
		case d == known(-1):
			rest = i
		default:
			others = append(others, d)
		}
	}
	left, over := r.cancel(from, others)
	switch {
	case rest >= 0 && in[0] == nil:
		to[rest] = r.unknown()
	case rest >= 0:
		to[rest] = r.quotient(left, over)
	case len(left) == 1 && len(over) == 1 && left[0].symbol != 0 && over[0].symbol != 0:
		r.symbols.join(left[0].symbol, over[0].symbol)
	}
	return to
}

// cancel takes away dimensions that both lists have, and ones.
func (r *rewriter) cancel(a, b []dim) (left, over []dim) {
	over = slices.DeleteFunc(slices.Clone(b), func(d dim) bool { return d == known(1) })
	for _, d := range a {
		if d == known(1) {
			continue
		}
		if at := slices.IndexFunc(over, func(o dim) bool { return r.equal(o, d) }); at >= 0 && d != known(0) {
			over = slices.Delete(over, at, at+1)
		} else {
			left = append(left, d)
		}
	}
	return left, over
}

// quotient is the product of left over that of over.
func (r *rewriter) quotient(left, over []dim) dim {
	if len(over) == 0 && len(left) == 1 {
		return left[0]
	}
	var v sample
	for t := range trials {
		all, others := 1, 1
		for _, d := range left {
			all *= r.at(d, t)
		}
		for _, d := range over {
			others *= r.at(d, t)
		}
		if others == 0 || all%others != 0 {
			return r.unknown()
		}
		v[t] = all / others
	}
	if !anyUnknown(left) && !anyUnknown(over) {
		return known(v[0])
	}
	return dim{-1, r.symbols.add(v)}
}

// broadcastDims are those of a Broadcast.
func (r *rewriter) broadcastDims(n *graph.Node, in [][]dim) []dim {
	to := r.target(n.In[1])
	if lower(n.Attrs["mode"]) != "bidirectional" {
		return to
	}
	if to == nil || in[0] == nil {
		return nil
	}
	return r.broadcast(in[0], to)
}

// rangeDims finds that a Range from a to a+b has b elements.
func (r *rewriter) rangeDims(n *graph.Node, _ [][]dim) []dim {
	if r.trialValue(n.In[0], 0) == nil || r.trialValue(n.In[1], 0) == nil || r.trialValue(n.In[2], 0) == nil {
		return []dim{r.unknown()}
	}
	start, stop := r.partialAt(n.In[0]), n.In[1].Node
	if start == nil || len(start.symbols) != 1 || start.symbols[0] == 0 || stop.Op != "Add" || !r.uniform(n.In[2], 1) {
		return nil
	}
	for side := range 2 {
		a, b := r.partialAt(stop.In[side]), r.partialAt(stop.In[1-side])
		if a != nil && b != nil && len(b.symbols) == 1 && b.symbols[0] != 0 && slices.Equal(a.symbols, start.symbols) {
			return []dim{{-1, b.symbols[0]}}
		}
	}
	return nil
}

// attentionDims are those of attention: leading ones of all operands, the length of queries and mask, the size of the values.
func (r *rewriter) attentionDims(n *graph.Node, in [][]dim) []dim {
	q, k, v := in[0], in[1], in[2]
	rank := len(q)
	if rank < 3 || len(k) != rank || len(v) != rank {
		return nil
	}
	if n.Op == "ScaledDotProductAttentionWithKVCache" {
		return append(slices.Clone(q[:rank-1]), v[rank-1])
	}
	batch := r.broadcast(r.broadcast(q[:rank-2], k[:rank-2]), v[:rank-2])
	length := q[rank-2]
	if len(in) > 3 && len(in[3]) > 1 && !flag(n, "causal") {
		mask := in[3]
		batch = r.broadcast(batch, mask[:len(mask)-2])
		if l := mask[len(mask)-2]; length.symbol != 0 && l != known(1) {
			length = l
		}
	}
	return append(slices.Clone(batch), length, v[rank-1])
}

// broadcast returns the dimensions to which those of a and b are brought, last ones aligned. Source: Dimension::broadcast_merge.
func (r *rewriter) broadcast(a, b []dim) []dim {
	if len(a) < len(b) {
		a, b = b, a
	}
	out := slices.Clone(a)
	for i, d := range b {
		at := len(a) - len(b) + i
		switch o := out[at]; {
		case o == known(1) || o.symbol != 0 && d.symbol == 0 && d.size > 1:
			out[at] = d
		case o.symbol != 0 && d.symbol != 0 && !r.equal(o, d):
			out[at] = dim{-1, r.symbols.add(r.symbols.sample(o.symbol))}
		}
	}
	return out
}

// merged is the dimension that a and b, which must be equal, both are.
func (r *rewriter) merged(a, b dim) dim {
	switch {
	case a.symbol == 0:
		return a
	case b.symbol != 0:
		r.symbols.join(a.symbol, b.symbol)
	}
	return b
}

// unify changes dimensions in to those that n's operands must have in common, so that every trial is a call that can be made.
func (r *rewriter) unify(n *graph.Node, in [][]dim) {
	if slices.ContainsFunc(in, func(d []dim) bool { return d == nil }) {
		return
	}
	switch {
	case n.Op == "MatMul":
		r.unifyMatMul(n, in)
	case n.Op == "Concat":
		r.unifyConcat(n, in)
	case len(in) > 1 && graphType(n) == "Eltwise" && n.Op != "PRelu":
		r.unifyBroadcast(in)
	}
}

// unifyBroadcast gives operands that are broadcast to one shape its dimensions where theirs are not known.
func (r *rewriter) unifyBroadcast(in [][]dim) {
	out := in[0]
	for _, d := range in[1:] {
		out = r.broadcast(out, d)
	}
	for i := range in {
		in[i] = slices.Clone(in[i])
		for k := range in[i] {
			if d := out[len(out)-len(in[i])+k]; in[i][k].symbol != 0 {
				in[i][k] = d
			}
		}
	}
}

func (r *rewriter) unifyMatMul(n *graph.Node, in [][]dim) {
	a, b := slices.Clone(in[0]), slices.Clone(in[1])
	if len(a) < 2 || len(b) < 2 {
		return
	}
	inner, outer := len(a)-1, len(b)-2
	if flag(n, "transpose_a") {
		inner = len(a) - 2
	}
	if flag(n, "transpose_b") {
		outer = len(b) - 1
	}
	common := r.merged(a[inner], b[outer])
	a[inner], b[outer] = common, common
	batch := [][]dim{a[:len(a)-2], b[:len(b)-2]}
	r.unifyBroadcast(batch)
	in[0], in[1] = append(batch[0], a[len(a)-2:]...), append(batch[1], b[len(b)-2:]...)
}

func (r *rewriter) unifyConcat(n *graph.Node, in [][]dim) {
	rank := len(in[0])
	at := axis(number(n, "axis", 0), rank)
	for k := range rank {
		if k == at {
			continue
		}
		d := in[0][k]
		for _, other := range in[1:] {
			if len(other) != rank {
				return
			}
			d = r.merged(d, other[k])
		}
		for i := range in {
			in[i] = slices.Clone(in[i])
			in[i][k] = d
		}
	}
}
