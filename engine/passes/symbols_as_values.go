package passes

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// symbolsAsValues computes the size of a dimension from one place: every value that is one is replaced by what gave it first, or by the element of the
// shape that has it. Source: OptimizeSymbolsUsedAsValues.
func symbolsAsValues(r *rewriter) {
	if !r.varies {
		return
	}
	u := &symbolUse{rewriter: r, shapes: map[symbol]graph.Port{}, values: map[symbol]graph.Port{}, lists: map[string]graph.Port{}}
	for _, n := range r.levels() {
		if r.dead[n.ID] || n.Op == "Result" {
			continue
		}
		for o := range n.Out {
			u.replace(graph.Port{Node: n, Out: o})
		}
		u.shapeSources(n)
		for o := range n.Out {
			u.replaceList(graph.Port{Node: n, Out: o})
		}
	}
}

// symbolUse knows where sizes come from.
type symbolUse struct {
	*rewriter
	shapes map[symbol]graph.Port // a value with a dimension of that size
	values map[symbol]graph.Port // a value that is that size
	lists  map[string]graph.Port // a value with these elements
}

// replace finds another source of a value of one element that is a size.
func (u *symbolUse) replace(p graph.Port) {
	names := u.valueSymbols(p)
	if len(names) != 1 || elements(shape(p)) != 1 {
		return
	}
	s := u.symbols.root(names[0])
	source, ok := u.sum(s, p)
	if !ok {
		source, ok = u.source(s, p)
	}
	if !ok {
		u.values[s] = p
		return
	}
	u.ask(source)
	u.redirect(p, source)
}

// source is the size s as a value of the type and shape of p.
func (u *symbolUse) source(s symbol, p graph.Port) (graph.Port, bool) {
	if s == 0 {
		return graph.Port{}, false
	}
	if v, ok := u.values[s]; ok {
		return u.as(v, p), true
	}
	from, ok := u.shapes[s]
	if !ok {
		return graph.Port{}, false
	}
	at := slices.IndexFunc(u.dimSymbols(from), func(d symbol) bool { return d != 0 && u.symbols.root(d) == s })
	if at < 0 {
		return graph.Port{}, false
	}
	v := u.shapeElement(from, at, p)
	u.values[s] = v
	return v, true
}

// shapeElement makes the element of from's shape that stands in the place of p.
func (u *symbolUse) shapeElement(from graph.Port, at int, p graph.Port) graph.Port {
	steps := &chain{r: u.rewriter, from: p.Node}
	t := p.Type()
	of := graph.Port{}
	if t == tensor.I32 || t == tensor.I64 {
		of = port(u.make("ShapeOf", "opset3", graph.Attrs{"output_type": t.String()}, from))
	} else {
		of = port(u.make("ShapeOf", "opset3", graph.Attrs{"output_type": "i64"}, from))
		of = steps.note(port(u.make("Convert", "opset1", graph.Attrs{"destination_type": t.String()}, steps.note(of))))
	}
	index := steps.note(u.ints(len(shape(p)), at))
	return steps.note(port(u.make("Gather", "opset8", graph.Attrs{"batch_dims": "0"}, steps.note(of), index, steps.note(u.ints(0, 0)))))
}

// as gives v the shape and the type of p.
func (u *symbolUse) as(v, p graph.Port) graph.Port {
	steps := &chain{r: u.rewriter, from: p.Node}
	if want := shape(p); !slices.Equal(shape(v), want) {
		if len(want) == 0 {
			v = steps.note(port(u.make("Squeeze", "opset1", nil, v)))
		} else {
			v = steps.note(port(u.make("Reshape", "opset1", graph.Attrs{"special_zero": "false"}, v, u.ints(1, want...))))
		}
	}
	if v.Type() != p.Type() {
		v = steps.note(port(u.make("Convert", "opset1", graph.Attrs{"destination_type": p.Type().String()}, v)))
	}
	return v
}

