package report

import (
	"fmt"
	"slices"

	"halfway/bisect"
)

type (
	// htmlMap shows blocks against roles.
	htmlMap struct {
		Columns []htmlGroup
		Rows    []htmlRow
	}
	htmlRow struct {
		htmlGroup
		Cells []htmlHeat
	}
)

// The most that a person can look at.
const (
	maxMapColumns = 12
	maxMapRows    = 200
)

// newHTMLMap is nil where the result has no groups of both kinds.
func newHTMLMap(r *bisect.Result) *htmlMap {
	blocks, roles := groupsBy(r, "block", maxMapRows), groupsBy(r, "role", maxMapColumns)
	if len(blocks) == 0 || len(roles) == 0 {
		return nil
	}
	kept := map[int]bool{}
	for _, k := range r.KeepF32 {
		kept[k.Index] = true
	}
	m := &htmlMap{}
	for _, role := range roles {
		m.Columns = append(m.Columns, htmlGroup{Name: Printable(role.Name), Alone: heatOf(r, role.Alone)})
	}
	for _, block := range blocks {
		row := htmlRow{htmlGroup: htmlGroup{Name: Printable(block.Name), Alone: heatOf(r, block.Alone)}}
		for _, role := range roles {
			row.Cells = append(row.Cells, cell(block.Candidates, role.Candidates, kept))
		}
		m.Rows = append(m.Rows, row)
	}
	return m
}

func groupsBy(r *bisect.Result, by string, most int) (list []bisect.Group) {
	for _, g := range r.Groups {
		if g.By == by && len(list) < most {
			list = append(list, g)
		}
	}
	slices.SortStableFunc(list, func(a, b bisect.Group) int {
		return slices.Min(append(a.Candidates, 1<<30)) - slices.Min(append(b.Candidates, 1<<30))
	})
	return list
}

// cell counts the nodes that are in both lists.
func cell(block, role []int, kept map[int]bool) htmlHeat {
	in := map[int]bool{}
	for _, i := range block {
		in[i] = true
	}
	both, keep := 0, 0
	for _, i := range role {
		if in[i] {
			both++
			if kept[i] {
				keep++
			}
		}
	}
	switch {
	case both == 0:
		return htmlHeat{}
	case keep == 0:
		return htmlHeat{Text: fmt.Sprint(both)}
	}
	return htmlHeat{fmt.Sprintf("%d, %d kept", both, keep), "h4"}
}
