package ops

import (
	"fmt"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// EmbeddingBagOffsetsSum, EmbeddingBagPackedSum, EmbeddingSegmentsSum (opset3), EmbeddingBagOffsets and EmbeddingBagPacked (opset15): sums or means
// of the rows of a table that bags of indices name, each row times a weight where there are any. An empty bag is the row of the default index,
// without a weight, or zeros where there is none (absent or, but for segments, negative).
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/sparse/embedding-bag-offsets-15.html
func init() {
	for op, kind := range map[string]string{"EmbeddingBagOffsetsSum": "offsets", "EmbeddingBagOffsets": "offsets",
		"EmbeddingBagPackedSum": "packed", "EmbeddingBagPacked": "packed", "EmbeddingSegmentsSum": "segments"} {
		register(op, func(n *graph.Node) (Op, error) {
			d := n.Attrs.Decode()
			return embedding{kind: kind, mean: d.Enum("reduction", "sum", "sum", "mean") == "mean"}, d.Err()
		})
	}
}

type embedding struct {
	kind string // how the bags are given: by "offsets" of their starts, "packed" as rows of a matrix, or as "segments" by the number of each index
	mean bool
}

// inputs says which optional input is which; -1 where there is none.
func (e embedding) inputs(in []Arg) (fallback, weights int, err error) {
	first, most := 3, 5 // inputs before the optional ones, and all
	switch e.kind {
	case "packed":
		if err := wantInputs(in, 2, 3); err != nil || len(in) == 2 {
			return -1, -1, err
		}
		return -1, 2, nil
	case "segments":
		first, most = 4, 6
	}
	fallback, weights = -1, -1
	if len(in) > first {
		fallback = first
	}
	if len(in) > first+1 {
		weights = first + 1
	}
	return fallback, weights, wantInputs(in, 3, most)
}

func (e embedding) Infer(in []Arg) ([]Spec, error) {
	fallback, weights, err := e.inputs(in)
	if err != nil {
		return nil, err
	}
	if err := e.check(in, fallback, weights); err != nil {
		return nil, err
	}
	spec := Spec{Type: in[0].Type}
	bags, ok, err := e.bags(in)
	if err != nil || !ok || in[0].Shape == nil {
		return []Spec{spec}, err
	}
	spec.Shape = slices.Concat([]int{bags}, in[0].Shape[1:])
	_, err = tensor.Elements(spec.Shape)
	return []Spec{spec}, err
}

func (e embedding) check(in []Arg, fallback, weights int) error {
	if err := wantNumeric(in, 0); err != nil {
		return err
	}
	if s := in[0].Shape; s != nil && len(s) < 1 {
		return fmt.Errorf("input 0 (table) has shape %v, want rows", s)
	}
	rank := 1
	if e.kind == "packed" {
		rank = 2
	} else {
		if err := wantIntegers(in, 2); err != nil {
			return err
		}
		if err := wantRank(in, 2, 1); err != nil {
			return err
		}
	}
	if e.kind == "segments" && in[1].Shape != nil {
		if err := wantShape(in, 2, in[1].Shape...); err != nil {
			return err
		}
	}
	if err := wantRank(in, 1, rank); err != nil {
		return err
	}
	if err := wantIntegers(in, 1); err != nil {
		return err
	}
	if fallback >= 0 {
		if _, _, err := scalar(in, fallback, "default_index"); err != nil {
			return err
		}
	}
	if weights < 0 {
		return nil
	}
	if e.mean {
		return fmt.Errorf("has weights, which a mean does not take")
	}
	if err := wantOneType(in, 0, weights); err != nil {
		return err
	}
	if in[1].Shape == nil {
		return nil
	}
	return wantShape(in, weights, in[1].Shape...)
}

// bags is the number of bags; ok is false while it is not known.
func (e embedding) bags(in []Arg) (n int, ok bool, err error) {
	switch {
	case e.kind == "segments" && len(in) > 3:
		n, ok, err = scalar(in, 3, "num_segments")
	case e.kind == "segments":
		return segmentCount(in, 2)
	case e.kind == "packed" && in[1].Shape != nil:
		n, ok = in[1].Shape[0], true
	case e.kind == "offsets" && in[2].Shape != nil:
		n, ok = in[2].Shape[0], true
	}
	return n, ok, err
}

// segmentCount is one more than the last of the segment numbers in input i.
func segmentCount(in []Arg, i int) (n int, ok bool, err error) {
	ids, err := vector(in, i, "segment_ids")
	if err != nil || ids == nil {
		return 0, false, err
	}
	if len(ids) > 0 {
		n = slices.Max(ids) + 1
	}
	return max(n, 0), true, nil
}

// bounds are the starts of the bags in the list of indices, and its end.
func (e embedding) bounds(in []Operand, bags int) ([]int, error) {
	all := in[1].Len()
	starts := make([]int, 0, bags+1)
	switch e.kind {
	case "packed":
		for b := range bags {
			starts = append(starts, b*in[1].Shape[1])
		}
	case "offsets":
		starts = append(starts, intValues(in[2].Tensor)...)
	default:
		ids := intValues(in[2].Tensor)
		if !slices.IsSorted(ids) || len(ids) > 0 && ids[0] < 0 {
			return nil, fmt.Errorf("segment_ids %v are not ascending from 0", ids)
		}
		for i, at := 0, 0; i <= bags; i++ {
			for at < len(ids) && ids[at] < i {
				at++
			}
			starts = append(starts, at)
		}
		return starts, nil
	}
	starts = append(starts, all)
	if !slices.IsSorted(starts) || starts[0] < 0 {
		return nil, fmt.Errorf("offsets %v are not ascending from 0 to %d, the number of indices", starts[:bags], all)
	}
	return starts, nil
}

func (e embedding) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	if out[0].Len() == 0 {
		return nil
	}
	fallback, weights, err := e.inputs(argsOf(in))
	if err != nil {
		return err
	}
	b := bagging{indices: intValues(in[1].Tensor), fallback: -1, mean: e.mean, width: product(in[0].Shape[1:])}
	if b.starts, err = e.bounds(in, out[0].Shape[0]); err != nil {
		return err
	}
	rows := in[0].Shape[0]
	if fallback >= 0 {
		if b.fallback = intValues(in[fallback].Tensor)[0]; b.fallback < 0 && e.kind == "segments" {
			return fmt.Errorf("default_index is %d, want a row of the table", b.fallback)
		}
	}
	if i := slices.IndexFunc(b.indices, func(v int) bool { return v < 0 || v >= rows }); i >= 0 || b.fallback >= rows {
		return fmt.Errorf("index %v (default %d) is outside a table of %d rows", b.indices[max(i, 0):max(i+1, 0)], b.fallback, rows)
	}
	if weights >= 0 {
		b.weights = in[weights].Tensor
	}
	sum := byNumber(out[0], sumBags[float32], sumBags[float64], sumBags[int64], sumBags[int32], sumBags[int16], sumBags[int8],
		sumBags[uint64], sumBags[uint32], sumBags[uint16], sumBags[uint8])
	bags := out[0].Shape[0]
	w.For(bags, 1+cheapGrain*bags/(1+len(b.indices)*b.width), func(lo, hi int) { sum(&b, in[0].Tensor, out[0], lo, hi) })
	return nil
}

