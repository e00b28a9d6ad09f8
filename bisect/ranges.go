package bisect

import (
	"strconv"

	"halfway/engine"
)

// ranges writes the positions of a set of n candidates as a journal has them: "0-41,57", "" for the empty set. Equal sets have equal texts.
func ranges(set engine.Set, n int) string {
	var b []byte
	for i := 0; i < n; i++ {
		if !set.Has(i) {
			continue
		}
		first := i
		for i+1 < n && set.Has(i+1) {
			i++
		}
		if len(b) > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(first), 10)
		if i > first {
			b = append(b, '-')
			b = strconv.AppendInt(b, int64(i), 10)
		}
	}
	return string(b)
}
