package engine

import "strings"

// Nearest returns the name that takes fewest edits from text, if that is no more than half of its letters, and one at least.
func Nearest(text string, names []string) (string, bool) {
	const long = 200 // edits cost the product of the lengths
	if len(text) > long {
		return "", false
	}
	best, least := "", max(1, len(text)/2)+1
	for _, name := range names {
		if len(name) > long {
			continue
		}
		if d := edits(fold(text), fold(name)); d < least {
			best, least = name, d
		}
	}
	return best, best != ""
}

// fold drops what is easily confused: case, and the character that joins words.
func fold(s string) string {
	return strings.NewReplacer("_", "-", " ", "-").Replace(strings.ToLower(s))
}

// edits is the number of insertions, deletions and replacements of bytes that turn a into b (Levenshtein).
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
