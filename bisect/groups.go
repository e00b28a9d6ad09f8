package bisect

import (
	"cmp"
	"slices"

	"halfway/engine"
	"halfway/patterns"
)

// maxGroups bounds the groups that are probed, two probes each.
const maxGroups = 24

// A group is the units that share a role, a type or a block.
type group struct {
	by, name       string
	units          engine.Set
	size           int
	alone, without *outcome // nil until probed
}

// grouping lists the groups of at least two units that are not the whole universe, in the order of their first unit; roles before types
// before blocks, and of groups with the same units only the first. A unit is called after its head.
func grouping(sp *space) []*group {
	var all []*group
	seen := map[string]bool{}
	for _, by := range []struct {
		what string
		name func(engine.Candidate) string
	}{
		{"role", func(c engine.Candidate) string { return c.Role }},
		{"type", func(c engine.Candidate) string { return c.Type }},
		{"block", func(c engine.Candidate) string { return patterns.Block(c.Name) }},
	} {
		byName := map[string]*group{}
		var list []*group
		for u, unit := range sp.units {
			name := by.name(sp.candidates[unit.head])
			if name == "" {
				continue
			}
			g := byName[name]
			if g == nil {
				g = &group{by: by.what, name: name}
				byName[name] = g
				list = append(list, g)
			}
			g.units.Add(u)
			g.size++
		}
		for _, g := range list {
			if key := g.units.String(); g.size > 1 && g.size < len(sp.units) && !seen[key] {
				seen[key] = true
				all = append(all, g)
			}
		}
	}
	return all
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
		if g.units.Has(u) {
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
	shared := func(g *group) int { return g.units.Intersect(*s.best).Len() }
	var list []*group
	for _, g := range s.groups {
		if shared(g) > 0 {
			list = append(list, g)
		}
	}
	slices.SortStableFunc(list, func(a, b *group) int {
		return cmp.Or(cmp.Compare(shared(b), shared(a)), cmp.Compare(a.size, b.size))
	})
	return s.probeGroups(list)
}

// probeGroups measures each group enforced alone, and everything without it, and reports those that break or repair. It leaves out what
// exceeds maxGroups.
func (s *search) probeGroups(list []*group) error {
	list = slices.DeleteFunc(list, func(g *group) bool { return g.without != nil })
	list = list[:min(len(list), maxGroups-s.grouped)]
	s.grouped += len(list)
	s.enter(StageGroups, 2*len(list))
	for _, g := range list {
		alone, err := s.measure(s.members(g.units))
		if err != nil {
			return err
		}
		without, err := s.measure(s.enforced(g.units))
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
	for _, p := range s.members(g.units).Positions() {
		r.Candidates = append(r.Candidates, s.candidates[p].Index)
	}
	return r
}
