package patterns

import (
	"slices"
	"strings"
)

// A mark says what a pattern does with a tag.
type mark uint8

const (
	forbidden mark = iota // it must not be found
	wanted                // it must be found
	free                  // either way: another part of the pattern finds it
)

// A tree holds names by their tokens: modules, each with the separator after it, and numbers.
type tree struct {
	children map[string]*tree // by token
	ends     [3]bool          // marks of the names that end here
	below    [3]int           // marks of all names from here on
	sorted   []string         // the tokens of children, texts first; nil until asked for
	texts    int              // how many are texts
}

// Bounds of the tree: what is longer becomes fewer, longer tokens.
const (
	maxTokens = 1000 // of a name
	maxToken  = 256  // bytes of a module that is one token
)

// tokens splits a name. A separator after a number is a token of its own.
func tokens(name string) []string {
	var r []string
	at := 0
	for _, n := range append(numbers(name), [2]int{len(name), len(name)}) {
		r = appendModules(r, name[at:n[0]], at > 0)
		if n[1] > n[0] {
			r = append(r, name[n[0]:n[1]])
		}
		if at = n[1]; len(r) > maxTokens {
			break
		}
	}
	if at < len(name) {
		r = append(r, name[at:])
	}
	return r
}

func appendModules(r []string, text string, afterNumber bool) []string {
	for len(text) > 0 && len(r) <= maxTokens {
		n := strings.IndexAny(text, "./") + 1
		if n == 0 {
			n = len(text)
		}
		if afterNumber && n != 1 && (text[0] == '_' || text[0] == '-' || text[0] == ':') {
			n = 1
		}
		if n > maxToken {
			n = maxToken / 2
		}
		r = append(r, text[:n])
		text, afterNumber = text[n:], false
	}
	if text != "" {
		r = append(r, text)
	}
	return r
}

func (t *tree) insert(name string, m mark) {
	t.below[m]++
	for _, token := range tokens(name) {
		if t.children == nil {
			t.children = map[string]*tree{}
		}
		child := t.children[token]
		if child == nil {
			child = &tree{}
			t.children[token] = child
		}
		t = child
		t.below[m]++
	}
	t.ends[m] = true
}

// labels returns the tokens that follow, texts and numbers, each sorted; numbers by value. The tree must be complete.
func (t *tree) labels() (texts, numbers []string) {
	if t.sorted == nil {
		for token := range t.children {
			t.sorted = append(t.sorted, token)
		}
		slices.SortFunc(t.sorted, compareLabels)
		t.texts = len(t.sorted)
		for t.texts > 0 && isDigit(t.sorted[t.texts-1][0]) {
			t.texts--
		}
	}
	return t.sorted[:t.texts], t.sorted[t.texts:]
}

// compareLabels orders text by bytes and before numbers, numbers by value.
func compareLabels(a, b string) int {
	switch x, y := isDigit(a[0]), isDigit(b[0]); {
	case x && y:
		return compareNumbers(a, b)
	case x:
		return 1
	case y:
		return -1
	}
	return strings.Compare(a, b)
}

// compareNumbers orders digits by value, and equal values by length.
func compareNumbers(a, b string) int {
	x, y := strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	if len(x) != len(y) {
		return len(x) - len(y)
	}
	if c := strings.Compare(x, y); c != 0 {
		return c
	}
	return len(a) - len(b)
}
