package ops

import (
	"cmp"
	"fmt"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// TopK (opset1, opset3, opset11): the k largest or smallest elements of each line of an axis and their indices. Of equal elements the one with
// the lower index comes first, in the selection and in the order. The plugin does so where the node is marked stable; elsewhere the place of equal
// elements depends on which of its algorithms runs. Sort "none" orders by value, as there.
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/sort/top-k-11.html
func init() {
	register("TopK", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		d.Required("axis", "mode", "sort")
		t := &topK{axis: d.Int("axis", 0), largest: d.Enum("mode", "", "max", "min") == "max",
			byIndex: d.Enum("sort", "", "value", "index", "none") == "index", indices: d.DType("index_element_type", tensor.I32)}
		return t, d.Err()
	})
}

type topK struct {
	axis             int
	largest, byIndex bool
	indices          tensor.DType
}

func (t *topK) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 2, 2); err != nil {
		return nil, err
	}
	if in[0].Type == tensor.Bool {
		return nil, fmt.Errorf("input 0 is boolean, want numbers")
	}
	if t.indices != tensor.I32 && t.indices != tensor.I64 {
		return nil, fmt.Errorf("index_element_type is %s, want i32 or i64", t.indices)
	}
	specs := []Spec{{Type: in[0].Type}, {Type: t.indices}}
	k, ok, err := scalar(in, 1, "k")
	if err != nil || !ok || in[0].Shape == nil {
		return specs, err
	}
	axis, err := normalizeAxis(t.axis, len(in[0].Shape))
	if err != nil {
		return nil, err
	}
	if k < 0 || k > in[0].Shape[axis] {
		return nil, fmt.Errorf("k is %d, but axis %d of %v has %d elements", k, axis, in[0].Shape, in[0].Shape[axis])
	}
	shape := slices.Clone(in[0].Shape)
	shape[axis] = k
	specs[0].Shape, specs[1].Shape = shape, shape
	return specs, nil
}

func (t *topK) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	axis, err := normalizeAxis(t.axis, len(in[0].Shape))
	if err != nil || out[0].Len() == 0 {
		return err
	}
	l := axisLines{picks: out[0].Shape[axis], size: in[0].Shape[axis], stride: product(in[0].Shape[axis+1:])}
	lines := out[0].Len() / l.picks
	positions := make([]int, out[0].Len())
	find := byNumber(in[0].Tensor, topLines[float32], topLines[float64], topLines[int64], topLines[int32], topLines[int16], topLines[int8],
		topLines[uint64], topLines[uint32], topLines[uint16], topLines[uint8])
	w.For(lines, 1+cheapGrain/8/l.size, func(lo, hi int) { find(t, l, in[0].Tensor, out[0], positions, lo, hi) })
	putInts(out[1], func(i int) int { return positions[i] })
	return nil
}

// topLines selects in lines lo to hi.
func topLines[E number](t *topK, l axisLines, in, out *tensor.Tensor, indices []int, lo, hi int) {
	src, dst := tensor.Data[E](in), tensor.Data[E](out)
	s := selection[E]{largest: t.largest, values: make([]E, l.size), chosen: make([]int, l.picks)}
	for ; lo < hi; lo++ {
		outer, inner := lo/l.stride, lo%l.stride
		from, to := outer*l.size*l.stride+inner, outer*l.picks*l.stride+inner
		for i := range s.values {
			s.values[i] = src[from+i*l.stride]
		}
		s.run()
		if t.byIndex {
			slices.Sort(s.chosen)
		}
		for j, i := range s.chosen {
			dst[to+j*l.stride], indices[to+j*l.stride] = s.values[i], i
		}
	}
}

// A selection finds the best elements of one line.
type selection[E number] struct {
	largest bool
	values  []E
	chosen  []int // their indices, the best first
}

// before orders indices by their elements; NaN is smaller than all others.
func (s *selection[E]) before(a, b int) int {
	c := cmp.Compare(s.values[a], s.values[b])
	if s.largest {
		c = -c
	}
	if c == 0 {
		c = cmp.Compare(a, b)
	}
	return c
}

// run keeps the best elements so far in a heap with the worst of them at the top.
func (s *selection[E]) run() {
	h := s.chosen
	for i := range h {
		h[i] = i
	}
	for i := len(h)/2 - 1; i >= 0; i-- {
		s.sink(i)
	}
	for i := len(h); i < len(s.values); i++ {
		if s.before(i, h[0]) < 0 {
			h[0] = i
			s.sink(0)
		}
	}
	slices.SortFunc(h, s.before)
}

// sink moves element i of the heap down to its place.
func (s *selection[E]) sink(i int) {
	h := s.chosen
	for {
		worst := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(h); c++ {
			if s.before(h[c], h[worst]) > 0 {
				worst = c
			}
		}
		if worst == i {
			return
		}
		h[i], h[worst] = h[worst], h[i]
		i = worst
	}
}
