package patterns

import (
	"fmt"
	"strings"
)

// A kind tells the nodes of a parsed pattern apart.
type kind uint8

const (
	kindSet       kind = iota // one byte of set
	kindSequence              // subs one after the other; empty matches the empty string
	kindAlternate             // any of subs
	kindGroup                 // subs[0], captured as number
	kindRepeat                // subs[0], min to max times
	kindBegin                 // ^
	kindEnd                   // $
	kindBoundary              // \b, negated \B
	kindLookahead             // subs[0] follows, or with negated does not
	kindBackref               // what the group number captured
)

// A node is a part of a parsed pattern.
type node struct {
	kind     kind
	negated  bool
	lazy     bool
	interval bool // a repeat written with braces
	set      *byteSet
	subs     []*node
	number   int
	min, max int // max < 0: no bound
	size     size
}

// Limits of std::regex and of the environment.
const (
	maxPattern = 128<<10 - len(PosVariable+"=") - 1 // an environment string is at most 128 KiB, its terminator included
	maxStates  = 100_000                            // _GLIBCXX_REGEX_STATE_LIMIT
	maxTerms   = 50_000                             // of one alternative: the compiler recurses, and 58,000 overflow a stack of 8 MiB
	maxNesting = 10_000                             // of groups: 15,000 overflow it
)

// A parser reads the grammar that libstdc++ (GCC 12) makes of ECMAScript's. It differs in detail: quantifiers stack (a**), assertions take
// none, { and a quantifier must follow an atom while } and ] are ordinary, \cX is X, a class in a bracket can't bound a range.
type parser struct {
	pattern string
	at      int
	groups  int
	open    []int // groups that are not closed yet
	nesting int
	literal [256]*node
}

// A PatternError is a pattern that std::regex refuses, or that no variable can hold.
type PatternError struct {
	Pattern string
	Offset  int // in bytes; len(Pattern) is its end
	Reason  string
}

func (e *PatternError) Error() string {
	return fmt.Sprintf("bad pattern: %s\n%s", e.Reason, caret(e.Pattern, e.Offset))
}

func parse(pattern string) (*node, int, error) {
	p := &parser{pattern: pattern, groups: 1}
	if len(pattern) > maxPattern {
		return nil, 0, p.errorAt(maxPattern, "%d bytes are more than the %d that an environment variable holds", len(pattern), maxPattern)
	}
	if i := strings.IndexByte(pattern, 0); i >= 0 {
		return nil, 0, p.errorAt(i, "an environment variable holds no NUL")
	}
	n, err := p.disjunction()
	if err != nil {
		return nil, 0, err
	}
	if p.at < len(pattern) {
		return nil, 0, p.unexpected()
	}
	if whole := n.size.created + 3; whole > maxStates { // begin and end of the whole, accept
		return nil, 0, p.errorAt(len(pattern), "it needs %d states, std::regex makes at most %d", whole, maxStates)
	}
	return n, p.groups, nil
}

func (p *parser) errorAt(offset int, format string, args ...any) error {
	return &PatternError{p.pattern, offset, fmt.Sprintf(format, args...)}
}

func (p *parser) unexpected() error {
	switch c := p.pattern[p.at]; c {
	case ')':
		return p.errorAt(p.at, "no group is open that ) could close")
	default:
		return p.errorAt(p.at, "nothing before %c that it could repeat", c)
	}
}

func (p *parser) more() bool { return p.at < len(p.pattern) }

// accept steps over text if it comes next.
func (p *parser) accept(text string) bool {
	if !strings.HasPrefix(p.pattern[p.at:], text) {
		return false
	}
	p.at += len(text)
	return true
}

func (p *parser) disjunction() (*node, error) {
	n := &node{kind: kindAlternate}
	for {
		a, err := p.alternative()
		if err != nil {
			return nil, err
		}
		n.subs = append(n.subs, a)
		if !p.accept("|") {
			break
		}
	}
	if len(n.subs) == 1 {
		return n.subs[0], nil
	}
	return measured(n), nil
}

func (p *parser) alternative() (*node, error) {
	n := &node{kind: kindSequence}
	for {
		start := p.at
		t, err := p.term()
		if err != nil {
			return nil, err
		}
		if t == nil {
			return measured(n), nil
		}
		n.subs = append(n.subs, t)
		if len(n.subs) > maxTerms {
			return nil, p.errorAt(start, "more than %d parts in a row overflow the stack of std::regex", maxTerms)
		}
	}
}

// term returns nil where an alternative ends.
func (p *parser) term() (*node, error) {
	if !p.more() {
		return nil, nil
	}
	switch start := p.at; {
	case p.accept("^"):
		return measured(&node{kind: kindBegin}), nil
	case p.accept("$"):
		return measured(&node{kind: kindEnd}), nil
	case p.accept(`\b`):
		return measured(&node{kind: kindBoundary}), nil
	case p.accept(`\B`):
		return measured(&node{kind: kindBoundary, negated: true}), nil
	case p.accept("(?="):
		return p.group(start, &node{kind: kindLookahead})
	case p.accept("(?!"):
		return p.group(start, &node{kind: kindLookahead, negated: true})
	case strings.IndexByte("|)*+?{", p.pattern[p.at]) >= 0:
		return nil, nil
	}
	a, err := p.atom()
	if err != nil {
		return nil, err
	}
	return p.quantified(a)
}

