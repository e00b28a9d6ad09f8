package report

import (
	"fmt"
	"slices"
	"strings"

	"halfway/bisect"
)

// maxGroups is how many groups are shown.
const maxGroups = 5

// groups shows which modules, types and blocks repair the network when they are kept in f32, or, where none does, break it by themselves.
func (t *text) groups() {
	repairs := func(g bisect.Group) bool { return g.Without != nil && g.Without.Verdict == bisect.Pass }
	title, list := "Groups that repair it when kept in f32", slices.DeleteFunc(slices.Clone(t.Groups), func(g bisect.Group) bool { return !repairs(g) })
	if len(list) == 0 {
		title, list = "Groups that break it by themselves", slices.Clone(t.Groups)
	}
	if len(list) == 0 {
		return
	}
	t.heading(title)
	slices.SortStableFunc(list, func(a, b bisect.Group) int { return len(a.Candidates) - len(b.Candidates) })
	rows := table{right: []bool{false, true}}
	for _, g := range list[:min(len(list), maxGroups)] {
		rows.add(t.groupName(g), count(len(g.Candidates), "node"), verdictOf(g.Alone)+" alone")
	}
	_ = rows.write(&t.page, "  ") // a Builder takes everything
	if more := len(list) - maxGroups; more > 0 {
		t.line(2, "and %d more, see --json", more)
	}
}

func verdictOf(p *bisect.Probe) string {
	if p == nil {
		return "was not measured"
	}
	return verdict(*p)
}

// groupName names a group in a person's words.
func (t *text) groupName(g bisect.Group) string {
	switch g.By {
	case "type":
		return "every " + Printable(g.Name)
	case "block":
		return "all of " + withoutRoots(g.Name)
	}
	if strings.Contains(g.Name, together) {
		return withoutRoots(g.Name)
	}
	members, whole := map[int]bool{}, false
	for _, index := range g.Candidates {
		members[index] = true
	}
	var positions []int
	for p, c := range t.options.Candidates {
		if members[c.Index] {
			positions = append(positions, p)
			whole = whole || c.Role != g.Name
		}
	}
	list := gather(t.options.Candidates, positions)
	switch {
	case len(list) != 1:
		return withoutRoots(g.Name)
	case whole:
		return Printable(list[0].title)
	}
	return Printable(strings.Join(append(list[0].parts, list[0].title), " in "))
}

// together joins the names of groups that are meant together.
const together = " and "

// withoutRoots is a group's name without what all names of a traced model begin with.
func withoutRoots(name string) string {
	names := strings.Split(name, together)
	for i := range names {
		names[i] = strings.TrimPrefix(names[i], root)
	}
	return Printable(strings.Join(names, together))
}

// kept lists the nodes to keep in f32, module by module.
func (t *text) kept() {
	if len(t.KeepF32) == 0 {
		return
	}
	t.heading(fmt.Sprintf("Keep in f32: %s", count(len(t.KeepF32), "node")))
	kept := keptNodes(t.Result)
	var positions []int
	for p, c := range t.options.Candidates {
		if _, ok := kept[node{c.Graph, c.Index}]; ok {
			positions = append(positions, p)
		}
	}
	for _, g := range gather(t.options.Candidates, positions) {
		t.paragraph(2, 4, Printable(g.String()))
	}
	if t.options.Candidates == nil {
		t.keptTags()
	}
}

// maxTags is how many nodes are listed one by one.
const maxTags = 40

// keptTags lists them one by one, where the other candidates are not known.
func (t *text) keptTags() {
	for _, k := range t.KeepF32[:min(len(t.KeepF32), maxTags)] {
		t.line(2, "%s", Printable(k.Tag))
	}
	if more := len(t.KeepF32) - maxTags; more > 0 {
		t.line(2, "and %d more, see --json", more)
	}
}
