package patterns

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// quote writes text as a pattern that matches just it. Quotes, backslashes, control characters and bytes that are not UTF-8 become \xHH:
// shells, .env files and terminals disagree about them.
func quote(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		switch c := text[i]; {
		case r == utf8.RuneError && n == 1, c < ' ', c == 0x7f, c == '\'', c == '"', c == '`', c == '\\':
			fmt.Fprintf(&b, `\x%02x`, c)
		case strings.IndexByte(`^$.*+?()[]{}|`, c) >= 0:
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			b.WriteString(text[i : i+n])
		}
		i += n
	}
	return b.String()
}

// alternatives writes list as one alternative after the other, in parentheses if there are several.
func alternatives(list []string) string {
	if len(list) == 1 {
		return list[0]
	}
	return "(" + strings.Join(list, "|") + ")"
}
