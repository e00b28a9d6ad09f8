package bisect

import (
	"fmt"
	"slices"

	"halfway/engine"
	"halfway/patterns"
)

// A space is what a search chooses from: the candidates that the universe admits, their order, and the units that they execute as.
// Sets named keep are sets of units by their place in units; all other sets are sets of candidates by position.
type space struct {
	candidates []engine.Candidate
	universe   engine.Set
	rank       []int        // by position: place among the universe's candidates of its graph, as CNT counts them; -1 outside
	at         [][]int      // by rank: the positions of that rank, one a graph
	prefixes   []engine.Set // every stride-th prefix: the ranks below stride*i
	units      []unit       // in the order of their first member
	unitOf     []int        // by position: place in units; -1 outside
	roleOf     []string     // by unit; see nameGroups
	blockOf    []string
	named      bool       // whether roles and blocks are those of the names
	singled    engine.Set // units that were looked at by themselves: members or enforced was asked of them alone
}

// A unit is the part of the nodes executed as one that lies in the universe.
type unit struct {
	head    int // position of the node that decides how it computes
	members []int
	macs    int64
	bytes   int64
}

// newSpace arranges candidates. Those that the settings universe do not admit stay f32.
func newSpace(candidates []engine.Candidate, universe patterns.Settings) (*space, error) {
	n := len(candidates)
	admitted, err := admit(candidates, universe)
	if err != nil {
		return nil, err
	}
	sp := &space{candidates: candidates, universe: engine.NewSet(n), rank: make([]int, n), unitOf: make([]int, n)}
	next, byHead := map[string]int{}, map[int]int{}
	for p, c := range candidates {
		sp.rank[p], sp.unitOf[p] = -1, -1
		if err := checkCandidate(c, p, n); err != nil {
			return nil, err
		}
		if !admitted[p] {
			continue
		}
		sp.universe.Add(p)
		sp.place(p, next[c.Graph])
		next[c.Graph]++
		u, ok := byHead[c.Unit]
		if !ok {
			u = len(sp.units)
			byHead[c.Unit] = u
			sp.units = append(sp.units, unit{head: c.Unit})
		}
		sp.join(p, u)
	}
	sp.nameGroups(patterns.Block)
	return sp, nil
}

func checkCandidate(c engine.Candidate, position, n int) error {
	for _, q := range slices.Concat([]int{c.Unit}, c.Closure, c.Preds) {
		if q < 0 || q >= n {
			return fmt.Errorf("the engine's candidate %d (%q) refers to candidate %d of %d", position, c.Tag, q, n)
		}
	}
	return nil
}

func (sp *space) place(p, rank int) {
	sp.rank[p] = rank
	if rank == len(sp.at) {
		sp.at = append(sp.at, nil)
	}
	sp.at[rank] = append(sp.at[rank], p)
}

func (sp *space) join(p, u int) {
	sp.unitOf[p] = u
	sp.units[u].members = append(sp.units[u].members, p)
	sp.units[u].macs += sp.candidates[p].MACs
	sp.units[u].bytes += sp.candidates[p].Bytes
}

// admit says which candidates settings enforce. Every graph is filtered and counted by itself.
func admit(candidates []engine.Candidate, s patterns.Settings) ([]bool, error) {
	admitted := make([]bool, len(candidates))
	var graphs []string
	positions := map[string][]int{}
	for p, c := range candidates {
		if positions[c.Graph] == nil {
			graphs = append(graphs, c.Graph)
		}
		positions[c.Graph] = append(positions[c.Graph], p)
	}
	for _, g := range graphs {
		tags := make([]string, len(positions[g]))
		for i, p := range positions[g] {
			tags[i] = candidates[p].Tag
		}
		selected, err := s.Select(tags)
		if err != nil {
			return nil, err
		}
		for i, p := range positions[g] {
			admitted[p] = selected[i]
		}
	}
	return admitted, nil
}

// stride is how far apart prefixes are remembered.
const stride = 256

// prefix is what CNT=k enforces under the universe's patterns: ranks 0..k of every graph.
func (sp *space) prefix(k int) engine.Set {
	end := min(k+1, len(sp.at))
	if len(sp.prefixes) == 0 {
		sp.prefixes = []engine.Set{engine.NewSet(len(sp.candidates))}
	}
	for n := len(sp.prefixes); n <= end/stride; n++ {
		sp.prefixes = append(sp.prefixes, sp.extend(sp.prefixes[n-1], (n-1)*stride, n*stride))
	}
	return sp.extend(sp.prefixes[end/stride], end/stride*stride, end)
}

// extend is a copy of s with the ranks from lo to below hi.
func (sp *space) extend(s engine.Set, lo, hi int) engine.Set {
	s = s.Clone()
	for _, positions := range sp.at[lo:max(lo, hi)] {
		for _, p := range positions {
			s.Add(p)
		}
	}
	return s
}

// last is the CNT that enforces the whole universe.
func (sp *space) last() int { return len(sp.at) - 1 }

// kept returns the candidates of the units keep, closed: with a node come those of its Closure. Those outside the universe are left out.
func (sp *space) kept(keep engine.Set) engine.Set {
	s := engine.NewSet(len(sp.candidates))
	var open []int
	add := func(p int) {
		if sp.universe.Has(p) && !s.Has(p) {
			s.Add(p)
			open = append(open, p)
		}
	}
	for _, u := range keep.Positions() {
		for _, p := range sp.units[u].members {
			add(p)
		}
	}
	for len(open) > 0 {
		p := open[len(open)-1]
		open = open[:len(open)-1]
		for _, q := range sp.candidates[p].Closure {
			add(q)
		}
	}
	return s
}

// enforced is the universe without the units keep.
func (sp *space) enforced(keep engine.Set) engine.Set {
	sp.single(keep)
	return sp.universe.Minus(sp.kept(keep))
}

// single notes a set of one unit.
func (sp *space) single(units engine.Set) {
	if units.Len() == 1 {
		sp.singled.Add(units.Positions()[0])
	}
}

// members returns the candidates of the units of a set, without closure.
func (sp *space) members(units engine.Set) engine.Set {
	sp.single(units)
	s := engine.NewSet(len(sp.candidates))
	for _, u := range units.Positions() {
		for _, p := range sp.units[u].members {
			s.Add(p)
		}
	}
	return s
}

// cost is the work and the memory of keeping the units of a set in f32.
func (sp *space) cost(keep engine.Set) (macs, bytes int64) {
	for _, u := range keep.Positions() {
		macs += sp.units[u].macs
		bytes += sp.units[u].bytes
	}
	return macs, bytes
}

// nodes is the number of candidates in the units of a set, with closure.
func (sp *space) nodes(keep engine.Set) int { return sp.kept(keep).Len() }

// share is the share of the universe's multiply-adds in the units of a set; of the units where there are no multiply-adds.
func (sp *space) share(keep engine.Set) float64 {
	total := int64(0)
	for _, u := range sp.units {
		total += u.macs
	}
	if total == 0 {
		return float64(keep.Len()) / float64(max(len(sp.units), 1))
	}
	macs, _ := sp.cost(keep)
	return float64(macs) / float64(total)
}

// tags returns the tags of the given positions.
func (sp *space) tags(positions []int) []Tag {
	r := make([]Tag, len(positions))
	for i, p := range positions {
		r[i] = sp.candidates[p].Tag
	}
	return r
}

// countUnits is the number of units of all candidates, in the universe or not.
func countUnits(candidates []engine.Candidate) int {
	heads := map[int]bool{}
	for _, c := range candidates {
		heads[c.Unit] = true
	}
	return len(heads)
}
