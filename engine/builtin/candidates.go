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
	rounding := roundingCandidates(b)
	for i := range list {
		list[i].Inert = !rounding.Has(i)
	}
	for _, p := range b.plans {
		p.describeUnits(list)
	}
	return list
}

// roundingCandidates are those on which it depends whether some port rounds.
func roundingCandidates(b *planner) engine.Set {
	set := engine.NewSet(len(b.candidates))
	for _, p := range b.plans {
		for _, s := range p.steps {
			for _, c := range slices.Concat(s.roundIn, s.roundOut) {
				for _, position := range c {
					set.Add(position)
				}
			}
		}
	}
	return set
}

// describeUnits notes which candidates are executed as one, and what has to be kept in f32 together: real plugins crash when a Convolution is
// kept but not the residual sum of its unit.
func (p *plan) describeUnits(list []engine.Candidate) {
	position := map[*graph.Node]int{}
	for _, s := range p.steps {
		if s.candidate >= 0 {
			position[s.node] = s.candidate
		}
	}
	for _, u := range p.units {
		head := -1
		for _, n := range u.Members {
			at, ok := position[n]
			if !ok {
				continue
			}
			if head < 0 {
				head = at
			}
			list[at].Unit = head
			if graph.IsResidualSum(n, u) && n != u.Members[0] {
				list[head].Closure = append(list[head].Closure, at)
			}
		}
	}
}

func (s *step) describe() engine.Candidate {
	n := s.node
	t := graph.CPUType(n.Op)
	c := engine.Candidate{Tag: t + "@" + n.Listed(), Type: t, Op: n.Op, Name: n.Listed(), From: n.Fused, Role: patterns.Role(n.Listed()), MACs: s.macs, Unit: s.candidate}
	if len(s.specs) > 0 {
		if c.Shape = s.specs[0].Shape; c.Shape == nil && len(n.Out) > 0 {
			c.Shape = n.Out[0].Shape // what the view knows of it
		}
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
