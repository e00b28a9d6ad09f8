package patterns

import (
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
}

func newShaper() *shaper {
	return &shaper{known: map[string]*shape{}, all: &shape{all: true}}
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
	for i := first; i < min(len(r.edges), first+maxGeneralised); i++ {
		e := &r.edges[i]
		e.anyNumber = len(e.labels) > 1 && !hitsForbidden(t, numbers, e)
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

// hitsForbidden reports whether e, widened to any number, would find something forbidden behind the other numbers of t.
func hitsForbidden(t *tree, numbers []string, e *edge) bool {
	next := 0
	for _, label := range numbers {
		if next < len(e.labels) && e.labels[next] == label {
			next++
			continue
		}
		if e.to.hits(t.children[label]) {
			return true
		}
	}
	return false
}

// hits reports whether the shape finds a forbidden name at t.
func (r *shape) hits(t *tree) bool {
	switch {
	case t == nil || t.below[forbidden] == 0:
		return false
	case r.all, r.end && t.ends[forbidden]:
		return true
	}
	for _, e := range r.edges {
		if e.anyNumber {
			for label, child := range t.children {
				if isDigit(label[0]) && e.to.hits(child) {
					return true
				}
			}
			continue
		}
		for _, label := range e.labels {
			if e.to.hits(t.children[label]) {
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
	prefix, suffix := commonPrefix(e.labels), commonSuffix(e.labels)
	list := make([]string, len(e.labels))
	for i, label := range e.labels {
		list[i] = quote(strings.TrimSuffix(label[len(prefix):], suffix))
	}
	return quote(prefix) + alternatives(list) + quote(suffix)
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
