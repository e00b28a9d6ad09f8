package patterns

import (
	"slices"
	"strings"
)

// A plan is how to find a set: by whole types, by names, and where nodes of one name but different types are to be told apart by both.
type plan struct {
	types []string          // all of whose tags are wanted
	names *shape            // of names whose tags agree
	typed map[string]*shape // by type, of the names whose tags don't agree
	order []string          // the types of typed
}

// newPlan plans for the tags marked. The types given are named as such.
func (s *synthesis) newPlan(marked []bool, types []string) *plan {
	p := &plan{typed: map[string]*shape{}, types: types}
	whole := map[string]bool{}
	for _, t := range types {
		whole[t] = true
	}
	split := s.splitNames(marked)
	names, typed := &tree{}, map[string]*tree{}
	for i, tag := range s.tags {
		t, name, _ := strings.Cut(tag, "@")
		switch {
		case whole[t]:
			names.insert(name, free)
		case split[name] && marked[i]:
			if typed[t] == nil {
				typed[t] = &tree{}
				p.order = append(p.order, t)
			}
			names.insert(name, forbidden)
		case marked[i]:
			names.insert(name, wanted)
		default:
			names.insert(name, forbidden)
		}
	}
	for i, tag := range s.tags {
		t, name, _ := strings.Cut(tag, "@")
		if tree := typed[t]; tree != nil {
			tree.insert(name, typedMark(marked[i], split[name]))
		}
	}
	shaper := newShaper()
	p.names = shaper.shape(names, true)
	for _, t := range p.order {
		p.typed[t] = shaper.shape(typed[t], false)
	}
	return p
}

func typedMark(marked, split bool) mark {
	switch {
	case !marked:
		return forbidden
	case split:
		return wanted
	}
	return free
}

// wholeTypes returns the types of which every tag is marked, and which have at least two.
func (s *synthesis) wholeTypes(marked []bool) []string {
	total, wanted := map[string]int{}, map[string]int{}
	var order []string
	for i, tag := range s.tags {
		t := TypeOf(tag)
		if total[t]++; total[t] == 1 {
			order = append(order, t)
		}
		if marked[i] {
			wanted[t]++
		}
	}
	return slices.DeleteFunc(order, func(t string) bool { return wanted[t] < total[t] || total[t] == 1 || t == "" })
}

// splitNames returns the names of which some tags are marked and some are not.
func (s *synthesis) splitNames(marked []bool) map[string]bool {
	seen, split := map[string]bool{}, map[string]bool{}
	for i, tag := range s.tags {
		_, name, _ := strings.Cut(tag, "@")
		if before, ok := seen[name]; ok && before != marked[i] {
			split[name] = true
		}
		seen[name] = marked[i]
	}
	return split
}

// ends are the ways in which a name ends in a tag: a merged node lists several names.
var ends = []string{",", "$"}

// pattern writes the plan. Names start behind start, or where it is empty anywhere.
func (p *plan) pattern(start string) string {
	var list []string
	if len(p.types) > 0 {
		quoted := make([]string, len(p.types))
		for i, t := range p.types {
			quoted[i] = quote(t)
		}
		list = append(list, "^"+alternatives(quoted)+"@")
	}
	if p.names != nil {
		list = append(list, start+p.names.pattern(ends))
	}
	for _, t := range p.order {
		list = append(list, "^"+quote(t)+"@"+p.typed[t].pattern(ends))
	}
	return strings.Join(list, "|")
}
