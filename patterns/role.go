package patterns

import (
	"regexp"
	"strings"
)

// number finds the numbers of a name. A dimension such as the 2d of conv2d is part of an operation's word.
var number = regexp.MustCompile(`[1-3][dD](?:[^0-9A-Za-z]|$)|[0-9]+`)

// numbers returns where the numbers of a name are, as pairs of offsets.
func numbers(name string) [][2]int {
	var r [][2]int
	for at := 0; at < len(name); {
		m := number.FindStringIndex(name[at:])
		if m == nil {
			break
		}
		from, to := at+m[0], at+m[1]
		at = to
		if digits := strings.TrimLeft(name[from:to], "0123456789"); digits == "" {
			r = append(r, [2]int{from, to})
		} else if from == 0 || !isLetter(name[from-1]) { // "2d" alone is no operation's word
			r = append(r, [2]int{from, from + 1})
			at = from + 1
		} else {
			at = from + 2
		}
	}
	return r
}

// Role is a name with its numbers replaced by (\d+): what the same module has in common in every layer. Digits count as a number inside an
// identifier too (layer1, block2a), except for the dimension that ends an operation's word (conv2d, MaxPool1D).
func Role(name string) string {
	var b strings.Builder
	at := 0
	for _, n := range numbers(name) {
		b.WriteString(name[at:n[0]])
		b.WriteString(`(\d+)`)
		at = n[1]
	}
	b.WriteString(name[at:])
	return b.String()
}

// Block is the start of a name up to its first numbered module, such as __module.model.layers.3 or /encoder/layer.0: what the nodes of one
// layer have in common. It is "" where no number ends a module of a path.
func Block(name string) string {
	for _, n := range numbers(name) {
		if n[0] > 0 && n[1] < len(name) && (name[n[1]] == '.' || name[n[1]] == '/') {
			return name[:n[1]]
		}
	}
	return ""
}
