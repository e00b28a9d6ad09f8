package patterns

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// caretContext is how many bytes of a pattern are shown on either side of an error.
const caretContext = 60

// caret shows pattern, indented, with a caret under the byte at offset. Of a long pattern it shows the surroundings.
func caret(pattern string, offset int) string {
	from, to := max(0, offset-caretContext), min(len(pattern), offset+caretContext)
	before := printable(pattern[from:offset])
	after := printable(pattern[offset:to])
	if from > 0 {
		before = "..." + before
	}
	if to < len(pattern) {
		after += "..."
	}
	return "  " + before + after + "\n  " + strings.Repeat(" ", columns(before)) + "^"
}

// shorten is text fit to be read in a message.
func shorten(text string) string {
	if len(text) > caretContext {
		return printable(text[:caretContext]) + "..."
	}
	return printable(text)
}

// printable is text with what a terminal would not show as it is, escaped.
func printable(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && n == 1 || r < ' ':
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
		i += n
	}
	return b.String()
}

// columns is the width of printable text on a terminal.
func columns(text string) int {
	n := 0
	for _, r := range text {
		switch {
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul):
			n += 2
		case !unicode.In(r, unicode.Mn, unicode.Me):
			n++
		}
	}
	return n
}
