package patterns

import (
	"errors"
	"slices"
	"strings"
)

// A Repair is a set of nodes to keep in f32, as settings. Pos alone and Neg alone, each with the other variables unset, enforce all other
// nodes.
type Repair struct {
	Chosen   string // "pos" or "neg": the shorter that every limit of std::regex and of the environment admits
	Pos, Neg string
	Exact    bool     // false when the settings keep more than was asked for
	AlsoKept []string // those tags, each as often as it is kept too much
}

// ForKeep writes patterns for keeping the nodes with keep set in f32 and enforcing the others. Nodes with the same tag can't be told apart
// by any pattern: where only some are to be kept, all are.
func ForKeep(tags []string, keep []bool) (Repair, error) {
	if len(tags) != len(keep) {
		return Repair{}, errors.New("there must be as many tags as decisions to keep")
	}
	kept := map[string]bool{}
	for i, t := range tags {
		kept[t] = kept[t] || keep[i]
	}
	r := Repair{Chosen: "neg", Exact: true, AlsoKept: []string{}}
	var list []string
	for i, t := range tags {
		if kept[t] && !keep[i] {
			r.Exact, r.AlsoKept = false, append(r.AlsoKept, t)
		}
		if kept[t] {
			list = append(list, quote(t))
		}
	}
	slices.Sort(list)
	list = slices.Compact(list)
	switch names := strings.Join(list, "|"); {
	case len(list) == 0:
		r.Neg, r.Pos, r.Chosen = `(?!)`, `.*`, "pos"
	case len(list) == len(kept):
		r.Neg, r.Pos = `.*`, `(?!)`
	default:
		r.Neg, r.Pos = "^("+names+")$", "^(?!("+names+")$)"
	}
	return r, nil
}

// quote writes text so that it is matched as it is.
func quote(text string) string {
	var b strings.Builder
	for i := range len(text) {
		if strings.IndexByte(`^$\.*+?()[]{}|`, text[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(text[i])
	}
	return b.String()
}
