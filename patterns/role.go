package patterns

import "strings"

// numbers returns where the numbers of a name are, as pairs of offsets.
func numbers(name string) [][2]int {
	var r [][2]int
	for at := 0; at < len(name); at++ {
		if !isDigit(name[at]) {
			continue
		}
		from := at
		for at < len(name) && isDigit(name[at]) {
			at++
		}
		if !isDimension(name, from, at) {
			r = append(r, [2]int{from, at})
		}
	}
	return r
}

// isDimension reports whether the digits from from to to are the dimension that ends an operation's word, the 2 of conv2d.
func isDimension(name string, from, to int) bool {
	return to-from == 1 && name[from] >= '1' && name[from] <= '3' && from > 0 && isLetter(name[from-1]) &&
		to < len(name) && name[to]|0x20 == 'd' && (to+1 == len(name) || !isLetter(name[to+1]) && !isDigit(name[to+1]))
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
