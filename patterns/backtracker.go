package patterns

import "slices"

// A backtracker searches with lookaheads and references by trying one path after the other, in the order of std::regex: that decides what
// groups capture. Without references a path that failed once is not tried again.
type backtracker struct {
	*program
	budget *budget
	tag    string
	tried  []*tried // by nesting of lookaheads; empty where every path counts
}

func newBacktracker(p *program, b *budget) *backtracker { return &backtracker{program: p, budget: b} }

// maxDepth bounds the recursion; std::regex overflows its stack at a fraction of it.
const maxDepth = 200_000

// stepCost is what a step of a backtracker takes from the budget, compared with one of an automaton.
const stepCost = 4

// A span is what a group captured.
type span struct {
	from, to int
	set      bool
}

// A visit counts how often a repetition was entered at one place: std::regex enters it twice, so that an empty turn can still capture.
type visit struct{ at, times int }

// An attempt is the search from one place, or that of one lookahead.
type attempt struct {
	*backtracker
	begin  int  // where it starts
	prefix bool // bytes before begin count: for ^ and \b
	spans  []span
	visits []visit
	nested int // in how many lookaheads
	depth  int
}

func (b *backtracker) match(tag string) (bool, error) {
	b.tag = tag
	b.resetTried()
	for begin := 0; begin <= len(tag); begin++ {
		ok := b.attempt(begin, begin > 0, make([]span, b.groups), 0, 0).run(b.start)
		if !b.budget.left() {
			return false, b.budget.exhausted(tag)
		}
		if ok {
			return true, nil
		}
	}
	return false, nil
}

func (b *backtracker) attempt(begin int, prefix bool, spans []span, nested, depth int) *attempt {
	b.budget.spend(len(spans) + b.repeats)
	return &attempt{b, begin, prefix, spans, make([]visit, b.repeats), nested, depth}
}

// run reports whether the program accepts from instruction pc at the begin. What failed is remembered for attempts that start elsewhere,
// unless the begin mattered, or some of it failed only because this attempt had been there and then succeeded by another way.
func (a *attempt) run(pc int32) bool {
	if len(a.tried) == 0 {
		return a.from(pc, a.begin)
	}
	t := a.triedAt(a.nested)
	known := len(t.log)
	ok := a.from(pc, a.begin)
	if ok || !a.prefix {
		t.forget(known)
	}
	return ok
}

// from reports whether the program accepts from instruction pc at offset at. When it does, spans are as they were on acceptance.
func (a *attempt) from(pc int32, at int) bool {
	if len(a.tried) > 0 && !a.tried[a.nested].first(int(pc)*(len(a.tag)+1)+at) {
		return false
	}
	a.depth++
	a.budget.spend(stepCost)
	if a.depth > maxDepth {
		a.budget.rest = 0
	}
	ok := a.budget.left() && a.try(&a.code[pc], at)
	a.depth--
	return ok
}

func (a *attempt) try(i *instruction, at int) bool {
	switch i.op {
	case opAccept:
		return true
	case opSet:
		return at < len(a.tag) && i.set.has(a.tag[at]) && a.from(i.next, at+1)
	case opFork:
		return a.from(i.alt, at) || a.from(i.next, at)
	case opRepeat:
		if i.lazy {
			return a.from(i.next, at) || a.again(i, at)
		}
		return a.again(i, at) || a.from(i.next, at)
	case opBegin:
		return at == a.begin && !a.prefix && a.from(i.next, at)
	case opEnd:
		return at == len(a.tag) && a.from(i.next, at)
	case opBoundary:
		return a.boundary(at) != i.negated && a.from(i.next, at)
	case opOpen, opClose:
		return a.capture(i, at)
	case opBackref:
		return a.backref(i, at)
	default:
		return a.lookahead(i, at) != i.negated && a.from(i.next, at)
	}
}

// again takes one more turn of a repetition, unless that was done twice at this place.
func (a *attempt) again(i *instruction, at int) bool {
	v := &a.visits[i.number]
	before := *v
	switch {
	case v.times == 0 || v.at != at:
		*v = visit{at, 1}
	case v.times < 2:
		v.times++
	default:
		return false
	}
	ok := a.from(i.alt, at)
	*v = before
	return ok
}

func (a *attempt) boundary(at int) bool {
	left := (at != a.begin || a.prefix) && isWord(a.tag[at-1])
	return left != (at < len(a.tag) && isWord(a.tag[at]))
}

// capture notes where a group starts or ends, and forgets it when the path fails.
func (a *attempt) capture(i *instruction, at int) bool {
	s := &a.spans[i.number]
	before := *s
	if i.op == opOpen {
		s.from = at
	} else {
		s.to, s.set = at, true
	}
	if a.from(i.next, at) {
		return true
	}
	if i.op == opOpen {
		s.from = before.from
	} else {
		*s = before
	}
	return false
}

func (a *attempt) backref(i *instruction, at int) bool {
	s := a.spans[i.number]
	if !s.set {
		return false
	}
	text := a.tag[s.from:s.to]
	a.budget.spend(len(text))
	to := at + len(text)
	return to <= len(a.tag) && a.tag[at:to] == text && a.from(i.next, to)
}

// lookahead searches at one place only. What its groups captured stays, even when the path around it fails later.
func (a *attempt) lookahead(i *instruction, at int) bool {
	sub := a.attempt(at, a.prefix, slices.Clone(a.spans), a.nested+1, a.depth)
	if !sub.run(i.alt) {
		return false
	}
	for n, s := range sub.spans {
		if s.set {
			a.spans[n] = s
		}
	}
	return true
}
