package ops

import (
	"fmt"
	"slices"
)

// normalizeAxis counts a negative axis from the end and checks it.
func normalizeAxis(axis, rank int) (int, error) {
	a := axis
	if a < 0 {
		a += rank
	}
	if a < 0 || a >= rank {
		return 0, fmt.Errorf("axis %d is out of range for rank %d", axis, rank)
	}
	return a, nil
}

// normalizeAxes normalizes, sorts and removes duplicates.
func normalizeAxes(axes []int, rank int) ([]int, error) {
	r := make([]int, len(axes))
	for i, a := range axes {
		var err error
		if r[i], err = normalizeAxis(a, rank); err != nil {
			return nil, err
		}
	}
	slices.Sort(r)
	return slices.Compact(r), nil
}

// product is the number of elements of dims, a part of a shape that has been checked.
func product(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}
