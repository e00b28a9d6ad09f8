package patterns

import (
	"slices"
	"strings"
)

// A group is tags that are kept together when the exact set can't be written.
type group struct {
	members []int
	kept    int // how many of them are to be kept
	saved   int // bytes of their names
}

// widen returns the patterns of a superset of what is to be kept, the nearest that fits by these rules: tags are grouped by type and role,
// then by role, by the first modules of it, ever fewer, by type, and together; the first grouping that fits when every group is kept as a
// whole of which any tag is kept, is taken back group by group, those first that add most for what they save.
func (s *synthesis) widen() (pair, bool) {
	for _, key := range s.groupings() {
		groups := s.group(key)
		if p, ok := s.write(s.widened(groups)); ok {
			return s.narrow(groups, p), true
		}
	}
	return pair{}, false
}

// groupings lists the keys to group tags by, from fine to coarse.
func (s *synthesis) groupings() []func(tag string) string {
	keys := []func(string) string{
		Role,
		func(tag string) string { return Role(tag[len(TypeOf(tag)):]) },
	}
	for depth := 16; depth > 0; depth /= 2 {
		keys = append(keys, func(tag string) string {
			modules := tokens(Role(tag[len(TypeOf(tag)):]))
			return strings.Join(modules[:min(depth, len(modules))], "")
		})
	}
	return append(keys, TypeOf, func(string) string { return "" })
}

// group returns the groups of a key that hold something to keep and something else, those first that add least for what they save.
func (s *synthesis) group(key func(string) string) []*group {
	byKey := map[string]*group{}
	var list []*group
	for i, tag := range s.tags {
		k := key(tag)
		g := byKey[k]
		if g == nil {
			g = &group{}
			byKey[k] = g
			list = append(list, g)
		}
		g.members = append(g.members, i)
		if s.keep[i] {
			g.kept++
			g.saved += len(tag)
		}
	}
	list = slices.DeleteFunc(list, func(g *group) bool { return g.kept == 0 || g.kept == len(g.members) })
	slices.SortStableFunc(list, func(a, b *group) int {
		return (len(a.members)-a.kept)*b.saved - (len(b.members)-b.kept)*a.saved
	})
	return list
}

// widened is what is kept with all of the groups.
func (s *synthesis) widened(groups []*group) []bool {
	kept := slices.Clone(s.keep)
	for _, g := range groups {
		for _, i := range g.members {
			kept[i] = true
		}
	}
	return kept
}

// narrow returns the patterns of the fewest first groups that fit, as bisection finds them; all is what all of them give.
func (s *synthesis) narrow(groups []*group, all pair) pair {
	lo, hi := 0, len(groups) // lo does not fit, hi does
	for hi-lo > 1 {
		mid := (lo + hi) / 2
		if p, ok := s.write(s.widened(groups[:mid])); ok {
			hi, all = mid, p
		} else {
			lo = mid
		}
	}
	return all
}
