package bisect

import (
	"math"

	"halfway/compare"
	"halfway/engine"
	"halfway/patterns"
)

// A Node is a candidate with what is known of its error. Errors are over their tolerance: above 1 is bad. The squares of errors add up.
type Node struct {
	Graph    string         `json:"graph"`
	Index    int            `json:"index"`
	Tag      Tag            `json:"-"`
	Role     string         `json:"-"`
	Block    string         `json:"-"`
	Unit     int            `json:"unit"` // position of its head among all candidates
	MACs     int64          `json:"macs"`
	Expected *compare.Value `json:"expected,omitempty"` // what a forecast expects the node to add to the error of everything
	Alone    *compare.Value `json:"alone,omitempty"`    // with only its unit enforced, where that was run
	Without  *compare.Value `json:"without,omitempty"`  // with only its unit kept in f32, where that was run
}

// table lists all candidates.
func (s *search) table() []Node {
	alone, without := make([]*compare.Value, len(s.units)), make([]*compare.Value, len(s.units))
	for _, u := range s.singled.Positions() {
		one := engine.SetOf(u)
		alone[u], without[u] = s.known(s.members(one)), s.known(s.enforced(one))
	}
	list := make([]Node, len(s.candidates))
	for p, c := range s.candidates {
		n := Node{Graph: c.Graph, Index: c.Index, Tag: c.Tag, Role: c.Role, Unit: c.Unit, MACs: c.MACs}
		if u := s.unitOf[p]; u >= 0 {
			n.Role, n.Block, n.Alone, n.Without = s.roleOf[u], s.blockOf[u], alone[u], without[u]
		} else {
			n.Block = patterns.Block(c.Name)
		}
		if s.expected != nil {
			e := compare.Value(math.Sqrt(max(s.expected[p], 0)))
			n.Expected = &e
		}
		list[p] = n
	}
	return list
}

// known is the error of a set that was run, nil of one that was not, or gave no answer.
func (s *search) known(set engine.Set) *compare.Value {
	r := s.records[keyOf(set)]
	if r == nil || len(r.runs) == 0 {
		return nil
	}
	o := worst(r.runs[0])
	if !o.Verdict.Answered() {
		return nil
	}
	e := compare.Value(o.ratio)
	return &e
}