// sum is the size along the axis of a Concat of two as the sum of theirs.
func (u *symbolUse) sum(s symbol, p graph.Port) (graph.Port, bool) {
	from, ok := u.shapes[s]
	c := from.Node
	if !ok || c.Op != "Concat" || len(c.In) != 2 {
		return graph.Port{}, false
	}
	names := u.dimSymbols(from)
	at := slices.IndexFunc(names, func(d symbol) bool { return d != 0 && u.symbols.root(d) == s })
	if at < 0 || at != axis(number(c, "axis", 0), len(names)) || shape(c.In[0]) == nil || shape(c.In[1]) == nil {
		return graph.Port{}, false
	}
	a, okA := u.source(u.rootOf(c.In[0], at), p)
	b, okB := u.source(u.rootOf(c.In[1], at), p)
	if !okA || !okB {
		return graph.Port{}, false
	}
	steps := &chain{r: u.rewriter, from: p.Node}
	v := steps.note(port(u.make("Add", "opset1", numpyBroadcast, a, b)))
	if sum := u.partialAt(v); sum != nil {
		sum.symbols[0] = s
	}
	u.values[s] = v
	return v, true
}

func (u *symbolUse) rootOf(p graph.Port, at int) symbol { return u.symbols.root(u.dimSymbols(p)[at]) }

// shapeSources remembers the dimensions of what n takes the shape of, or joins.
func (u *symbolUse) shapeSources(n *graph.Node) {
	keep := func(s symbol, p graph.Port) {
		if s = u.symbols.root(s); s != 0 {
			if _, ok := u.shapes[s]; !ok {
				u.shapes[s] = p
			}
		}
	}
	switch n.Op {
	case "ShapeOf":
		for _, s := range u.dimSymbols(n.In[0]) {
			keep(s, n.In[0])
		}
	case "Concat":
		rank := len(n.Out[0].Shape)
		for _, p := range n.In {
			if at := axis(number(n, "axis", 0), rank); len(shape(p)) == rank && at >= 0 && at < rank {
				keep(u.dimSymbols(p)[at], p)
			}
		}
	}
}

// replaceList finds another source of a value of several elements, all of which are known or sizes.
func (u *symbolUse) replaceList(p graph.Port) {
	names := u.valueSymbols(p)
	if len(names) < 2 {
		return
	}
	v := u.partialAt(p)
	key := make([]string, len(names))
	for i, s := range names {
		d := u.unknownIn(v, i)
		switch {
		case d.symbol == 0 && (p.Type() == tensor.I64 || p.Type() == tensor.I32):
			key[i] = fmt.Sprint(d.size)
		case s != 0:
			key[i] = fmt.Sprint("s", u.symbols.root(s))
		default:
			return
		}
	}
	k := strings.Join(key, " ")
	source, ok := u.lists[k]
	if !ok {
		u.lists[k] = p
		return
	}
	if !static(shape(p)) || !slices.Equal(shape(p), shape(source)) {
		return
	}
	if source.Type() != p.Type() {
		source = (&chain{r: u.rewriter, from: p.Node}).note(port(u.make("Convert", "opset1", graph.Attrs{"destination_type": p.Type().String()}, source)))
	}
	u.redirect(p, source)
}

// levels returns the nodes in an order in which what only depends on shapes comes as early as it can. A level is the number of nodes that depend on
// parameters from here to a result, at most.
func (r *rewriter) levels() []*graph.Node {
	order, err := r.Order()
	if err != nil {
		r.fail(err)
		return nil
	}
	depends := map[*graph.Node]bool{}
	for _, n := range order {
		switch n.Op {
		case "Parameter":
			depends[n] = true
		case "Constant", "ShapeOf", "ReadValue", "Assign":
		default:
			depends[n] = slices.ContainsFunc(n.In, func(p graph.Port) bool { return depends[p.Node] })
		}
	}
	level := map[*graph.Node]int{}
	for _, n := range slices.Backward(order) {
		if n.Op == "Result" {
			level[n] = 0
			continue
		}
		deepest := -1
		for _, u := range r.readers(n) {
			if l, ok := level[u.node]; ok {
				deepest = max(deepest, l)
			}
		}
		if deepest >= 0 {
			if depends[n] {
				deepest++
			}
			level[n] = deepest
		}
	}
	for _, n := range order {
		if _, ok := level[n]; ok {
			continue
		}
		least := math.MaxInt
		for _, p := range n.In {
			if l, ok := level[p.Node]; ok {
				least = min(least, l)
			}
		}
		if least == math.MaxInt {
			return order
		}
		level[n] = least
	}
	slices.SortStableFunc(order, func(a, b *graph.Node) int { return level[b] - level[a] })
	return order
}
