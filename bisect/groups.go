package bisect

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"

	"halfway/engine"
)

// maxGroups bounds the groups that are probed, two probes each.
const maxGroups = 24

// A group is the units that share a role, a type or a block.
type group struct {
	by, name       string
	units          []int
	alone, without *outcome // nil until probed
}

func (g *group) set() engine.Set { return engine.SetOf(g.units...) }

// grouping lists the groups of at least two units that are not the whole universe, in the order of their first unit; roles before types
// before blocks, and of groups with the same units only the first. A unit is called after its head.
func grouping(sp *space) []*group {
	var all []*group
	seen := map[uint64]bool{}
	for _, by := range []struct {
		what string
		name func(unit int) string
	}{
		{"role", func(u int) string { return sp.roleOf[u] }},
		{"type", func(u int) string { return sp.candidates[sp.units[u].head].Type }},
		{"block", func(u int) string { return sp.blockOf[u] }},
	} {
		byName := map[string]*group{}
		var list []*group
		for u := range sp.units {
			name := by.name(u)
			if name == "" {
				continue
			}
			g := byName[name]
			if g == nil {
				g = &group{by: by.what, name: name}
				byName[name] = g
				list = append(list, g)
			}
			g.units = append(g.units, u)
		}
		for _, g := range list {
			if n := len(g.units); n > 1 && n < len(sp.units) && !seen[g.hash()] {
				seen[g.hash()] = true
				all = append(all, g)
			}
		}
	}
	return all
}

// hash tells groups of other units apart, but for accidents that cost a group its place in the list.
func (g *group) hash() uint64 {
	h := fnv.New64a()
	for _, u := range g.units {
		fmt.Fprintf(h, "%d,", u)
	}
	return h.Sum64()
}

// groupsOfFirst probes the groups that the first node belongs to: often the answer is a module of every layer rather than one node.
func (s *search) groupsOfFirst() error {
	s.groups = grouping(s.space)
	if s.result.First == nil {
		return nil
	}
	u := s.unitOf[s.firstAt]
	var list []*group
	for _, g := range s.groups {
		if _, ok := slices.BinarySearch(g.units, u); ok {
			list = append(list, g)
		}
	}
	return s.probeGroups(list)
}

// groupsOfCulprits probes the groups that the culprits belong to, those first that hold most of them and least else.
func (s *search) groupsOfCulprits() error {
	if s.best == nil {
		return nil
	}
	shared := map[*group]int{}
	var list []*group
	for _, g := range s.groups {
		for _, u := range g.units {
			if s.best.Has(u) {
				shared[g]++
			}
		}
		if shared[g] > 0 {
			list = append(list, g)
		}
	}
	slices.SortStableFunc(list, func(a, b *group) int {
		return cmp.Or(cmp.Compare(shared[b], shared[a]), cmp.Compare(len(a.units), len(b.units)))
	})
	if err := s.probeGroups(list); err != nil {
		return err
	}
	s.explain()
	return nil
}

// probeGroups measures each group enforced alone, and everything without it, and reports those that break or repair. It leaves out what
// exceeds maxGroups.
func (s *search) probeGroups(list []*group) error {
	list = slices.DeleteFunc(list, func(g *group) bool { return g.without != nil })
	list = list[:min(len(list), maxGroups-s.grouped)]
	s.grouped += len(list)
	s.enter(StageGroups, 2*len(list))
	for _, g := range list {
		units := g.set()
		if err := s.expect(s.members(units), s.enforced(units)); err != nil {
			return err
		}
		alone, err := s.measure(s.members(units))
		if err != nil {
			return err
		}
		without, err := s.measure(s.enforced(units))
		if err != nil {
			return err
		}
		g.alone, g.without = &alone, &without
		if alone.Verdict.Bad() || without.Verdict == Pass {
			s.result.Groups = append(s.result.Groups, s.describeGroup(g))
		}
	}
	return nil
}

func (s *search) describeGroup(g *group) Group {
	r := Group{By: g.by, Name: g.name, Candidates: []int{}, Alone: &g.alone.Probe, Without: &g.without.Probe}
	for _, p := range s.members(g.set()).Positions() {
		r.Candidates = append(r.Candidates, s.candidates[p].Index)
	}
	return r
}

// littleMore is how many times the work of the culprit set a group may keep in f32 and still be the better thing to say.
const littleMore = 2

// explain puts those groups first that, kept in f32, repair at little more cost than the culprit set: a person rather hears of one role than
// of many nodes. Of these the one with the fewest units comes first.
func (s *search) explain() {
	price := map[string]int{}
	for _, g := range s.groups {
		if g.without != nil && g.without.Verdict == Pass && len(g.units) <= littleMore*s.best.Len() {
			price[g.by+" "+g.name] = len(g.units)
		}
	}
	slices.SortStableFunc(s.result.Groups, func(a, b Group) int {
		x, explains := price[a.By+" "+a.Name]
		y, too := price[b.By+" "+b.Name]
		switch {
		case explains && too:
			return cmp.Compare(x, y)
		case explains:
			return -1
		case too:
			return 1
		}
		return 0
	})
}
