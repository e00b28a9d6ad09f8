package patterns

import (
	"errors"
	"fmt"
	"slices"
)

// A Repair is a set of nodes to keep in f32, as settings. Pos alone and Neg alone, each with the other variables unset, enforce all other
// nodes.
type Repair struct {
	Chosen   string // "pos" or "neg": the shorter of those that every limit of std::regex and of the environment admits
	Pos, Neg string
	Exact    bool     // false when the settings keep more than was asked for
	AlsoKept []string // those tags, each as often as it is kept too much
}

// ForKeep writes patterns for keeping the nodes with keep set in f32 and enforcing the others, and proves them on all tags. Nodes of one tag
// can't be told apart: where only some are to be kept, all are. Where neither pattern fits into the limits, more is kept: whole roles first,
// those that add least for what they save, then modules further and further up, types, everything.
func ForKeep(tags []string, keep []bool) (Repair, error) {
	if len(tags) != len(keep) {
		return Repair{}, errors.New("there must be as many tags as decisions to keep")
	}
	s := newSynthesis(tags, keep)
	p, ok := s.write(s.keep)
	if !ok {
		p, ok = s.widen()
	}
	if !ok {
		return Repair{}, fmt.Errorf("no pattern within the limits of std::regex keeps the %d nodes: name them in fewer modules", len(s.tags))
	}
	r := Repair{Chosen: "neg", Pos: p.pos, Neg: p.neg, AlsoKept: []string{}}
	if p.posFits && (!p.negFits || len(p.pos) < len(p.neg)) {
		r.Chosen = "pos"
	}
	for i, t := range tags {
		if at, _ := slices.BinarySearch(s.tags, t); p.kept[at] && !keep[i] {
			r.AlsoKept = append(r.AlsoKept, t)
		}
	}
	r.Exact = len(r.AlsoKept) == 0
	return r, nil
}

// A synthesis is a set of different tags to write patterns for.
type synthesis struct {
	tags   []string // sorted, each once
	keep   []bool
	limits limits
}

func newSynthesis(tags []string, keep []bool) *synthesis {
	s := &synthesis{tags: slices.Compact(slices.Sorted(slices.Values(tags)))}
	s.keep = make([]bool, len(s.tags))
	for i, t := range tags {
		if keep[i] {
			at, _ := slices.BinarySearch(s.tags, t)
			s.keep[at] = true
		}
	}
	s.limits = limitsOf(s.tags)
	return s
}

// A pair are the two patterns that keep a set.
type pair struct {
	pos, neg         string
	posFits, negFits bool
	kept             []bool
}

// write returns the patterns that keep just the tags kept. It fails when neither fits.
func (s *synthesis) write(kept []bool) (pair, bool) {
	enforced := make([]bool, len(kept))
	for i, k := range kept {
		enforced[i] = !k
	}
	neg, pos := s.find(kept), s.find(enforced)
	p := pair{kept: kept, neg: s.clearer(neg, s.inverse(pos), kept), pos: s.clearer(pos, s.inverse(neg), enforced)}
	p.negFits, p.posFits = s.limits.admit(p.neg), s.limits.admit(p.pos)
	return p, p.negFits || p.posFits
}

// inverse is the pattern that is found where p is not.
func (s *synthesis) inverse(p string) string {
	if n, _, err := parse(p); err != nil || n.kind == kindAlternate {
		p = "(" + p + ")"
	}
	return "^(?!" + s.limits.anything + p + ")"
}

// clearer returns direct, or where that is much longer or exceeds the limits, inverse.
func (s *synthesis) clearer(direct, inverse string, wanted []bool) string {
	if (2*len(direct) > 3*len(inverse) || !s.limits.admit(direct)) && s.limits.admit(inverse) && s.exact(inverse, wanted) {
		return inverse
	}
	return direct
}

// exact proves that a pattern is found in just the wanted tags.
func (s *synthesis) exact(pattern string, wanted []bool) bool {
	d, err := Prove(Settings{Pos: &pattern}, s.tags, wanted)
	return err == nil && d.None()
}

// find writes a pattern that is found in just the wanted tags: the shortest of several plans, proven unless it exceeds the limits.
func (s *synthesis) find(marked []bool) string {
	switch {
	case !slices.Contains(marked, true):
		return `(?!)`
	case !slices.Contains(marked, false):
		return s.limits.everything()
	}
	best := ""
	try := func(p string) bool {
		better := (best == "" || len(p) < len(best)) && s.limits.admit(p) && s.exact(p, marked)
		if better {
			best = p
		}
		return better
	}
	plan := s.newPlan(marked, nil)
	_ = try(plan.pattern("")) || try(plan.pattern("[@,]"))
	if types := s.wholeTypes(marked); len(types) > 0 {
		plan = s.newPlan(marked, types)
		_ = try(plan.pattern("")) || try(plan.pattern("[@,]"))
	}
	if best != "" || try(s.anchored(marked)) {
		return best
	}
	return s.list(marked)
}

// list is the pattern that names every tag in full.
func (s *synthesis) list(marked []bool) string {
	var list []string
	for i, tag := range s.tags {
		if marked[i] {
			list = append(list, quote(tag))
		}
	}
	return "^" + alternatives(list) + "$"
}

// anchored is the pattern that names tags from their begin on, types included.
func (s *synthesis) anchored(marked []bool) string {
	t := &tree{}
	for i, tag := range s.tags {
		if marked[i] {
			t.insert(tag, wanted)
		} else {
			t.insert(tag, forbidden)
		}
	}
	return "^" + newShaper().shape(t, true).pattern([]string{"$"})
}
