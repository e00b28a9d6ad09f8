package patterns

import "fmt"

// A Filter is a compiled pattern. It searches as libstdc++'s std::regex_search does on raw bytes, with GCC 12's answers also where those
// differ from ECMAScript (a reference to a group that took no part fails; ^ and \b inside a lookahead see the place that it starts from as
// the begin, as long as the search itself is there). Time is bounded: where std::regex would need ages, Match gives an error or, mostly,
// the answer. Not safe for concurrent use.
//
// One thing is not imitated: std::regex recurses on what it steps over and overflows a stack of 8 MiB at 26,000 bytes under a repetition
// or 58,000 without. ForKeep writes no pattern that comes near.
type Filter struct {
	search interface {
		match(tag string) (bool, error)
	}
	inverted bool // found is what search does not find
}

// Compile parses a pattern. What std::regex refuses, or an environment variable can't hold, is a *PatternError.
func Compile(pattern string) (*Filter, error) {
	n, groups, err := parse(pattern)
	if err != nil {
		return nil, err
	}
	n, inverted := anchored(n)
	p, b := newProgram(n, groups), newBudget(pattern)
	if p.backrefs || p.aheads {
		return &Filter{newBacktracker(p, b), inverted}, nil
	}
	return &Filter{newAutomaton(p, b), inverted}, nil
}

// anchored turns ^(?=X) and ^(?!X) into ^X, for which an automaton will do, and says whether what it finds is to be inverted.
func anchored(n *node) (*node, bool) {
	if n.kind == kindSequence && len(n.subs) == 2 && n.subs[0].kind == kindBegin && n.subs[1].kind == kindLookahead {
		return &node{kind: kindSequence, subs: []*node{n.subs[0], n.subs[1].subs[0]}}, n.subs[1].negated
	}
	return n, false
}

// Match reports whether the pattern is found in tag. It fails when all of the filter's work together exceeds a bound that only hostile
// patterns or tags reach.
func (f *Filter) Match(tag string) (bool, error) {
	found, err := f.search.match(tag)
	return err == nil && found != f.inverted, err
}

// maxWork bounds the instructions that a filter follows, some seconds' worth.
const maxWork = 1 << 29

// A budget is the work that a filter may still do. It counts instructions rather than time, so that the same input has the same outcome.
type budget struct {
	pattern string
	rest    int
}

func newBudget(pattern string) *budget { return &budget{pattern, maxWork} }

func (b *budget) spend(n int) { b.rest -= n }
func (b *budget) left() bool  { return b.rest > 0 }

func (b *budget) exhausted(tag string) error {
	return fmt.Errorf("searching for the pattern %s takes too long (at the tag %s): std::regex would not finish either; simplify it",
		shorten(b.pattern), shorten(tag))
}
