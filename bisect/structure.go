package bisect

import (
	"fmt"
	"hash/fnv"
	"slices"
)

// telling is the share of units whose names must say more than their type to be of use.
const telling = 0.25

// nameGroups fills in the role and the block of every unit: those of the names, or, where names are serial numbers, those of the graph.
func (sp *space) nameGroups(block func(name string) string) {
	sp.roleOf, sp.blockOf = make([]string, len(sp.units)), make([]string, len(sp.units))
	for u, unit := range sp.units {
		c := sp.candidates[unit.head]
		sp.roleOf[u], sp.blockOf[u] = c.Role, block(c.Name)
	}
	if sp.named = sp.namesTell(); sp.named {
		return
	}
	labels := sp.labels()
	sp.roleOf = sp.structuralRoles(labels)
	sp.blockOf = periods(labels)
}

// namesTell reports whether enough units have a block, or a role that they share with others, but not with all of their type.
func (sp *space) namesTell() bool {
	roles, types := map[string]int{}, map[string]int{}
	for u, unit := range sp.units {
		roles[sp.roleOf[u]]++
		types[sp.candidates[unit.head].Type]++
	}
	n := 0
	for u, unit := range sp.units {
		if r := roles[sp.roleOf[u]]; r > 1 && r < types[sp.candidates[unit.head].Type] || sp.blockOf[u] != "" {
			n++
		}
	}
	return float64(n) >= telling*float64(len(sp.units))
}

// labels tells units apart by type, shape and those of their neighbours up to two edges away, as Weisfeiler and Lehman colour graphs: the same
// module of every layer has the same labels, but for those at its ends.
func (sp *space) labels() []uint64 {
	labels := make([]uint64, len(sp.units))
	for u, unit := range sp.units {
		c := sp.candidates[unit.head]
		labels[u] = hashOf(c.Type, c.Shape, unit.macs, len(unit.members))
	}
	from, by := sp.neighbours()
	for range 2 {
		next := make([]uint64, len(labels))
		for u := range labels {
			next[u] = hashOf(labels[u], colours(labels, from[u]), colours(labels, by[u]))
		}
		labels = next
	}
	return labels
}

// neighbours lists by unit the units that it reads from, and those that it is read by.
func (sp *space) neighbours() (from, by [][]int) {
	from, by = make([][]int, len(sp.units)), make([][]int, len(sp.units))
	for u, unit := range sp.units {
		for _, p := range unit.members {
			for _, q := range sp.candidates[p].Preds {
				if v := sp.unitOf[q]; v >= 0 && v != u {
					from[u], by[v] = append(from[u], v), append(by[v], u)
				}
			}
		}
	}
	return from, by
}

func colours(labels []uint64, units []int) []uint64 {
	c := make([]uint64, len(units))
	for i, u := range units {
		c[i] = labels[u]
	}
	slices.Sort(c)
	return c
}

func hashOf(parts ...any) uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, parts...)
	return h.Sum64()
}

// structuralRoles names units of one label alike: "MatMul (3)" is the third kind of MatMul in counting order.
func (sp *space) structuralRoles(labels []uint64) []string {
	roles := make([]string, len(labels))
	names, kinds := map[uint64]string{}, map[string]int{}
	for u, label := range labels {
		if names[label] == "" {
			t := sp.candidates[sp.units[u].head].Type
			kinds[t]++
			names[label] = fmt.Sprintf("%s (%d)", t, kinds[t])
		}
		roles[u] = names[label]
	}
	return roles
}

// periods finds the longest stretch in which labels repeat with one period, and names its repetitions "repetition 1", ...; all else has no
// name. The period is the commonest distance between a label and its next occurrence.
func periods(labels []uint64) []string {
	names := make([]string, len(labels))
	period := commonestGap(labels)
	if period < 2 {
		return names
	}
	start, length := 0, 0
	for i, run := 0, 0; i+period < len(labels); i++ {
		if run++; labels[i] != labels[i+period] {
			run = 0
		}
		if run > length {
			start, length = i-run+1, run
		}
	}
	if length < period {
		return names
	}
	for i := start; i < start+length+period; i++ {
		names[i] = fmt.Sprintf("repetition %d", (i-start)/period+1)
	}
	return names
}

// commonestGap is the commonest distance of two successive equal labels, the smallest of several; 0 when none is equal.
func commonestGap(labels []uint64) int {
	last, count := map[uint64]int{}, map[int]int{}
	for i, label := range labels {
		if j, ok := last[label]; ok {
			count[i-j]++
		}
		last[label] = i
	}
	best := 0
	for gap, n := range count {
		if n > count[best] || n == count[best] && gap < best {
			best = gap
		}
	}
	return best
}
