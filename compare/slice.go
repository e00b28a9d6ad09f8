package compare

import (
	"fmt"
	"strconv"
	"strings"
)

// A Slice selects a part of an output as numpy's basic indexing does: for each axis an index, which drops the axis, or start:stop:step;
// "..." stands for all axes not named. Its zero value is the whole output.
type Slice []subscript

type subscript struct {
	ellipsis          bool
	index             *int // not a range
	start, stop, step *int
}

// maxRank bounds what a rule may name, as numpy does.
const maxRank = 64

// parseSlice reads what stands between the brackets.
func parseSlice(text string) (Slice, error) {
	parts := strings.Split(text, ",")
	if len(parts) > maxRank {
		return nil, fmt.Errorf("%d subscripts are more than %d", len(parts), maxRank)
	}
	var s Slice
	dots := false
	for _, p := range parts {
		one, err := parseSubscript(strings.TrimSpace(p))
		if err != nil {
			return nil, err
		}
		if one.ellipsis && dots {
			return nil, fmt.Errorf("%q occurs twice", "...")
		}
		dots = dots || one.ellipsis
		s = append(s, one)
	}
	return s, nil
}

func parseSubscript(text string) (subscript, error) {
	if text == "..." {
		return subscript{ellipsis: true}, nil
	}
	var numbers []*int
	for _, p := range strings.Split(text, ":") {
		p = strings.TrimSpace(p)
		if p == "" {
			numbers = append(numbers, nil)
			continue
		}
		n, err := strconv.Atoi(p)
		if err != nil {
			return subscript{}, fmt.Errorf("%q is no subscript: write an index, \"...\" or start:stop:step", text)
		}
		numbers = append(numbers, &n)
	}
	switch {
	case len(numbers) == 1 && numbers[0] != nil:
		return subscript{index: numbers[0]}, nil
	case len(numbers) == 2:
		return subscript{start: numbers[0], stop: numbers[1]}, nil
	case len(numbers) == 3 && (numbers[2] == nil || *numbers[2] != 0):
		return subscript{start: numbers[0], stop: numbers[1], step: numbers[2]}, nil
	case len(numbers) == 3:
		return subscript{}, fmt.Errorf("%q has the step 0", text)
	}
	return subscript{}, fmt.Errorf("%q is no subscript: write an index, \"...\" or start:stop:step", text)
}

// String is the slice with its brackets; nothing for the whole output.
func (s Slice) String() string {
	if len(s) == 0 {
		return ""
	}
	parts := make([]string, len(s))
	for i, one := range s {
		parts[i] = one.String()
	}
	return "[" + strings.Join(parts, ",") + "]"
}

func (s subscript) String() string {
	text := func(n *int) string {
		if n == nil {
			return ""
		}
		return strconv.Itoa(*n)
	}
	switch {
	case s.ellipsis:
		return "..."
	case s.index != nil:
		return text(s.index)
	case s.step != nil:
		return text(s.start) + ":" + text(s.stop) + ":" + text(s.step)
	}
	return text(s.start) + ":" + text(s.stop)
}

// apply returns the part of v that s selects, or an error when v has no such axis or index.
func (s Slice) apply(v view) (view, error) {
	axes := 0
	for _, one := range s {
		if !one.ellipsis {
			axes++
		}
	}
	if axes > len(v.shape) {
		return view{}, fmt.Errorf("%v has %d subscripts for the shape %v", s, axes, v.shape)
	}
	r := view{tensor: v.tensor, offset: v.offset}
	axis := 0
	keep := func(n int) {
		r.shape = append(r.shape, v.shape[axis:axis+n]...)
		r.strides = append(r.strides, v.strides[axis:axis+n]...)
		axis += n
	}
	for _, one := range s {
		switch {
		case one.ellipsis:
			keep(len(v.shape) - axes)
			continue
		case one.index != nil:
			i := *one.index
			if i < 0 {
				i += v.shape[axis]
			}
			if i < 0 || i >= v.shape[axis] {
				return view{}, fmt.Errorf("%v: the index %d is outside axis %d of the shape %v", s, *one.index, axis, v.shape)
			}
			r.offset += i * v.strides[axis]
		default:
			first, step, n := one.bounds(v.shape[axis])
			r.offset += first * v.strides[axis]
			r.shape, r.strides = append(r.shape, n), append(r.strides, step*v.strides[axis])
		}
		axis++
	}
	keep(len(v.shape) - axis)
	return r, nil
}

// bounds is Python's slice.indices: the first index, the step and how many there are on an axis of length n.
func (s subscript) bounds(n int) (first, step, count int) {
	step = 1
	if s.step != nil {
		step = *s.step
	}
	low, high := 0, n
	if step < 0 {
		low, high = -1, n-1
	}
	clip := func(p *int, otherwise int) int {
		if p == nil {
			return otherwise
		}
		i := *p
		if i < 0 {
			i += n
		}
		return min(max(i, low), high)
	}
	if step > 0 {
		first = clip(s.start, low)
		if stop := clip(s.stop, high); stop > first {
			count = (stop-first-1)/step + 1
		}
	} else {
		first = clip(s.start, high)
		if stop := clip(s.stop, low); stop < first {
			count = (first-stop-1)/-max(step, -n-1) + 1
		}
	}
	if count <= 1 {
		step = 1 // however large it was, it leads nowhere
	}
	if count == 0 {
		first = 0
	}
	return first, step, count
}
