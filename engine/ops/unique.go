package ops

import (
	"cmp"
	"fmt"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// Unique (opset10): the different elements of an array, or the different slices of an axis; the index where each is first, the place of every
// element among them, and their counts. They are sorted (slices lexicographically), or in the order in which they come first.
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/sort/unique-10.html
func init() {
	register("Unique", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		u := unique{sorted: d.Bool("sorted", true), index: d.DType("index_element_type", tensor.I64), count: d.DType("count_element_type", tensor.I64)}
		for _, t := range []tensor.DType{u.index, u.count} {
			if t != tensor.I64 && t != tensor.I32 && d.Err() == nil {
				return nil, fmt.Errorf("indices and counts are %s, want i64 or i32", t)
			}
		}
		return u, d.Err()
	})
}

type unique struct {
	sorted       bool
	index, count tensor.DType
}

func (u unique) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 1, 2); err != nil {
		return nil, err
	}
	specs := []Spec{{Type: in[0].Type}, {Type: u.index}, {Type: u.index}, {Type: u.count}} // Eval decides how many there are
	if len(in) == 2 {
		if err := wantIntegers(in, 1); err != nil {
			return nil, err
		}
		if in[0].Shape != nil {
			_, _, err := axisInput(in, 1, len(in[0].Shape))
			return specs, err
		}
	}
	return specs, nil
}

func (u unique) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	data, axis := in[0].Reshape(in[0].Len()), 0
	if len(in) == 2 {
		var err error
		if axis, _, err = axisInput(argsOf(in), 1, len(in[0].Shape)); err != nil {
			return err
		}
		data = in[0].Tensor
	}
	if data.Len() == 0 && data.Shape[axis] > 0 {
		return fmt.Errorf("the slices of axis %d of %v have no elements", axis, data.Shape)
	}
	lines := slicesAlong(w, data, axis)
	compare := byNumber(data, compareRows[float32], compareRows[float64], compareRows[int64], compareRows[int32], compareRows[int16],
		compareRows[int8], compareRows[uint64], compareRows[uint32], compareRows[uint16], compareRows[uint8])(lines)
	first, place, counts := group(lines.Shape[0], compare)
	if !u.sorted {
		byAppearance(first, place, counts)
	}
	shape := slices.Clone(data.Shape)
	shape[axis] = len(first)
	results := make([]*tensor.Tensor, 4)
	results[0] = tensor.New(data.Type, shape...)
	p := &gathering{batches: 1, groups: product(shape[:axis]), size: data.Shape[axis], picks: len(first), width: product(shape[axis+1:]),
		indices: first}
	if results[0].Len() > 0 {
		byWidth(data, gatherRows[uint8], gatherRows[uint16], gatherRows[uint32], gatherRows[uint64])(w, p, results[0], data)
	}
	for i, list := range [][]int{first, place, counts} {
		t := u.index
		if i == 2 {
			t = u.count
		}
		results[i+1] = tensor.New(t, len(list))
		putInts(results[i+1], func(j int) int { return list[j] })
	}
	copy(out, results) // the node may have fewer outputs
	return nil
}

// slicesAlong returns the slices of an axis as the rows of a matrix.
func slicesAlong(w *kernel.Workers, t *tensor.Tensor, axis int) *tensor.Tensor {
	order, from := []int{t.Shape[axis]}, dense(t.Shape)
	strides, width := []int{from.strides[axis]}, 1
	for i, d := range t.Shape {
		if i != axis {
			order, strides, width = append(order, d), append(strides, from.strides[i]), width*d
		}
	}
	rows := tensor.New(t.Type, t.Shape[axis], width)
	move(w, order, rows, dense(order), t, layout{strides: strides})
	return rows
}

func compareRows[E number](t *tensor.Tensor) func(a, b int) int {
	d, width := elements[E](t), t.Shape[1]
	return func(a, b int) int { return slices.Compare(d[a*width:][:width], d[b*width:][:width]) }
}

// group sorts n rows and returns the first of each group of equal ones, the group of every row, and the sizes of the groups.
func group(n int, compare func(a, b int) int) (first, place, counts []int) {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(compare(a, b), cmp.Compare(a, b)) })
	place = make([]int, n)
	for k, i := range order {
		if k == 0 || compare(order[k-1], i) != 0 {
			first, counts = append(first, i), append(counts, 0)
		}
		place[i] = len(first) - 1
		counts[len(first)-1]++
	}
	return first, place, counts
}

// byAppearance renumbers the groups by their first members.
func byAppearance(first, place, counts []int) {
	order := make([]int, len(first))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(first[a], first[b]) })
	renumbered := make([]int, len(first))
	oldFirst, oldCounts := slices.Clone(first), slices.Clone(counts)
	for k, g := range order {
		renumbered[g], first[k], counts[k] = k, oldFirst[g], oldCounts[g]
	}
	for i, g := range place {
		place[i] = renumbered[g]
	}
}
