package builtin

import (
	"slices"

	"halfway/engine/ops"
	"halfway/engine/tensor"
)

// fuse joins steps of one unit that nothing can come between: a result that one other step reads, that no set rounds, and that the other, whose
// further inputs are constants, turns into its own element by element. The joined step stands where the last of them stood.
func (p *plan) fuse() {
	readers, makers := map[int]int{}, map[int]*step{}
	for _, s := range p.steps {
		for _, slot := range s.in {
			readers[slot]++
		}
		makers[s.out] = s
	}
	for _, slot := range p.results {
		readers[slot]++
	}
	joined := map[*step]*step{} // what a step is now part of
	for i, s := range p.steps {
		at := followsAt(s)
		if at < 0 {
			continue
		}
		before := makers[s.in[at]]
		if before == nil || readers[before.out] != 1 || !before.leadsTo(s) {
			continue
		}
		p.steps[i] = before.join(s, at)
		makers[s.out] = p.steps[i]
		joined[before] = p.steps[i]
	}
	p.steps = slices.DeleteFunc(p.steps, func(s *step) bool { return joined[s] != nil })
}

// followsAt is the only input of s that is not a constant, -1 where s can't follow what makes it.
func followsAt(s *step) int {
	if _, ok := s.op.(ops.Follower); !ok || len(s.specs) != 1 {
		return -1
	}
	at := -1
	for i, in := range s.node.In {
		switch {
		case in.Node.Op == "Constant":
		case at >= 0:
			return -1
		default:
			at = i
		}
	}
	if at >= 0 && s.roundIn[at] != nil {
		return -1
	}
	return at
}

// leadsTo reports whether the only result of s can be turned into that of next in place.
func (s *step) leadsTo(next *step) bool {
	if s.op == nil || s.view || s.odd || len(s.specs) != 1 || s.roundOut[0] != nil {
		return false
	}
	a, b := s.specs[0], next.specs[0]
	return a.Type == tensor.F32 && b.Type == tensor.F32 && a.Shape != nil && b.Shape != nil && slices.Equal(a.Shape, b.Shape)
}

// join returns the step of s and next, which reads s at input at. Candidate, and kind of error, are those of the first.
func (s *step) join(next *step, at int) *step {
	j := *next
	first := s.parts()[0]
	j.candidate, j.rounds = first.candidate, first.rounds
	j.members = append(slices.Clone(s.parts()), next.parts()...)
	j.links = append(slices.Clone(s.links), ops.Link{Op: next.op, At: at, Others: len(next.in) - 1})
	j.in, j.roundIn = slices.Clone(s.in), slices.Clone(s.roundIn)
	for i := range next.in {
		if i != at {
			j.in, j.roundIn = append(j.in, next.in[i]), append(j.roundIn, next.roundIn[i])
		}
	}
	j.op = ops.Chain(first.op, len(first.in), j.links)
	j.macs = s.macs + next.macs
	return &j
}
