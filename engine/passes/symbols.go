package passes

import (
	"slices"

	"halfway/engine/graph"
)

// trials is the number of samples in which a dimension that is not known is given a size. Two that follow from each other in all of them are taken to
// follow from each other always.
const trials = 3

// A symbol names the size of a dimension, or an element of a shape, that is not known; 0 is none. Dimensions of one symbol are equal.
type symbol int

// A sample is the size that a symbol has in each trial.
type sample [trials]int

// A dim is a dimension: its size, or -1 and the symbol of it.
type dim struct {
	size   int
	symbol symbol
}

// symbols are what is known of the symbols in a graph.
type symbols struct {
	samples []sample // by symbol
	same    []symbol // by symbol: one that it turned out to be equal to, itself at the root
}

func newSymbols() *symbols { return &symbols{samples: make([]sample, 1), same: make([]symbol, 1)} }

// add returns a new symbol with the given sizes.
func (s *symbols) add(v sample) symbol {
	n := symbol(len(s.samples))
	s.samples, s.same = append(s.samples, v), append(s.same, n)
	return n
}

// fresh returns a symbol of which nothing is known. Its sizes differ from those of all others, divide well, and are small, so that shapes of them
// have few elements.
func (s *symbols) fresh() symbol {
	i := len(s.samples) % 1000
	return s.add(sample{8 * (i + 2), 8 * (2*i + 5), 8 * (3*i + 7)})
}

// root is the symbol that stands for all that are equal to a.
func (s *symbols) root(a symbol) symbol {
	for s.same[a] != a {
		a = s.same[a]
	}
	return a
}

// sample is the size that a was given in each trial; what it turned out to be equal to may have been given others.
func (s *symbols) sample(a symbol) sample { return s.samples[a] }

// join says that a and b are equal.
func (s *symbols) join(a, b symbol) {
	if a, b = s.root(a), s.root(b); a != b {
		s.same[b] = a
	}
}

// known is the dimension of a size that is known.
func known(size int) dim { return dim{size: size} }

// unknown is a dimension of which nothing is known.
func (r *rewriter) unknown() dim { return dim{-1, r.symbols.fresh()} }

// at is the size of d in one trial.
func (r *rewriter) at(d dim, trial int) int {
	if d.symbol == 0 {
		return d.size
	}
	return r.symbols.sample(d.symbol)[trial]
}

// equal reports whether two dimensions are known to be equal.
func (r *rewriter) equal(a, b dim) bool {
	if a.symbol == 0 || b.symbol == 0 {
		return a == b
	}
	return r.symbols.root(a.symbol) == r.symbols.root(b.symbol)
}

// dims are the dimensions of the value at p; nil when its rank is not known.
func (r *rewriter) dims(p graph.Port) []dim {
	s := shape(p)
	if s == nil {
		return nil
	}
	list := r.named[p.Node]
	if len(list) < len(p.Node.Out) {
		list = append(slices.Clone(list), make([][]symbol, len(p.Node.Out)-len(list))...)
		r.named[p.Node] = list
	}
	if len(list[p.Out]) != len(s) {
		list[p.Out] = make([]symbol, len(s))
	}
	d := make([]dim, len(s))
	for i, size := range s {
		d[i] = known(size)
		if size < 0 {
			if list[p.Out][i] == 0 {
				list[p.Out][i] = r.symbols.fresh()
			}
			d[i].symbol = r.symbols.root(list[p.Out][i])
		}
	}
	return d
}

// setDims gives output o of n these dimensions.
func (r *rewriter) setDims(n *graph.Node, o int, d []dim) {
	list := slices.Clone(r.named[n])
	if len(list) < len(n.Out) {
		list = append(list, make([][]symbol, len(n.Out)-len(list))...)
	}
	sizes, names := make([]int, len(d)), make([]symbol, len(d))
	for i, d := range d {
		sizes[i], names[i] = d.size, d.symbol
	}
	list[o] = names
	r.named[n] = list
	n.Out[o].Shape = sizes
}

// anyUnknown reports whether a dimension of d is not known.
func anyUnknown(d []dim) bool {
	return slices.ContainsFunc(d, func(d dim) bool { return d.symbol != 0 })
}
