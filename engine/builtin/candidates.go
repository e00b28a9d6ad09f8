package builtin

import (
	"slices"

	"halfway/engine"
	"halfway/engine/graph"
	"halfway/patterns"
)

// candidates describes the candidates of a planned graph.
func candidates(p *plan, e *graph.Enforcement) []engine.Candidate {
	list := make([]engine.Candidate, len(e.Candidates))
	preds := make([][]int, p.slots) // by slot: the nearest candidates that its value comes from
	for _, s := range p.steps {
		var from []int
		for _, slot := range s.in {
			from = append(from, preds[slot]...)
		}
		slices.Sort(from)
		from = slices.Compact(from)
		if s.candidate >= 0 {
			list[s.candidate] = describe(s)
			list[s.candidate].Preds = from
			from = []int{s.candidate}
		}
		for o := range s.node.Out {
			preds[s.out+o] = from
		}
	}
	return list
}

func describe(s *step) engine.Candidate {
	n := s.node
	t := graph.CPUType(n.Op)
	c := engine.Candidate{Index: s.candidate, Tag: t + "@" + n.Name, Type: t, Name: n.Name, Role: patterns.Role(n.Name), MACs: s.macs,
		Unit: s.candidate, Shape: s.specs[0].Shape}
	for _, spec := range s.specs {
		if spec.Shape != nil {
			c.Bytes += bytesOf(spec)
		}
	}
	for _, in := range n.In {
		if in.Node.Op == "Constant" {
			c.Bytes += int64(len(in.Node.Value.Bytes))
		}
	}
	return c
}
