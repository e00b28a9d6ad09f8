package patterns

import (
	"slices"
	"strconv"
	"strings"
)

// A shape is a part of a pattern: what may follow a place in a name. Equal shapes are one, so that modules which share theirs are written
// as alternatives.
type shape struct {
	id    int
	all   bool // whatever follows
	end   bool // nothing follows
	edges []edge
}

// An edge leads on over one of its labels, or over any number.
type edge struct {
	labels    []string
	anyNumber bool
	to        *shape
}

// A shaper makes the shapes of a tree.
type shaper struct {
	known map[string]*shape
	all   *shape
	work  int // places that may still be compared with shapes
}

// maxCompared bounds work. Names that exhaust it get patterns that are longer than need be.
const maxCompared = 1 << 22

func newShaper() *shaper {
	return &shaper{known: map[string]*shape{}, all: &shape{all: true}, work: maxCompared}
}

// maxGeneralised bounds the groups of numbers of one module for which any number is tried.
const maxGeneralised = 8

// shape is what must follow at t: nil when nothing wanted does. A whole subtree without anything forbidden is all of it, unless explicit
// asks for the next tokens, which is needed where other text could follow: 1 is the begin of 11.
func (s *shaper) shape(t *tree, explicit bool) *shape {
	if t.below[wanted] == 0 {
		return nil
	}
	if t.below[forbidden] == 0 && !explicit {
		return s.all
	}
	r := &shape{end: t.ends[wanted]}
	texts, numbers := t.labels()
	for i, label := range texts {
		if to := s.shape(t.children[label], hasRival(t, texts, i)); to != nil {
			r.join(label, to)
		}
	}
	first := len(r.edges)
	for _, label := range numbers {
		if to := s.shape(t.children[label], true); to != nil {
			r.joinFrom(first, label, to)
		}
	}
	r.edges = append(s.absorb(t, r.edges[:first:first]), s.absorb(t, r.edges[first:])...)
	first = len(r.edges) - countNumbered(r.edges)
	for i := first; i < min(len(r.edges), first+maxGeneralised); i++ {
		e := &r.edges[i]
		e.anyNumber = len(e.labels) > 1 && !s.hitsForbidden(t, numbers, e)
	}
	return s.unique(r)
}

// hasRival reports whether the text i is the begin of another, under which something is forbidden.
func hasRival(t *tree, texts []string, i int) bool {
	if strings.HasSuffix(texts[i], "/") || strings.HasSuffix(texts[i], ".") {
		return false
	}
	for k := i + 1; k < len(texts) && strings.HasPrefix(texts[k], texts[i]); k++ {
		if k > i+maxGeneralised || t.children[texts[k]].below[forbidden] > 0 {
			return true
		}
	}
	return false
}

func (r *shape) join(label string, to *shape) { r.joinFrom(0, label, to) }

// joinFrom adds a label to the edge that leads to the same shape, of those from the index first.
func (r *shape) joinFrom(first int, label string, to *shape) {
	for i := max(first, len(r.edges)-64); i < len(r.edges); i++ {
		if r.edges[i].to == to {
			r.edges[i].labels = append(r.edges[i].labels, label)
			return
		}
	}
	r.edges = append(r.edges, edge{labels: []string{label}, to: to})
}

// unique returns the shape equal to r that was there first.
func (s *shaper) unique(r *shape) *shape {
	var b strings.Builder
	b.WriteString(strconv.FormatBool(r.end))
	for _, e := range r.edges {
		b.WriteString("\x00" + strconv.FormatBool(e.anyNumber) + strconv.Itoa(e.to.id))
		if !e.anyNumber {
			for _, label := range e.labels {
				b.WriteString("\x01" + strconv.Itoa(len(label)) + ":" + label)
			}
		}
	}
	if known, ok := s.known[b.String()]; ok {
		return known
	}
	r.id = len(s.known) + 1
	s.known[b.String()] = r
	return r
}

func countNumbered(edges []edge) int {
	n := 0
	for n < len(edges) && isDigit(edges[len(edges)-1-n].labels[0][0]) {
		n++
	}
	return n
}

// absorb joins edges of t where what follows the one also describes what is wanted behind the other: the norms of a layer with something
// more in them are named as closely as the others need not be.
func (s *shaper) absorb(t *tree, edges []edge) []edge {
	if len(edges) > maxGeneralised {
		return edges
	}
	for i := 0; i < len(edges); i++ {
		edges[i].labels = slices.Clone(edges[i].labels)
		for k := 0; k < len(edges); k++ {
			if k != i && s.describes(edges[i].to, &edges[k], t) {
				edges[i].labels = append(edges[i].labels, edges[k].labels...)
				edges = slices.Delete(slices.Clone(edges), k, k+1)
				if k < i {
					i--
				}
				k--
			}
		}
		slices.SortFunc(edges[i].labels, compareLabels)
	}
	return edges
}

