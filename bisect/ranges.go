package bisect

import (
	"fmt"
	"strconv"
	"strings"

	"halfway/engine"
)

// ranges writes the positions of a set as a journal has them: "0-41,57", "" for the empty set. Equal sets have equal texts.
func ranges(set engine.Set) string {
	var b []byte
	for first, last := range set.Runs {
		if len(b) > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(first), 10)
		if last > first {
			b = append(b, '-')
			b = strconv.AppendInt(b, int64(last), 10)
		}
	}
	return string(b)
}

// parseRanges reads what ranges wrote of a set of n candidates.
func parseRanges(text string, n int) (engine.Set, error) {
	set := engine.NewSet(n)
	if text == "" {
		return set, nil
	}
	for _, part := range strings.Split(text, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		i, err := strconv.Atoi(first)
		end, err2 := strconv.Atoi(last)
		if err != nil || err2 != nil || i < 0 || end < i || end >= n {
			return engine.Set{}, fmt.Errorf("%q is no range of %d candidates", part, n)
		}
		for ; i <= end; i++ {
			set.Add(i)
		}
	}
	return set, nil
}
