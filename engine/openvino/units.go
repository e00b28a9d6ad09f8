package openvino

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"halfway/engine"
	"halfway/engine/graph"
)

// A row is a node of the execution graph.
type row struct {
	layers    string // the nodes that it executes, joined by commas, the head first
	kind      string
	precision string
	outputs   []string
}

func (r *row) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&r.layers, &r.kind, &r.precision, &r.outputs})
}

// reduced reports whether r runs in bf16. Of a Subgraph that normalises its inputs only the outputs tell.
func (r *row) reduced() bool {
	return r.precision == "bf16" || r.kind == "Subgraph" && slices.Contains(r.outputs, "bf16")
}

// units are which candidates execute as one, and how the execution graph shows them.
type units struct {
	candidates []engine.Candidate
	byFirst    map[string][][]string // names of nodes in their parts between commas, by the first part; the longest first
	names      map[string]int        // of what the execution graph may show: position of the candidate
	shown      engine.Set            // candidates whose precision it shows
	stubborn   bool                  // a node that bf16 kernels exist for computes in f32
}

// newUnits groups the candidates of x by the execution graph of a run with everything enforced.
func newUnits(x *exported, rows []row) *units {
	u := &units{candidates: slices.Clone(x.candidates), byFirst: map[string][][]string{}, names: map[string]int{}, shown: engine.NewSet(len(x.candidates))}
	for name, nodes := range x.names {
		parts := strings.Split(name, ",")
		u.byFirst[parts[0]] = append(u.byFirst[parts[0]], parts)
		if at, ok := x.position[nodes[0]]; ok && len(nodes) == 1 {
			u.names[name] = at
		}
	}
	for _, names := range u.byFirst {
		slices.SortFunc(names, func(a, b []string) int { return len(b) - len(a) })
	}
	for _, r := range rows {
		u.join(x, u.members(r.layers), r)
	}
	return u
}

// join makes a unit of the nodes that r executes.
func (u *units) join(x *exported, members []string, r row) {
	if len(members) == 0 {
		return
	}
	if at, ok := u.names[members[0]]; ok && r.reduced() {
		u.shown.Add(at)
	} else if ok && r.precision == "f32" {
		u.stubborn = u.stubborn || slices.Contains([]string{"Convolution", "FullyConnected", "MatMul"}, u.candidates[at].Type)
	}
	unit := graph.Unit{}
	for _, name := range members {
		unit.Members = append(unit.Members, x.names[name][0])
	}
	head := -1
	for _, n := range unit.Members {
		at, ok := x.position[n]
		if !ok || len(x.names[n.Listed()]) > 1 {
			continue
		}
		if head < 0 {
			head = at
		}
		u.candidates[at].Unit = head
		if graph.IsResidualSum(n, unit) && n != unit.Members[0] {
			u.candidates[head].Closure = append(u.candidates[head].Closure, at)
		}
	}
}

// members splits a list of names, some of which hold commas themselves. What is no node's name, such as constants that were folded, is left out.
func (u *units) members(list string) []string {
	var names []string
	for parts := strings.Split(list, ","); len(parts) > 0; {
		n := 1
		for _, name := range u.byFirst[parts[0]] {
			if len(name) <= len(parts) && slices.Equal(name, parts[:len(name)]) {
				names = append(names, strings.Join(name, ","))
				n = len(name)
				break
			}
		}
		parts = parts[n:]
	}
	return names
}

// enforced is set, corrected by what the execution graph shows.
func (u *units) enforced(set engine.Set, rows []row) engine.Set {
	r := set.Clone()
	for _, row := range rows {
		members := u.members(row.layers)
		if len(members) == 0 {
			continue
		}
		at, ok := u.names[members[0]]
		switch {
		case !ok || !u.shown.Has(at):
		case row.reduced():
			r.Add(at)
		default:
			r.Remove(at)
		}
	}
	return r
}

// warnings say how much of the list the execution graph confirms.
func (u *units) warnings() []string {
	unseen := 0
	for p, c := range u.candidates {
		if c.Unit == p && !u.shown.Has(p) {
			unseen++
		}
	}
	if unseen == 0 {
		return nil
	}
	return []string{fmt.Sprintf("of %d units of nodes the execution graph does not show the precision of %d (merged into others, integer, without a bf16 "+
		"kernel, or in bodies): that they were kept is asked for, but unseen", u.count(), unseen)}
}

func (u *units) count() int {
	n := 0
	for p, c := range u.candidates {
		if c.Unit == p {
			n++
		}
	}
	return n
}
