package patterns

import (
	"encoding/binary"
	"slices"
)

// An automaton searches tags for a program without lookaheads and references. It is deterministic, and made as far as tags need it: a state
// is the set of instructions that some path through the bytes so far has reached.
type automaton struct {
	*program
	budget  *budget
	states  map[string]*state
	held    int // words in states
	initial *state

	starts     []int32       // the opSets where a match after the begin can start; they belong to every state and are not listed there
	isStart    []bool        // by instruction
	begins     []int32       // the ^ where one can start
	conditions []int32       // the assertions where one can start
	on         [256]*[]int32 // of starts, where a byte leads to; nil until needed

	reached  []int32 // the set under construction
	in       []bool  // by instruction: whether it is in reached
	accepted bool    // opAccept is
	always   bool    // it is without a byte and without conditions
	key      []byte
}

type state struct {
	set       []int32
	first     bool // nothing came yet
	afterWord bool // a byte of a word came last
	next      [256]*state
	end       *state // matched or failed: what becomes of it at the end of a tag
}

// maxAutomaton bounds what an automaton remembers, in words of 4 bytes; a state alone has 512.
const maxAutomaton = 1 << 23

// The states in which nothing that follows matters.
var matched, failed = new(state), new(state)

func newAutomaton(p *program, b *budget) *automaton {
	a := &automaton{program: p, budget: b, in: make([]bool, len(p.code)), isStart: make([]bool, len(p.code))}
	a.reach(p.start)
	for _, i := range a.reached {
		switch p.code[i].op {
		case opSet:
			a.starts = append(a.starts, i)
			a.isStart[i] = true
		case opBegin:
			a.begins = append(a.begins, i)
		default:
			a.conditions = append(a.conditions, i)
		}
	}
	a.always = a.accepted
	a.forget()
	a.clear()
	return a
}

// forget starts anew, with the state before any byte.
func (a *automaton) forget() {
	a.states, a.held = map[string]*state{}, 0
	if a.initial = matched; !a.always {
		a.initial = &state{set: a.begins, first: true}
	}
}

// match reports whether the program is found in tag.
func (a *automaton) match(tag string) (bool, error) {
	s := a.initial
	for i := 0; i < len(tag) && s != matched; i++ {
		n := s.next[tag[i]]
		if n == nil {
			if n = a.step(s, tag[i]); !a.budget.left() {
				return false, a.budget.exhausted(tag)
			}
			s.next[tag[i]] = n
		}
		s = n
	}
	if s != matched && s.end == nil {
		s.end = a.finish(s)
	}
	return s == matched || s.end == matched, nil
}

// step is the state that follows s after the byte c.
func (a *automaton) step(s *state, c byte) *state {
	if !a.expand(s, isWord(c), false) {
		return matched
	}
	targets := slices.Clone(*a.startsOn(c))
	for _, i := range a.reached {
		if op := &a.code[i]; op.op == opSet && op.set.has(c) {
			targets = append(targets, op.next)
		}
	}
	a.clear()
	for _, t := range targets {
		a.reach(t)
	}
	defer a.clear()
	if a.accepted {
		return matched
	}
	return a.remember(a.boundaries && isWord(c))
}

// finish is what becomes of s at the end of a tag.
func (a *automaton) finish(s *state) *state {
	defer a.clear()
	if !a.expand(s, false, true) {
		return matched
	}
	return failed
}

// expand fills reached with the instructions of s and those behind assertions that hold before a byte that is a word's or not, or at the
// end. It returns false, with nothing reached, when the program accepts.
func (a *automaton) expand(s *state, wordNext, end bool) bool {
	for _, i := range s.set {
		a.include(i)
	}
	for _, i := range a.conditions {
		a.include(i)
	}
	for k := 0; k < len(a.reached) && !a.accepted; k++ {
		i := &a.code[a.reached[k]]
		switch {
		case i.op == opBegin && s.first, i.op == opEnd && end, i.op == opBoundary && (s.afterWord != wordNext) != i.negated:
			a.reach(i.next)
		}
	}
	a.budget.spend(len(a.reached))
	if a.accepted {
		a.clear()
		return false
	}
	return true
}

// include adds one instruction to reached, unless it is there.
func (a *automaton) include(i int32) bool {
	if a.in[i] {
		return false
	}
	a.in[i] = true
	a.reached = append(a.reached, i)
	a.accepted = a.accepted || a.code[i].op == opAccept
	return true
}

// reach adds what can be reached from i without a byte and without conditions. Forks are marked and left out of reached by remember.
func (a *automaton) reach(i int32) {
	from := len(a.reached)
	a.include(i)
	for k := from; k < len(a.reached); k++ {
		a.budget.spend(1)
		if op := &a.code[a.reached[k]]; op.op == opFork || op.op == opRepeat {
			a.include(op.alt)
			a.include(op.next)
		}
	}
}

func (a *automaton) clear() {
	for _, i := range a.reached {
		a.in[i] = false
	}
	a.reached, a.accepted = a.reached[:0], false
}

// startsOn returns where c leads from the starts.
func (a *automaton) startsOn(c byte) *[]int32 {
	if a.on[c] == nil {
		list := []int32{}
		for _, i := range a.starts {
			if a.code[i].set.has(c) {
				list = append(list, a.code[i].next)
			}
		}
		a.on[c] = &list
	}
	return a.on[c]
}

// remember returns the state of the set reached.
func (a *automaton) remember(afterWord bool) *state {
	set := make([]int32, 0, len(a.reached))
	for _, i := range a.reached {
		if op := a.code[i].op; op == opEnd || op == opBoundary || op == opSet && !a.isStart[i] {
			set = append(set, i)
		}
	}
	slices.Sort(set)
	a.key = a.key[:0]
	if afterWord {
		a.key = append(a.key, 1)
	}
	for _, i := range set {
		a.key = binary.LittleEndian.AppendUint32(a.key, uint32(i))
	}
	if s, ok := a.states[string(a.key)]; ok {
		return s
	}
	if a.held += 512 + 2*len(set); a.held > maxAutomaton {
		a.forget()
	}
	s := &state{set: set, afterWord: afterWord}
	a.states[string(a.key)] = s
	return s
}
