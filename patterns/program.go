package patterns

import "slices"

// An opcode is what an instruction does.
type opcode uint8

const (
	opAccept    opcode = iota
	opSet              // step over a byte of set
	opFork             // try alt, then next
	opRepeat           // a fork of a repetition: alt is once more, next is leave
	opBegin            // only at the begin
	opEnd              // only at the end
	opBoundary         // only at the edge of a word, negated elsewhere
	opOpen             // the group number starts here
	opClose            // the group number ends here
	opBackref          // step over what the group number captured
	opLookahead        // the program at alt must succeed from here, negated fail
)

type instruction struct {
	op            opcode
	negated, lazy bool
	set           *byteSet
	next, alt     int32
	number        int // of a group; of opRepeat and opLookahead among their like
}

// A program is a pattern as a nondeterministic automaton.
type program struct {
	code             []instruction
	start            int32
	groups, repeats  int
	backrefs, aheads bool
	boundaries       bool
}

func newProgram(n *node, groups int) *program {
	p := &program{groups: groups}
	p.backrefs, p.aheads, p.boundaries = contains(n, kindBackref), contains(n, kindLookahead), contains(n, kindBoundary)
	p.start = p.build(n, p.add(instruction{op: opAccept}))
	return p
}

func contains(n *node, k kind) bool {
	if n.kind == k {
		return true
	}
	return slices.ContainsFunc(n.subs, func(sub *node) bool { return contains(sub, k) })
}

func (p *program) add(i instruction) int32 {
	p.code = append(p.code, i)
	return int32(len(p.code) - 1)
}

// build adds the instructions of n, followed by those at next, and returns the first.
func (p *program) build(n *node, next int32) int32 {
	switch n.kind {
	case kindSet:
		return p.add(instruction{op: opSet, set: n.set, next: next})
	case kindSequence:
		for i := len(n.subs) - 1; i >= 0; i-- {
			next = p.build(n.subs[i], next)
		}
		return next
	case kindAlternate:
		return p.buildAlternate(n, next)
	case kindGroup:
		if !p.backrefs {
			return p.build(n.subs[0], next)
		}
		end := p.add(instruction{op: opClose, number: n.number, next: next})
		return p.add(instruction{op: opOpen, number: n.number, next: p.build(n.subs[0], end)})
	case kindRepeat:
		return p.buildRepeat(n, next)
	case kindBegin:
		return p.add(instruction{op: opBegin, next: next})
	case kindEnd:
		return p.add(instruction{op: opEnd, next: next})
	case kindBoundary:
		return p.add(instruction{op: opBoundary, negated: n.negated, next: next})
	case kindBackref:
		return p.add(instruction{op: opBackref, number: n.number, next: next})
	default:
		sub := p.build(n.subs[0], p.add(instruction{op: opAccept}))
		return p.add(instruction{op: opLookahead, negated: n.negated, alt: sub, next: next})
	}
}

func (p *program) buildAlternate(n *node, next int32) int32 {
	last := len(n.subs) - 1
	start := p.build(n.subs[last], next)
	for i := last - 1; i >= 0; i-- {
		start = p.add(instruction{op: opFork, alt: p.build(n.subs[i], next), next: start})
	}
	return start
}

func (p *program) buildRepeat(n *node, next int32) int32 {
	start := next
	if n.max < 0 {
		loop := p.addRepeat(n, next)
		p.code[loop].alt = p.build(n.subs[0], loop)
		start = loop
		if n.min > 0 && !n.interval { // + enters at its body
			return p.code[loop].alt
		}
	}
	for range n.max - n.min {
		fork := p.addRepeat(n, next)
		p.code[fork].alt = p.build(n.subs[0], start)
		start = fork
	}
	for range n.min {
		start = p.build(n.subs[0], start)
	}
	return start
}

func (p *program) addRepeat(n *node, next int32) int32 {
	p.repeats++
	return p.add(instruction{op: opRepeat, lazy: n.lazy, next: next, number: p.repeats - 1})
}
