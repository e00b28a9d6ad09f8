package patterns

import "slices"

// A backtracker searches with lookaheads and references by trying one path after the other, in the order of std::regex: that decides what
// groups capture. Without references a path that failed once is not tried again.
type backtracker struct {
	*program
	budget *budget
	tag    string
}

func newBacktracker(p *program, b *budget) *backtracker { return &backtracker{program: p, budget: b} }

// maxDepth bounds the recursion; std::regex overflows its stack at a fraction of it.
const maxDepth = 200_000

// tried is a set of bits, one for each instruction and offset that was reached. Without references a second path to the same place cannot
// succeed where the first failed.
type tried []uint64

// maxTried bounds the bits of one set, 64 MiB.
const maxTried = 1 << 29

func (t tried) first(bit int) bool {
	word, mask := bit/64, uint64(1)<<(bit%64)
	known := t[word]&mask != 0
	t[word] |= mask
	return !known
}

// newTried returns nil with references, where every path counts, and exhausts the budget where the set would be too large.
func (b *backtracker) newTried() tried {
	if b.backrefs {
		return nil
	}
	bits := len(b.code) * (len(b.tag) + 1)
	if bits > maxTried {
		b.budget.rest = 0
		return nil
	}
	b.budget.spend(bits / 64)
	return make(tried, bits/64+1)
}

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
	tried  tried // nil with references
	depth  int
}

func (b *backtracker) match(tag string) (bool, error) {
	b.tag = tag
	var t tried
	for begin := 0; begin <= len(tag); begin++ {
		if begin <= 1 { // all places but the first see the same ^ and \b
			t = b.newTried()
		}
		a := b.attempt(begin, begin > 0, make([]span, b.groups), t, 0)
		ok := b.budget.left() && a.from(b.start, begin)
		if !b.budget.left() {
			return false, b.budget.exhausted(tag)
		}
		if ok {
			return true, nil
		}
	}
	return false, nil
}

func (b *backtracker) attempt(begin int, prefix bool, spans []span, t tried, depth int) *attempt {
	b.budget.spend(len(spans) + b.repeats)
	return &attempt{b, begin, prefix, spans, make([]visit, b.repeats), t, depth}
}

// from reports whether the program accepts from instruction pc at offset at. When it does, spans are as they were on acceptance.
func (a *attempt) from(pc int32, at int) bool {
	if a.tried != nil && !a.tried.first(int(pc)*(len(a.tag)+1)+at) {
		return false
	}
	a.depth++
	a.budget.spend(1)
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
	sub := a.attempt(at, a.prefix, slices.Clone(a.spans), a.newTried(), a.depth)
	if !a.budget.left() || !sub.from(i.alt, at) {
		return false
	}
	for n, s := range sub.spans {
		if s.set {
			a.spans[n] = s
		}
	}
	return true
}
