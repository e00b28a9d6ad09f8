package patterns

import (
	"fmt"
	"strconv"
	"strings"
)

// The names of the variables.
const (
	PosVariable   = "OV_CPU_INFER_PRC_POS_PATTERN"
	NegVariable   = "OV_CPU_INFER_PRC_NEG_PATTERN"
	CountVariable = "OV_CPU_INFER_PRC_CNT"
)

// noLimit is the plugin's limit where CNT is unset.
const noLimit = 9999999

// Settings are the three variables. nil is unset; an empty string is set: as Pos it admits every node, as Neg none.
type Settings struct {
	Pos, Neg *string
	Count    *int // k >= 0 lets k+1 nodes through, a negative one none
}

// Select says which of the tags of one graph, given in counting order, the settings enforce. A tag is enforced when Pos is found in it, Neg
// is not, and no more than Count of the tags before it are. A pattern that std::regex would refuse is a *PatternError.
func (s Settings) Select(tags []string) ([]bool, error) {
	pos, err := compileSetting(PosVariable, s.Pos)
	if err != nil {
		return nil, err
	}
	neg, err := compileSetting(NegVariable, s.Neg)
	if err != nil {
		return nil, err
	}
	limit, count := noLimit, 0
	if s.Count != nil {
		limit = *s.Count
	}
	selected := make([]bool, len(tags))
	for i, tag := range tags {
		if selected[i], err = admits(pos, neg, tag); err != nil {
			return nil, err
		}
		if selected[i] = selected[i] && count <= limit; selected[i] {
			count++
		}
	}
	return selected, nil
}

// compileSetting returns nil for a variable that is unset.
func compileSetting(variable string, pattern *string) (*Filter, error) {
	if pattern == nil {
		return nil, nil
	}
	f, err := Compile(*pattern)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", variable, err)
	}
	return f, nil
}

func admits(pos, neg *Filter, tag string) (bool, error) {
	if pos != nil {
		if found, err := pos.Match(tag); err != nil || !found {
			return false, err
		}
	}
	if neg != nil {
		found, err := neg.Match(tag)
		return !found, err
	}
	return true, nil
}

// ParseCount reads the text of CNT as C's atoi does: space, a sign, digits; what follows is ignored, and without digits it is 0. Like glibc's
// it reads 64 bits, where it stops at the largest and smallest number, and keeps the low 32.
func ParseCount(text string) int {
	text = strings.TrimLeft(text, " \t\n\v\f\r")
	digits := strings.TrimLeft(strings.TrimPrefix(text, "-"), "0123456789")
	if !strings.HasPrefix(text, "-") {
		text = strings.TrimPrefix(text, "+")
		digits = strings.TrimLeft(text, "0123456789")
	}
	v, _ := strconv.ParseInt(text[:len(text)-len(digits)], 10, 64) // out of range it is the nearest, of no digits 0
	return int(int32(v))
}
