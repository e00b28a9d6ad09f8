package patterns

import "strings"

// A bracketState is what the last item of a bracket expression was: only a character can start a range.
type bracketState uint8

const (
	afterNothing bracketState = iota // the begin, or a range
	afterChar
	afterClass
)

// A bracket is an expression in brackets while it is parsed.
type bracket struct {
	set     byteSet
	state   bracketState
	pending byte // with afterChar: not yet in set, for it may start a range
}

func (b *bracket) char(c byte) {
	b.flush()
	b.state, b.pending = afterChar, c
}

func (b *bracket) class(s *byteSet) {
	b.flush()
	b.state = afterClass
	b.set.union(s)
}

func (b *bracket) flush() {
	if b.state == afterChar {
		b.set.add(b.pending)
	}
	b.state = afterNothing
}

// bracket parses a bracket expression after its [. [] matches nothing and [^] every byte.
func (p *parser) bracket(start int) (*node, error) {
	negated := p.accept("^")
	b := new(bracket)
	if p.accept("-") {
		b.char('-')
	}
	for {
		if !p.more() {
			return nil, p.errorAt(start, "the bracket that starts here is not closed")
		}
		if p.accept("]") {
			break
		}
		if err := p.bracketItem(start, b); err != nil {
			return nil, err
		}
	}
	b.flush()
	if negated {
		return setNode(b.set.complement()), nil
	}
	return setNode(&b.set), nil
}

func (p *parser) bracketItem(start int, b *bracket) error {
	switch at := p.at; {
	case p.accept("-"):
		return p.dash(start, at, b)
	case p.accept("[:"), p.accept("[."), p.accept("[="):
		return p.named(at, b)
	case p.pattern[p.at] == '\\' && p.at+1 < len(p.pattern) && strings.IndexByte("dDsSwW", p.pattern[p.at+1]) >= 0:
		b.class(escapedClass(p.pattern[p.at+1]))
		p.at += 2
		return nil
	}
	c, err := p.bracketChar()
	if err == nil {
		b.char(c)
	}
	return err
}

// dash parses what follows a dash: a range's end where a character came before. Elsewhere it is a character.
func (p *parser) dash(start, at int, b *bracket) error {
	switch {
	case !p.more():
		return p.errorAt(start, "the bracket that starts here is not closed")
	case p.pattern[p.at] == ']' || b.state == afterNothing:
		b.char('-')
		return nil
	case b.state == afterClass:
		return p.errorAt(at, "a class can't start a range")
	}
	hi, err := p.rangeEnd(at)
	if err != nil {
		return err
	}
	lo := b.pending
	if int8(lo) > int8(hi) {
		return p.errorAt(at, "the range ends before it starts (bytes from \\x80 come before \\x00)")
	}
	b.state = afterNothing
	b.set.addRange(int8(lo), int8(hi))
	return nil
}

func (p *parser) rangeEnd(at int) (byte, error) {
	rest := p.pattern[p.at:]
	if len(rest) > 1 && (rest[0] == '[' && strings.IndexByte(":.=", rest[1]) >= 0 || rest[0] == '\\' && strings.IndexByte("dDsSwW", rest[1]) >= 0) {
		return 0, p.errorAt(at, "a range ends in a character")
	}
	return p.bracketChar()
}

// bracketChar reads one character of a bracket.
func (p *parser) bracketChar() (byte, error) {
	start := p.at
	c := p.pattern[p.at]
	p.at++
	if c == '[' && !p.more() {
		return 0, p.errorAt(start, "the bracket is not closed")
	}
	if c != '\\' {
		return c, nil
	}
	if p.more() && (p.pattern[p.at] == 'B' || p.pattern[p.at] >= '1' && p.pattern[p.at] <= '9') {
		return 0, p.errorAt(start, `\%c has no meaning in a bracket`, p.pattern[p.at])
	}
	return p.escapedChar(start)
}

// named parses the rest of [:class:], [.element.] or [=element=].
func (p *parser) named(start int, b *bracket) error {
	sort := p.pattern[p.at-1]
	name, _, found := strings.Cut(p.pattern[p.at:], string(sort))
	p.at = min(p.at+len(name)+1, len(p.pattern))
	if !found || !p.accept("]") {
		return p.errorAt(start, "[%c is not closed by %c]", sort, sort)
	}
	if sort == ':' {
		s, ok := classes[strings.ToLower(name)]
		if !ok {
			return p.errorAt(start, "there is no class of that name")
		}
		b.class(s)
		return nil
	}
	c, ok := collating[name]
	if !ok {
		return p.errorAt(start, "there is no character of that name")
	}
	if sort == '.' {
		b.set.add(c)
		b.char(c)
		return nil
	}
	s := new(byteSet)
	s.add(c)
	if isLetter(c) {
		s.add(c ^ 0x20)
	}
	b.class(s)
	return nil
}
