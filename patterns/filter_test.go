package patterns

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// corners are patterns at the corners of the dialect, with why.
var corners = []struct{ name, pattern string }{
	{"nothing", ``}, {"everything", `.*`}, {"never", `(?!)`}, {"always", `(?=)`},
	{"literal", `layers`}, {"dot", `.`}, {"begin", `^a`}, {"end", `a$`}, {"begin in the middle", `a^b`}, {"end in the middle", `a$b`},
	{"empty alternatives", `a||b`}, {"empty group", `()`}, {"empty first alternative", `(|a)b`}, {"bar alone", `|`},
	{"quantifiers stack", `a**`}, {"quantifiers stack more", `a+*?`}, {"lazy", `a+?b`}, {"lazy interval", `a{1,2}?b`}, {"lazy and optional", `a??`},
	{"quantified begin", `^*a`}, {"quantified end", `a$+`}, {"quantified boundary", `\b+`}, {"quantified lookahead", `(?=a)*`},
	{"quantified group", `(ab)*c`}, {"leading star", `*a`}, {"star after bar", `a|*b`}, {"star in group", `(*a)`}, {"plus only", `+`}, {"question only", `?`},
	{"stray brace", `a{`}, {"brace first", `{1}`}, {"closing brace", `a}`}, {"closing bracket", `a]`}, {"interval", `a{2}`}, {"open interval", `a{2,}`},
	{"range interval", `a{1,3}b`}, {"reversed interval", `a{3,1}`}, {"no lower bound", `a{,3}`}, {"letter in interval", `a{x}`}, {"space in interval", `a{1 }`},
	{"unclosed interval", `a{1`}, {"unclosed interval after comma", `a{1,`}, {"two commas", `a{1,,2}`}, {"zero times", `ba{0}c`}, {"zero to zero", `ba{0,0}c`},
	{"count that wraps to zero", `a{4294967296}b`}, {"count that wraps to one", `a{4294967297}b`}, {"count that wraps to a negative", `a{2147483648}b`},
	{"negative to the same", `a{4294967295,4294967295}b`}, {"negative without bound", `xa{2147483648,}b`}, {"negative to one", `a{4294967295,1}b`},
	{"count over 64 bits", `a{99999999999999999999}`}, {"huge count", `a{99999}`}, {"most states", `a{49997}`}, {"too many states", `a{100001}`},
	{"nested counts", `((a{10}){10}){10}`}, {"nested counts that blow up", `(((a{50}){50}){50}){50}`}, {"optional copies", `(a{0,40}){0,40}`},
	{"unclosed group", `(a`}, {"unopened group", `a)`}, {"group alone", `(`}, {"question group", `(?`}, {"unknown group", `(?x)`},
	{"named group", `(?<x>a)`}, {"lookbehind", `(?<=a)b`}, {"negative lookbehind", `(?<!a)b`}, {"inline flag", `(?i)a`}, {"comment", `(?#a)`}, {"atomic", `(?>a)`},
	{"plain group", `(?:ab)+`}, {"lookahead", `a(?=b)`}, {"negative lookahead", `a(?!b)`}, {"anchored lookahead", `^(?!.*b)`}, {"anchored positive", `^(?=.*b)`},
	{"anchored with more", `^(?!.*b)a`}, {"nested lookahead", `^(?!a(?!b))`}, {"lookahead with reference", `^(?!(a)\1)`}, {"unclosed lookahead", `(?=a`},
	{"begin in a lookahead", `a(?=^b)`}, {"begin in a lookahead later", `b(?=^c)`}, {"boundary in a lookahead", `a(?=\bb)`}, {"boundary in a later lookahead", `b(?=\bc)`},
	{"no boundary in a lookahead", `a(?=\Bb)`}, {"no boundary in a later lookahead", `b(?=\Bc)`},
	{"reference", `(a)\1`}, {"reference to nothing", `\1`}, {"reference forward", `\1(a)`}, {"reference to an open group", `(a\1)`}, {"reference to the whole", `a\4294967296`},
	{"reference that wraps", `(a)\4294967297`}, {"many digits", `(a)\10`}, {"reference to what took no part", `(?:(a)|b)\1`}, {"reference in a loop", `(?:(a)|b\1)+c`},
	{"reference to an empty group", `()\1a`}, {"reference after empty turns", `(a*)*\1b`}, {"reference after lazy turns", `(a*?)*?\1b`}, {"reference to the last turn", `(a|b)*\1c`},
	{"captured in a lookahead", `(?=(a))a\1`}, {"captured in a lookahead of a failed path", `(?:(?=(a))ax|a)\1`}, {"captured in a negative lookahead", `(?!(b))a\1`},
	{"lookahead keeps its first way", `(?=(a|ab))ab\1`}, {"counted group and reference", `(a|b){2}\1`}, {"reference eight", `\8`},
	{"digit class", `\d`}, {"no digit", `\D`}, {"space class", `\s`}, {"no space", `\S`}, {"word class", `\w`}, {"no word", `\W`}, {"boundary", `\b`}, {"no boundary", `\B`},
	{"word", `\bab\b`}, {"inside a word", `\Bb\B`}, {"boundary at the end", `b\b$`}, {"boundary of nothing", `^\b`}, {"no boundary of nothing", `^\B$`},
	{"hex", `\x61`}, {"hex of a high byte", `\xe9`}, {"short hex", `\x6`}, {"no hex", `\xg1`}, {"unicode", `\u0061`}, {"unicode keeps its low byte", `\u0161`}, {"short unicode", `\u006`},
	{"control is its letter", `\cA`}, {"control at the end", `\c`}, {"NUL", `\0`}, {"NUL and digit", `\01`}, {"octal", `\101`}, {"tab", `\t`}, {"vertical tab", `\v`}, {"line feed", `\n`},
	{"escape of nothing", `\`}, {"escape of a letter", `\q`}, {"escape of a, no bell", `\a`}, {"property", `\p{L}`}, {"escaped slash", `a\/b`}, {"escaped brace", `\{`},
	{"bracket", `[abc]`}, {"negated", `[^abc]`}, {"empty bracket", `[]`}, {"empty negated", `[^]`}, {"empty then bracket", `[]a]`}, {"unclosed bracket", `[a`}, {"bracket alone", `[`},
	{"caret alone in a bracket", `[^`}, {"range", `[a-c]`}, {"reversed range", `[c-a]`}, {"range of one", `[a-a]`}, {"dash first", `[-a]`}, {"dash last", `[a-]`}, {"dash alone", `[-]`},
	{"dash after range", `[a-c-e]`}, {"dash to", `[--a]`}, {"dash to dash", `[---]`}, {"to dash", `[%--]`}, {"to dash reversed", `[a--]`}, {"five dashes", `[-----]`}, {"negated dash", `[^-a]`},
	{"class in bracket", `[\d]`}, {"class to", `[\d-z]`}, {"to class", `[a-\d]`}, {"class and last dash", `[\d-]`}, {"two classes", `[\d\s]`}, {"negated class in bracket", `[\D]`},
	{"class or not", `[\w\W]`}, {"bracket in bracket", `[[]`}, {"bracket then more", `[[a]`}, {"range to bracket", `[A-[]`}, {"backspace", `[\b]`}, {"no boundary in bracket", `[\B]`},
	{"reference in bracket", `[\1]`}, {"NUL in bracket", `[\0]`}, {"hex in bracket", `[\x61-\x63]`}, {"control in bracket", `[\cA]`}, {"escape at the end of a bracket", `[\`}, {"escaped bracket", `[\]]`},
	{"caret later in a bracket", `[a^]`}, {"high range", `[\x80-\xff]`}, {"all is reversed, for char is signed", `[\x00-\xff]`}, {"from high to low", `[\x80-\x7f]`}, {"raw high range", "[\xc3-\xc5]"},
	{"UTF-8 in a bracket", `[é]`}, {"UTF-8", `é`}, {"UTF-8 repeated is its last byte repeated", `é+$`},
	{"POSIX class", `[[:alpha:]]`}, {"POSIX class without case", `[[:ALPHA:]]`}, {"POSIX digit", `[[:digit:]]`}, {"POSIX short", `[[:d:]]`}, {"POSIX word", `[[:w:]]`}, {"POSIX s", `[[:s:]]`},
	{"POSIX alnum", `[[:alnum:]]`}, {"POSIX blank", `[[:blank:]]`}, {"POSIX cntrl", `[[:cntrl:]]`}, {"POSIX graph", `[[:graph:]]`}, {"POSIX lower", `[[:lower:]]`}, {"POSIX print", `[[:print:]]`},
	{"POSIX punct", `[[:punct:]]`}, {"POSIX space", `[[:space:]]`}, {"POSIX upper", `[[:upper:]]`}, {"POSIX xdigit", `[[:xdigit:]]`}, {"POSIX negated", `[^[:alpha:]]`},
	{"POSIX unknown", `[[:foo:]]`}, {"POSIX unclosed", `[[:alpha]`}, {"POSIX half closed", `[[:alpha:`}, {"POSIX to", `[[:alpha:]-z]`}, {"to POSIX", `[a-[:digit:]]`}, {"POSIX empty", `[[::]]`},
	{"POSIX outside", `[:alpha:]`}, {"colon inside a name", `[[:al:pha:]]`},
	{"equivalence", `[[=a=]]`}, {"equivalence of upper case", `[[=A=]]`}, {"equivalence of a word", `[[=tilde=]]`}, {"equivalence unknown", `[[=ab=]]`}, {"equivalence to", `[[=a=]-c]`},
	{"equivalence of NUL", `[[=NUL=]]`}, {"equivalence unclosed", `[[=a]`},
	{"collating", `[[.a.]]`}, {"collating word", `[[.hyphen.]]`}, {"collating range", `[[.a.]-c]`}, {"to collating", `[a-[.c.]]`}, {"collating digit has a name", `[[.1.]]`}, {"collating one", `[[.one.]]`},
	{"collating unknown", `[[.foo.]]`}, {"collating empty", `[[..]]`}, {"collating dot", `[[...]]`}, {"collating NUL", `[[.NUL.]]`}, {"collating unclosed", `[[.a]`},
	{"line feed in the pattern", "a\nb"}, {"negated takes line feeds", `a[^x]b`}, {"dot takes none", `a.b`},
	{"exponential", `(a*)*b`}, {"exponential alternatives", `(a|a)*b`}, {"empty turns", `(a?)*b`}, {"empty turns in turns", `((a?)*)*b`}, {"empty counted turns", `(a?){3,}b`},
	{"seed's example", `__module\.model\.layers\.(\d+)\.input_layernorm/`}, {"bounds", `[@,]a(,|$)`}, {"type", `^Softmax@`}, {"raw high byte", "\xff"}, {"quantified high byte", "\xff*"},
}

// subjects are what the corners are searched in, besides every byte.
var subjects = append(everyByte(), "", "ab", "abc", "aab", "aaab", "b", "bc", "abab", "aa", "aaa", "ba", "bac", "baac", "a b", "a-b", "a_b", "x ab y", "xaby", "a\nb", "a\rb", "a\n",
	"\na", "a\x00b", "é", "éé", "\xc3\xc3", "Softmax@a", "LogSoftmax@a", "X@a,b", "X@ab", "X@b,a", "X@b,a,c", "MVN@__module.model.layers.11.input_layernorm/x", "a{", "{1}",
	"a1", "aa0", "xx", "cab", "bca", "aba", "abb", "a:l", "^a", "A]", "[]", "a]", "b]")

// TestDialect compares every corner with the real std::regex: what is refused, and in which subjects it is found.
func TestDialect(t *testing.T) {
	o := newOracle(t)
	for _, c := range corners {
		compareWithOracle(t, o, c.name, c.pattern, subjects)
	}
}

func compareWithOracle(t *testing.T, o *oracle, name, pattern string, subjects []string) {
	t.Helper()
	want, refused := o.verdicts(t, pattern, subjects)
	f, err := Compile(pattern)
	if (err != nil) != (refused != "") {
		t.Errorf("%s: %.100q: error %v, std::regex: %q", name, pattern, err, refused)
		return
	}
	if err != nil {
		return
	}
	for i, s := range subjects {
		got, err := f.Match(s)
		if err != nil || got != (want[i] == 1) {
			t.Errorf("%s: %.100q in %q: %t (%v), std::regex: %d", name, pattern, s, got, err, want[i])
		}
	}
}

// FuzzFilter compares verdicts with the real std::regex. It leaves out what makes that one run for ages or overflow its stack.
func FuzzFilter(f *testing.F) {
	for _, c := range corners {
		f.Add(c.pattern, "ab")
	}
	o := newOracle(f)
	f.Fuzz(func(t *testing.T, pattern, subject string) {
		if len(pattern) > 40 || len(subject) > 12 || strings.ContainsRune(pattern, 0) || strings.Count(pattern, "{") > 1 {
			return
		}
		if strings.Count(pattern, "*")+strings.Count(pattern, "+")+strings.Count(pattern, "?")+strings.Count(pattern, "{") > 4 {
			return
		}
		compareWithOracle(t, o, "fuzz", pattern, []string{subject, "X@" + subject, ""})
	})
}

// TestGeneratedPatterns compares patterns put together at random from the pieces of the grammar.
func TestGeneratedPatterns(t *testing.T) {
	o := newOracle(t)
	pieces := []string{"a", "b", "1", ".", "^", "$", `\b`, `\B`, `\d`, `\w`, "(", ")", "(", ")", "(?:", "(?=", "(?!", "|", "*", "+", "?", "{2}", "{1,2}", "{0,}", `\1`, `\2`, "[ab]", "[^a]", "[a-", "]",
		"[[:alpha:]]", `[\d-`, "-", "{", "}", ",", "@", `\`, "\n"}
	for seed := range uint64(4000) {
		r := rand.New(rand.NewPCG(seed, 1))
		var b strings.Builder
		for range 1 + r.IntN(9) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		compareWithOracle(t, o, "generated", b.String(), []string{"", "a", "b", "ab", "ba", "aab", "abab", "a1b", "a\nb", "1", "aa1", "bb", "X@ab,b"})
	}
}

// TestHostileWork has patterns and tags that take std::regex ages: the answer comes in time, or an error.
func TestHostileWork(t *testing.T) {
	long := strings.Repeat("a", 100<<10)
	for _, c := range []struct {
		name, pattern, tag string
		want, fails        bool
	}{
		{"exponential", `^(a*)*b`, long, false, false},
		{"exponential with a lookahead", `^(a*)*(?=b)`, long[:5000], false, false},
		{"never on a long tag", `(?!)`, long, false, false},
		{"everything on a long tag", `.*`, long, true, false},
		{"many states at every byte", strings.Repeat("a?", 20000) + "b", long[:3000], false, false},
		{"references without end", `(a*)*(a*)*\1b`, long[:100], false, true},
		{"deep recursion", `(a)*\1b`, long, false, true},
	} {
		f, err := Compile(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		got, err := f.Match(c.tag)
		if got != c.want || (err != nil) != c.fails {
			t.Errorf("%s: %t, %v", c.name, got, err)
		}
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("%s took %v", c.name, took)
		}
	}
}