// A bagging is what all bags of one evaluation share.
type bagging struct {
	indices, starts []int
	fallback        int // row of empty bags, or negative
	weights         *tensor.Tensor
	mean            bool
	width           int
}

// sumBags computes bags lo to hi.
func sumBags[E number](b *bagging, in, out *tensor.Tensor, lo, hi int) {
	table, dst := tensor.Data[E](in), tensor.Data[E](out)
	var weights []E
	if b.weights != nil {
		weights = tensor.Data[E](b.weights)
	}
	row := func(i int) []E { return table[i*b.width:][:b.width] }
	for ; lo < hi; lo++ {
		sum, from, to := dst[lo*b.width:][:b.width], b.starts[lo], b.starts[lo+1]
		clear(sum)
		if from == to && b.fallback >= 0 {
			copy(sum, row(b.fallback))
		}
		for i := from; i < to; i++ {
			addRow(sum, row(b.indices[i]), weights, i)
		}
		if n := to - from; b.mean && n > 1 {
			for j, v := range sum {
				sum[j] = mean(v, n)
			}
		}
		roundTo(out.Type, sum)
	}
}

// addRow adds row, times weight i where there are any.
func addRow[E number](sum, row, weights []E, i int) {
	if weights == nil {
		for j, v := range row {
			sum[j] += v
		}
		return
	}
	weight := weights[i]
	for j, v := range row {
		sum[j] += E(v * weight)
	}
}
