package patterns

import "errors"

// A Difference is what settings select too little and too much, as indices into the tags.
type Difference struct{ Missing, Extra []int }

// None reports whether the selection is as wanted.
func (d Difference) None() bool { return len(d.Missing)+len(d.Extra) == 0 }

// Prove holds what settings enforce of tags against what is wanted, tag by tag.
func Prove(s Settings, tags []string, wanted []bool) (Difference, error) {
	if len(tags) != len(wanted) {
		return Difference{}, errors.New("there must be as many tags as decisions")
	}
	var d Difference
	selected, err := s.Select(tags)
	if err != nil {
		return d, err
	}
	for i, w := range wanted {
		switch {
		case w && !selected[i]:
			d.Missing = append(d.Missing, i)
		case !w && selected[i]:
			d.Extra = append(d.Extra, i)
		}
	}
	return d, nil
}
