package bisect

import (
	"slices"
	"strings"

	"halfway/engine"
)

// together is how many groups may be named together.
const together = 3

// combinations joins two or three groups of one kind that hold all culprits at little more cost, such as both norms of every layer, and at less
// than a group that does so by itself. It adds them to the groups. list has the groups that hold some of the culprits.
func (s *search) combinations(list []*group) []*group {
	var found []*group
	least := len(s.units)
	for _, g := range s.groups {
		if s.explains(g) {
			least = min(least, len(g.units))
		}
	}
	for _, by := range []string{"role", "type", "block"} {
		g := s.cover(slices.DeleteFunc(slices.Clone(list), func(g *group) bool { return g.by != by }))
		if g != nil && len(g.units) < least && !s.holdsAllLive()(g) {
			found = append(found, g)
		}
	}
	s.groups = append(s.groups, found...)
	return found
}

// cover joins groups until they hold all culprits, always the one with the fewest other units for each culprit that it adds; nil where that takes
// one group only, or too many, or too many units.
func (s *search) cover(list []*group) *group {
	var chosen []*group
	var units engine.Set
	for open := s.best.Clone(); open.Len() > 0; open = s.best.Minus(units) {
		var next *group
		best := 0.0
		for _, g := range list {
			more := g.set().Minus(units)
			culprits := more.Intersect(open).Len()
			if worth := float64(culprits) / float64(max(more.Len(), 1)); culprits > 0 && (worth > best || worth == best && len(g.units) > len(next.units)) {
				next, best = g, worth
			}
		}
		if next == nil || len(chosen) == together {
			return nil
		}
		chosen, units = append(chosen, next), units.Union(next.set())
	}
	if len(chosen) < 2 || units.Len() > littleMore*s.best.Len() {
		return nil
	}
	var names []string
	for _, g := range chosen {
		names = append(names, g.name)
	}
	return &group{by: chosen[0].by, name: strings.Join(names, " and "), units: units.Positions()}
}
