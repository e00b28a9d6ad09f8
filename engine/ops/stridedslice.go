package ops

import (
	"fmt"
	"slices"

	"halfway/engine/graph"
)

// StridedSlice (opset1).
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/movement/strided-slice-1.html
func init() {
	register("StridedSlice", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		m := &sliceMasks{begin: d.Ints("begin_mask"), end: d.Ints("end_mask"), newAxis: d.Ints("new_axis_mask"),
			shrink: d.Ints("shrink_axis_mask"), ellipsis: d.Ints("ellipsis_mask")}
		return rearrangement(m.slice), d.Err()
	})
}

// sliceMasks say how the entries of begin, end and strides are read. An entry that is an ellipsis or a new axis is nothing else.
type sliceMasks struct {
	begin, end []int // the bound is ignored: the axis is taken from its start or to its end
	newAxis    []int // the entry inserts a dimension of 1
	shrink     []int // the entry selects one index and drops the dimension
	ellipsis   []int // the entry stands for all axes that the others do not name
}

func masked(mask []int, i int) bool { return i < len(mask) && mask[i] != 0 }

func (m *sliceMasks) slice(in []Arg) (*pattern, error) {
	if err := wantInputs(in, 3, 4); err != nil {
		return nil, err
	}
	lists, known, err := vectors(in, []string{"begin", "end", "strides"}[:len(in)-1]...)
	if err != nil || !known {
		return nil, err
	}
	begin, end := lists[0], lists[1]
	step := slices.Repeat([]int{1}, len(begin))
	if len(lists) == 3 {
		step = lists[2]
	}
	if len(end) != len(begin) || len(step) != len(begin) {
		return nil, fmt.Errorf("begin %v, end %v and strides %v differ in length", begin, end, step)
	}
	rest, err := m.unnamedAxes(len(begin), len(in[0].Shape))
	if err != nil {
		return nil, err
	}
	s := slicer{shape: in[0].Shape, from: dense(in[0].Shape), out: pattern{shape: []int{}}}
	for i := range begin {
		if err := m.entry(&s, i, begin[i], end[i], step[i], rest); err != nil {
			return nil, err
		}
	}
	s.keep(len(s.shape) - s.axis)
	return &s.out, nil
}

// unnamedAxes is the number of axes that no entry but an ellipsis names.
func (m *sliceMasks) unnamedAxes(entries, rank int) (int, error) {
	rest, ellipses := rank, 0
	for i := range entries {
		switch {
		case masked(m.ellipsis, i):
			ellipses++
		case !masked(m.newAxis, i):
			rest--
		}
	}
	if ellipses > 1 {
		return 0, fmt.Errorf("ellipsis_mask %v has more than one ellipsis", m.ellipsis)
	}
	if rest < 0 {
		return 0, fmt.Errorf("begin names %d axes of an input of rank %d", rank-rest, rank)
	}
	return rest, nil
}

func (m *sliceMasks) entry(s *slicer, i, begin, end, step, rest int) error {
	switch {
	case masked(m.ellipsis, i):
		s.keep(rest)
		return nil
	case masked(m.newAxis, i):
		s.add(1, 0)
		return nil
	case masked(m.shrink, i):
		if masked(m.begin, i) {
			begin = 0
		}
		index, err := normalizeAxis(begin, s.shape[s.axis])
		if err != nil {
			return fmt.Errorf("begin %d is outside dimension %d of %v", begin, s.axis, s.shape)
		}
		s.out.from.offset += index * s.from.strides[s.axis]
		s.axis++
		return nil
	case step == 0:
		return fmt.Errorf("stride %d is zero", i)
	}
	size := s.shape[s.axis]
	if masked(m.begin, i) {
		begin = 0
		if step < 0 {
			begin = size - 1
		}
	}
	if masked(m.end, i) {
		end = size
		if step < 0 {
			end = -size - 1
		}
	}
	first, n := sliceRange(size, begin, end, step)
	if n > 0 {
		s.out.from.offset += first * s.from.strides[s.axis]
	}
	s.add(n, step*s.from.strides[s.axis])
	s.axis++
	return nil
}

// A slicer builds a pattern axis by axis.
type slicer struct {
	shape []int // of the input
	from  layout
	axis  int // of the input: the next one
	out   pattern
}

func (s *slicer) add(n, stride int) {
	s.out.shape = append(s.out.shape, n)
	s.out.from.strides = append(s.out.from.strides, stride)
}

// keep takes the next n axes whole.
func (s *slicer) keep(n int) {
	for range n {
		s.add(s.shape[s.axis], s.from.strides[s.axis])
		s.axis++
	}
}
