package bisect

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"

	"halfway/engine"
)

// maxGroups bounds the groups that are probed, two probes each; fewGroups where few probes are asked for or worth making, and before the culprit set
// is known.
const (
	maxGroups = 24
	fewGroups = 6
)

func (s *search) maxGroups() int {
	if s.patient && s.Exhaustive != Never {
		return maxGroups
	}
	return fewGroups
}

// A group is the units that share a role, a type or a block.
type group struct {
	by, name       string
	units          []int
	alone, without *outcome // nil until probed
}

func (g *group) set() engine.Set { return engine.SetOf(g.units...) }

// grouping lists the groups of at least two units and of at most three quarters of all: those of one role, or of modules of one role, then those of
// one type, then those of one block or module. Of groups with the same units only the first is listed. A unit is called after its head.
func grouping(sp *space) []*group {
	var all []*group
	seen := map[uint64]bool{}
	for _, by := range []struct {
		what  string
		names func(unit int) []string
	}{
		{"role", func(u int) []string { return append(modules(sp.roleOf[u]), sp.roleOf[u]) }},
		{"type", func(u int) []string { return []string{sp.candidates[sp.units[u].head].Type} }},
		{"block", sp.blocksOf},
	} {
		byName := map[string]*group{}
		var list []*group
		for u := range sp.units {
			for _, name := range by.names(u) {
				g := byName[name]
				if g == nil {
					g = &group{by: by.what, name: name}
					byName[name] = g
					list = append(list, g)
				}
				g.units = append(g.units, u)
			}
		}
		for _, g := range list {
			if n := len(g.units); g.name != "" && n > 1 && 4*n <= 3*len(sp.units) && !seen[g.hash()] {
				seen[g.hash()] = true
				all = append(all, g)
			}
		}
	}
	return all
}

// modules lists what stands before the separators of a name, the innermost first: the modules that it is in.
func modules(name string) []string {
	const most = 12 // names are free text
	var list []string
	for i := len(name) - 1; i > 0 && len(list) < most; i-- {
		if name[i] == '/' || name[i] == '.' {
			list = append(list, name[:i])
		}
	}
	return list
}

// blocksOf names the blocks of a unit: that of its name or of the graph, and the modules that its name is in.
func (sp *space) blocksOf(u int) []string {
	list := []string{sp.blockOf[u]}
	if sp.named {
		for _, m := range modules(sp.candidates[sp.units[u].head].Name) {
			if m != sp.blockOf[u] {
				list = append(list, m)
			}
		}
	}
	return list
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
	s.groups = slices.DeleteFunc(grouping(s.space), s.holdsAllLive())
	if s.result.First == nil || len(foretold{}.more(s, engine.Set{}, blamed{s.expected, s.full.ratio}, margin)) > 0 {
		return nil
	}
	u := s.unitOf[s.firstAt]
	var list []*group
	for _, g := range s.groups {
		if g.has(u) {
			list = append(list, g)
		}
	}
	return s.probeGroups(list, fewGroups)
}

// holdsAllLive tells the groups that hold more than three quarters of the units that do anything.
func (s *search) holdsAllLive() func(g *group) bool {
	live := engine.SetOf(s.live()...)
	n := live.Len()
	return func(g *group) bool {
		count := 0
		for _, u := range g.units {
			if live.Has(u) {
				count++
			}
		}
		return 4*count > 3*n
	}
}

func (g *group) has(u int) bool {
	_, ok := slices.BinarySearch(g.units, u)
	return ok
}

// harmless reports whether a larger group that holds g was found neither to break nor to repair: then g does not either.
func (s *search) harmless(g *group) bool {
	return slices.ContainsFunc(s.groups, func(larger *group) bool {
		return larger.without != nil && len(larger.units) > len(g.units) && larger.alone.Verdict == Pass && larger.without.Verdict.Bad() &&
			!slices.ContainsFunc(g.units, func(u int) bool { return !larger.has(u) })
	})
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
	if err := s.probeGroups(list, s.maxGroups()-s.grouped); err != nil {
		return err
	}
	if err := s.probeGroups(s.combinations(list), together); err != nil {
		return err
	}
	s.explain()
	return nil
}

// probeGroups measures each group enforced alone, and everything without it, and reports those that break or repair. It leaves out what
// exceeds the bound.
func (s *search) probeGroups(list []*group, most int) error {
	list = slices.DeleteFunc(slices.Clone(list), func(g *group) bool { return g.without != nil })
	list = list[:min(len(list), most)]
	s.enter(StageGroups, 2*len(list))
	for _, g := range list {
		if s.harmless(g) {
			continue
		}
		s.grouped++
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

// littleMore is how many times the units of the culprit set a group may have and still be the better thing to say. A group with more than
// nearlyAll of the work, where the culprits have less, is no repair but the model in f32.
const (
	littleMore = 3
	nearlyAll  = 0.9
)

// explains reports whether g, kept in f32, repairs at little more cost than the culprit set.
func (s *search) explains(g *group) bool {
	return g.without != nil && g.without.Verdict == Pass && len(g.units) <= littleMore*s.best.Len()
}

// explain puts those groups first that explain the break: a person rather hears of one role than of many nodes. Of these the one with the fewest
// units comes first.
func (s *search) explain() {
	price := map[string]int{}
	whole := map[string]bool{}
	least := s.share(*s.best)
	for _, g := range s.groups {
		key := g.by + " " + g.name
		if s.explains(g) {
			price[key] = len(g.units)
		}
		whole[key] = g.without != nil && g.without.Verdict == Pass && least <= nearlyAll && s.share(g.set()) > nearlyAll
	}
	list := slices.DeleteFunc(s.result.Groups, func(g Group) bool { return whole[g.By+" "+g.Name] })
	slices.SortStableFunc(list, func(a, b Group) int {
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
	s.result.Groups = list
}