func (p *parser) atom() (*node, error) {
	switch start := p.at; {
	case p.accept("(?:"):
		return p.group(start, &node{kind: kindSequence})
	case p.accept("(?"):
		return nil, p.errorAt(start, "after (? std::regex knows only :, = and !")
	case p.accept("("):
		n := &node{kind: kindGroup, number: p.groups}
		p.groups++
		p.open = append(p.open, n.number)
		defer func() { p.open = p.open[:len(p.open)-1] }()
		return p.group(start, n)
	case p.accept("["):
		return p.bracket(start)
	case p.accept("."):
		return setNode(dot), nil
	case p.accept(`\`):
		return p.escape(start)
	}
	p.at++
	return p.literalNode(p.pattern[p.at-1]), nil
}

// group parses what n encloses and the parenthesis that closes it.
func (p *parser) group(start int, n *node) (*node, error) {
	if p.nesting++; p.nesting > maxNesting {
		return nil, p.errorAt(start, "groups nested more than %d deep overflow the stack of std::regex", maxNesting)
	}
	defer func() { p.nesting-- }()
	sub, err := p.disjunction()
	if err != nil {
		return nil, err
	}
	if !p.more() {
		return nil, p.errorAt(start, "the group that starts here is not closed")
	}
	if !p.accept(")") {
		return nil, p.unexpected()
	}
	n.subs = []*node{sub}
	return measured(n), nil
}

func setNode(s *byteSet) *node { return measured(&node{kind: kindSet, set: s}) }

// literalNode returns the one node of a byte: patterns are mostly literal.
func (p *parser) literalNode(c byte) *node {
	if p.literal[c] == nil {
		s := new(byteSet)
		s.add(c)
		p.literal[c] = setNode(s)
	}
	return p.literal[c]
}

// escape parses what follows a backslash outside a bracket.
func (p *parser) escape(start int) (*node, error) {
	if p.more() {
		switch c := p.pattern[p.at]; {
		case strings.IndexByte("dDsSwW", c) >= 0:
			p.at++
			return setNode(escapedClass(c)), nil
		case c >= '1' && c <= '9':
			return p.backref(start)
		}
	}
	c, err := p.escapedChar(start)
	if err != nil {
		return nil, err
	}
	return p.literalNode(c), nil
}

func (p *parser) backref(start int) (*node, error) {
	n := p.integer()
	if n < 0 || n >= p.groups {
		return nil, p.errorAt(start, "the reference is to group %d, of which there are %d so far", n, p.groups-1)
	}
	for _, open := range append([]int{0}, p.open...) {
		if n == open {
			return nil, p.errorAt(start, "the reference is to group %d, which is still open", n)
		}
	}
	return measured(&node{kind: kindBackref, number: n}), nil
}

// integer reads digits into an int of C: what does not fit wraps around.
func (p *parser) integer() int {
	var v int64
	for p.more() && isDigit(p.pattern[p.at]) {
		v = v*10 + int64(p.pattern[p.at]-'0')
		p.at++
	}
	return int(int32(v))
}

// escapedClass is the set of \d, \D, \s, \S, \w or \W.
func escapedClass(c byte) *byteSet {
	s := classes[string(c|0x20)]
	if c < 'a' {
		return s.complement()
	}
	return s
}

// escapedChar reads an escape that stands for one byte. Of \xHH and \uHHHH the low byte counts, \cX is X, and what has no meaning is itself.
func (p *parser) escapedChar(start int) (byte, error) {
	if !p.more() {
		return 0, p.errorAt(start, "nothing follows the backslash")
	}
	c := p.pattern[p.at]
	p.at++
	if i := strings.IndexByte("0bfnrtv", c); i >= 0 {
		return "\x00\b\f\n\r\t\v"[i], nil
	}
	switch c {
	case 'x':
		return p.hex(start, 2)
	case 'u':
		return p.hex(start, 4)
	case 'c':
		if !p.more() {
			return 0, p.errorAt(start, `nothing follows \c`)
		}
		p.at++
		return p.pattern[p.at-1], nil
	}
	return c, nil
}

func (p *parser) hex(start, digits int) (byte, error) {
	var v byte
	for range digits {
		if !p.more() || !isHex(p.pattern[p.at]) {
			return 0, p.errorAt(start, `\%c takes %d hexadecimal digits`, p.pattern[start+1], digits)
		}
		d := p.pattern[p.at]
		if !isDigit(d) {
			d += 9
		}
		v = v<<4 | d&15
		p.at++
	}
	return v, nil
}

// quantified wraps an atom in the quantifiers that follow it, of which there may be several.
func (p *parser) quantified(n *node) (*node, error) {
	for p.more() {
		r := &node{kind: kindRepeat, subs: []*node{n}, max: -1}
		switch start := p.at; {
		case p.accept("*"):
		case p.accept("+"):
			r.min = 1
		case p.accept("?"):
			r.max = 1
		case p.accept("{"):
			if err := p.interval(start, r); err != nil {
				return nil, err
			}
		default:
			return n, nil
		}
		r.lazy = p.accept("?")
		if n = measured(r); n.size.created > maxStates {
			return nil, p.errorAt(p.at-1, "repeated so often it needs more than the %d states that std::regex makes", maxStates)
		}
	}
	return n, nil
}

// interval parses {n}, {n,} or {n,m} after its brace.
func (p *parser) interval(start int, r *node) error {
	if !p.more() || !isDigit(p.pattern[p.at]) {
		return p.errorAt(start, `{ takes a number here; write \{ for the character`)
	}
	r.interval = true
	least, optional := p.integer(), 0
	r.max = 0
	if p.accept(",") {
		if !p.more() || !isDigit(p.pattern[p.at]) {
			r.max = -1
		} else if most := p.integer(); most >= least {
			optional = most - least
		} else {
			return p.errorAt(start, "%d is less than %d", most, least)
		}
	}
	if !p.accept("}") {
		return p.errorAt(p.at, "the interval is not closed by }")
	}
	if r.min = max(least, 0); r.max == 0 {
		r.max = r.min + optional
	}
	return nil
}