// describes reports whether a shape finds all that is wanted behind the edge of t and nothing that is forbidden.
func (s *shaper) describes(r *shape, e *edge, t *tree) bool {
	for _, label := range e.labels {
		child := t.children[label]
		if r.all || !s.covers(r, child) || s.hits(r, child) {
			return false
		}
	}
	return true
}

// covers reports whether the shape finds all wanted names at t.
func (s *shaper) covers(r *shape, t *tree) bool {
	s.work--
	switch {
	case s.work < 0:
		return false
	case t.below[wanted] == 0 || r.all:
		return true
	case t.ends[wanted] && !r.end:
		return false
	}
	t.labels()
	for _, label := range t.sorted {
		child := t.children[label]
		if child.below[wanted] > 0 && !slices.ContainsFunc(r.edges, func(e edge) bool { return e.takes(label) && s.covers(e.to, child) }) {
			return false
		}
	}
	return true
}

// takes reports whether an edge leads over a label.
func (e *edge) takes(label string) bool {
	if e.anyNumber {
		return isDigit(label[0])
	}
	_, found := slices.BinarySearchFunc(e.labels, label, compareLabels)
	return found
}

// hitsForbidden reports whether e, widened to any number, would find something forbidden behind the other numbers of t.
func (s *shaper) hitsForbidden(t *tree, numbers []string, e *edge) bool {
	next := 0
	for _, label := range numbers {
		if next < len(e.labels) && e.labels[next] == label {
			next++
			continue
		}
		if s.hits(e.to, t.children[label]) {
			return true
		}
	}
	return false
}

// hits reports whether the shape finds a forbidden name at t.
func (s *shaper) hits(r *shape, t *tree) bool {
	s.work--
	switch {
	case s.work < 0:
		return true
	case t == nil || t.below[forbidden] == 0:
		return false
	case r.all, r.end && t.ends[forbidden]:
		return true
	}
	for _, e := range r.edges {
		if e.anyNumber {
			_, numbers := t.labels()
			for _, label := range numbers {
				if s.hits(e.to, t.children[label]) {
					return true
				}
			}
			continue
		}
		for _, label := range e.labels {
			if s.hits(e.to, t.children[label]) {
				return true
			}
		}
	}
	return false
}

// pattern writes a shape; ends are the ways in which a name may end.
func (r *shape) pattern(ends []string) string {
	if r.all {
		return ""
	}
	var list []string
	for _, e := range r.edges {
		list = append(list, e.pattern()+e.to.pattern(ends))
	}
	if r.end {
		list = append(list, ends...)
	}
	return alternatives(list)
}

func (e *edge) pattern() string {
	if e.anyNumber {
		return `(\d+)`
	}
	prefix := commonPrefix(e.labels)
	rest := make([]string, len(e.labels))
	for i, label := range e.labels {
		rest[i] = label[len(prefix):]
	}
	suffix := commonSuffix(rest)
	for i := range rest {
		rest[i] = quote(strings.TrimSuffix(rest[i], suffix))
	}
	return quote(prefix) + alternatives(rest) + quote(suffix)
}

// commonPrefix is what several modules share at their begins, up to a word's end: aten:: of aten::pow/ and aten::mean/.
func commonPrefix(labels []string) string {
	if len(labels) == 1 || isDigit(labels[0][0]) {
		return ""
	}
	prefix := labels[0]
	for _, label := range labels[1:] {
		n := 0
		for n < min(len(prefix), len(label)) && prefix[n] == label[n] {
			n++
		}
		prefix = prefix[:n]
	}
	if !slices.ContainsFunc(labels, func(label string) bool { return len(label) > len(prefix) && isWord(label[len(prefix)]) }) {
		return prefix
	}
	return prefix[:1+strings.LastIndexFunc(prefix, func(r rune) bool { return r == '_' || r < 0x80 && !isWord(byte(r)) })]
}

// commonSuffix is what several modules share at their ends, from a word's begin on: _proj/ of q_proj/ and k_proj/.
func commonSuffix(labels []string) string {
	if len(labels) == 1 {
		return ""
	}
	suffix := labels[0]
	for _, label := range labels[1:] {
		n := 0
		for n < min(len(suffix), len(label)) && suffix[len(suffix)-1-n] == label[len(label)-1-n] {
			n++
		}
		suffix = suffix[len(suffix)-n:]
	}
	for i := range len(suffix) {
		if !isWord(suffix[i]) || suffix[i] == '_' {
			return suffix[i:]
		}
	}
	return ""
}
