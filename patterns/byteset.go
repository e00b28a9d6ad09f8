package patterns

import "strings"

// A byteSet is a set of bytes.
type byteSet [4]uint64

func (s *byteSet) add(c byte)      { s[c>>6] |= 1 << (c & 63) }
func (s *byteSet) has(c byte) bool { return s[c>>6]>>(c&63)&1 != 0 }

func (s *byteSet) union(t *byteSet) {
	for i := range s {
		s[i] |= t[i]
	}
}

// addRange adds lo to hi as signed bytes, which is what char is on x86: \x80 is less than \x7f.
func (s *byteSet) addRange(lo, hi int8) {
	for c := int(lo); c <= int(hi); c++ {
		s.add(byte(c))
	}
}

func (s *byteSet) complement() *byteSet { return &byteSet{^s[0], ^s[1], ^s[2], ^s[3]} }

func setOf(in func(c byte) bool) *byteSet {
	s := new(byteSet)
	for c := range 256 {
		if in(byte(c)) {
			s.add(byte(c))
		}
	}
	return s
}

func between(lo, hi byte) func(byte) bool { return func(c byte) bool { return lo <= c && c <= hi } }

func anyOf(chars string) func(byte) bool {
	return func(c byte) bool { return strings.IndexByte(chars, c) >= 0 }
}

// classes are the names that [:name:] takes, whatever their case, in the C locale.
var classes = map[string]*byteSet{
	"d": setOf(isDigit), "digit": setOf(isDigit),
	"w": setOf(isWord), "alnum": setOf(func(c byte) bool { return isLetter(c) || isDigit(c) }), "alpha": setOf(isLetter),
	"s": setOf(isSpace), "space": setOf(isSpace), "blank": setOf(anyOf(" \t")),
	"lower": setOf(between('a', 'z')), "upper": setOf(between('A', 'Z')),
	"cntrl": setOf(func(c byte) bool { return c < ' ' || c == 0x7f }),
	"graph": setOf(between('!', '~')), "print": setOf(between(' ', '~')),
	"punct":  setOf(func(c byte) bool { return c > ' ' && c < 0x7f && !isLetter(c) && !isDigit(c) }),
	"xdigit": setOf(isHex),
}

// dot is what . matches: in no mode a line feed or a carriage return.
var dot = setOf(func(c byte) bool { return c != '\n' && c != '\r' })

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isWord(c byte) bool   { return isLetter(c) || isDigit(c) || c == '_' }
func isSpace(c byte) bool  { return c == ' ' || c >= '\t' && c <= '\r' }
func isHex(c byte) bool    { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

// collating are the names that [.name.] and [=name=] take, in the order of ASCII. A letter is its own name; no other character is.
var collating = func() map[string]byte {
	names := strings.Fields(`NUL SOH STX ETX EOT ENQ ACK alert backspace tab newline vertical-tab form-feed carriage-return SO SI
		DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC IS4 IS3 IS2 IS1
		space exclamation-mark quotation-mark number-sign dollar-sign percent-sign ampersand apostrophe
		left-parenthesis right-parenthesis asterisk plus-sign comma hyphen period slash
		zero one two three four five six seven eight nine colon semicolon less-than-sign equals-sign greater-than-sign question-mark
		commercial-at A B C D E F G H I J K L M N O P Q R S T U V W X Y Z
		left-square-bracket backslash right-square-bracket circumflex underscore grave-accent a b c d e f g h i j k l m n o p q r s t u v
		w x y z left-curly-bracket vertical-line right-curly-bracket tilde DEL`)
	m := make(map[string]byte, len(names))
	for i, n := range names {
		m[n] = byte(i)
	}
	return m
}()
