package report

import (
	"math"
	"strings"

	"halfway/bisect"
	"halfway/compare"
)

type (
	// htmlMap shows blocks against roles.
	htmlMap struct {
		Note  string // what is left out
		Heads []htmlHead
		Rows  []htmlRow
	}
	htmlHead struct {
		Name, Title string
		Alone       htmlHeat
	}
	htmlRow struct {
		htmlHead
		Cells []htmlCell
	}
	// htmlCell are the nodes of one block and one role.
	htmlCell struct {
		Alone    htmlHeat // the worst of them
		Expected bool     // Alone was not run: it is what is expected of them
		Without  string
		Nodes    int
		Kept     bool
	}
)

// The most that a person can look at.
const (
	maxMapColumns = 40
	maxMapRows    = 200
)

// newHTMLMap is nil where the names, or the graph, tell no blocks of which two have a role in common, or nothing is known of the nodes.
func newHTMLMap(r *bisect.Result) *htmlMap {
	blocks, roles := layers(r.Nodes)
	if len(blocks) < 2 || len(roles) == 0 {
		return nil
	}
	m := &htmlMap{}
	if len(blocks) > maxMapRows || len(roles) > maxMapColumns {
		m.Note = "Only the first blocks and roles are shown."
	}
	blocks, roles = blocks[:min(len(blocks), maxMapRows)], roles[:min(len(roles), maxMapColumns)]
	cells := map[[2]string][]bisect.Node{}
	for _, n := range r.Nodes {
		k := [2]string{n.Block, n.Role}
		cells[k] = append(cells[k], n)
	}
	kept := keptNodes(r)
	stem := commonPath(roles)
	for _, role := range roles {
		m.Heads = append(m.Heads, htmlHead{Printable(short(strings.Trim(strings.TrimPrefix(role[len(stem):], `(\d+)`), "./"))), Printable(role), groupHeat(r, "role", role)})
	}
	for _, block := range blocks {
		row := htmlRow{htmlHead: htmlHead{Printable(strings.TrimPrefix(block, root)), Printable(block), groupHeat(r, "block", block)}}
		for _, role := range roles {
			row.Cells = append(row.Cells, newHTMLCell(cells[[2]string{block, role}], kept))
		}
		m.Rows = append(m.Rows, row)
	}
	return m
}

// layers lists the blocks, and the roles that two blocks have and of which something is known, in their order.
func layers(nodes []bisect.Node) (blocks, roles []string) {
	known, in := map[string]bool{}, map[string]string{}
	shared, told := map[string]bool{}, map[string]bool{}
	for _, n := range nodes {
		if n.Block == "" {
			continue
		}
		if !known[n.Block] {
			known[n.Block], blocks = true, append(blocks, n.Block)
		}
		told[n.Role] = told[n.Role] || n.Alone != nil || n.Without != nil || n.Expected != nil && *n.Expected > 0
		first, seen := in[n.Role]
		switch {
		case !seen:
			in[n.Role], roles = n.Block, append(roles, n.Role)
		case first != n.Block:
			shared[n.Role] = true
		}
	}
	var list []string
	for _, role := range roles {
		if shared[role] && told[role] {
			list = append(list, role)
		}
	}
	return blocks, list
}

// commonPath is what all paths begin with, up to a separator.
func commonPath(list []string) string {
	stem := list[0]
	for _, path := range list {
		for !strings.HasPrefix(path, stem) {
			stem = stem[:len(stem)-1]
		}
	}
	return stem[:strings.LastIndexAny(stem, "./")+1]
}

// groupHeat is the error of a whole group, if that was run.
func groupHeat(r *bisect.Result, by, name string) htmlHeat {
	for _, g := range r.Groups {
		if g.By == by && g.Name == name {
			return heatOf(r, g.Alone)
		}
	}
	return htmlHeat{}
}

// keptNodes has the graph and index of each node that is kept in f32.
func keptNodes(r *bisect.Result) map[node]bisect.Kept {
	kept := map[node]bisect.Kept{}
	for _, k := range r.KeepF32 {
		kept[node{k.Graph, k.Index}] = k
	}
	return kept
}

// A node is what tells candidates apart.
type node struct {
	graph string
	index int
}

func newHTMLCell(nodes []bisect.Node, kept map[node]bisect.Kept) htmlCell {
	c := htmlCell{Nodes: len(nodes)}
	alone, without, expected := math.NaN(), math.NaN(), 0.0
	for _, n := range nodes {
		if _, ok := kept[node{n.Graph, n.Index}]; ok {
			c.Kept = true
		}
		alone, without = larger(alone, n.Alone), larger(without, n.Without)
		if n.Expected != nil {
			expected += float64(*n.Expected) * float64(*n.Expected)
		}
	}
	switch {
	case !math.IsNaN(alone):
		c.Alone = heat(alone, bisect.Pass)
	case expected > 0:
		c.Alone, c.Expected = heat(math.Sqrt(expected), bisect.Pass), true
	}
	if !math.IsNaN(without) {
		c.Without = heat(without, bisect.Pass).Text
	}
	return c
}

// larger is the larger of a number and one that may be unknown; NaN where neither is known.
func larger(a float64, b *compare.Value) float64 {
	if b == nil || a >= float64(*b) {
		return a
	}
	return float64(*b)
}
