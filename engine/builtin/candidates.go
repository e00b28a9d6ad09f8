package builtin

import (
	"slices"

	"halfway/engine"
	"halfway/engine/graph"
	"halfway/patterns"
)

// describe describes the candidates of planned graphs.
func describe(b *planner) []engine.Candidate {
	list := make([]engine.Candidate, len(b.candidates))
	preds := make([][]int, b.slots) // by slot: the nearest candidates that its value comes from
	for _, p := range b.plans {
		for _, s := range p.steps {
			var from []int
			for _, slot := range s.in {
				from = append(from, preds[slot]...)
			}
			slices.Sort(from)
			from = slices.Compact(from)
			if s.candidate >= 0 {
				c := s.describe()
				c.Graph, c.Index, c.Preds = p.path, s.candidate-p.candidates, from
				list[s.candidate] = c
				from = []int{s.candidate}
			}
			for o := range s.node.Out {
				preds[s.out+o] = from
			}
		}
	}
	return list
}

func (s *step) describe() engine.Candidate {
	n := s.node
	t := graph.CPUType(n.Op)
	c := engine.Candidate{Tag: t + "@" + n.Name, Type: t, Name: n.Name, Role: patterns.Role(n.Name), MACs: s.macs, Unit: s.candidate}
	if len(s.specs) > 0 {
		c.Shape = s.specs[0].Shape
	}
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
