package ops

import (
	"cmp"
	"container/heap"
	"fmt"
	"math"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// NonMaxSuppression (opset1, 3, 4, 5, 9), its static form in the plugin's graph, and NMSRotated (opset13) choose, class by class, the boxes
// with the best scores that overlap little:
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/sort/non-max-suppression-9.html
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/sort/nms-rotated-13.html
// Everything is computed in f32, as in the plugin. Ties go to the lower batch, class and box.

func init() {
	register("NonMaxSuppression", newNMS)
	register("NonMaxSuppressionIEInternal", newNMS)
	register("NMSRotated", newNMS)
}

// nms: inputs are boxes [N, M, 4] (rotated: 5), scores [N, C, M], and optionally the most boxes of a class, the overlap and the score that
// suppress, and the sigma of soft suppression. Outputs are batch, class and box of what is chosen [K, 3], batch, class and score [K, 3], and
// K [1]; before opset5 the first alone.
type nms struct {
	overlap    func(a, b []float32) float32
	size       int // numbers of a box
	descending bool
	static     bool // outputs have as many rows as there may be, the last ones -1
	outputs    int
	indices    tensor.DType
}

func newNMS(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	o := &nms{overlap: overlapCorners, size: 4, outputs: 3, static: n.Op == "NonMaxSuppressionIEInternal",
		descending: d.Bool("sort_result_descending", true), indices: d.DType("output_type", tensor.I64)}
	if d.Enum("box_encoding", "corner", "corner", "center") == "center" || d.Bool("center_point_box", false) {
		o.overlap = overlapCenters
	}
	if n.Op == "NMSRotated" {
		sign := float32(1)
		if !d.Bool("clockwise", true) {
			sign = -1
		}
		o.size, o.overlap = 5, func(a, b []float32) float32 { return overlapRotated(a, b, sign) }
	}
	if slices.Contains([]string{"opset1", "opset3", "opset4"}, n.Opset) {
		o.outputs = 1
	}
	if err := d.Err(); err != nil {
		return nil, err
	}
	return o, wantIndexType(o.indices)
}

// wantIndexType checks the attribute output_type.
func wantIndexType(t tensor.DType) error {
	if t != tensor.I64 && t != tensor.I32 {
		return fmt.Errorf("attribute output_type=%s, want i32 or i64", t)
	}
	return nil
}

// Infer leaves the number of rows open, which Eval decides.
func (o *nms) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 2, 6); err != nil {
		return nil, err
	}
	if err := wantFloats(in, 0, 1); err != nil {
		return nil, err
	}
	for i := 2; i < len(in); i++ {
		if len(in[i].Shape) > 1 || len(in[i].Shape) == 1 && in[i].Shape[0] != 1 {
			return nil, fmt.Errorf("input %d has shape %v, want one element", i, in[i].Shape)
		}
	}
	rows, err := o.rows(in)
	if err != nil {
		return nil, err
	}
	return []Spec{{o.indices, rows}, {tensor.F32, rows}, {o.indices, []int{1}}}[:o.outputs], nil
}

// rows is the shape of the first outputs where it is known.
func (o *nms) rows(in []Arg) ([]int, error) {
	if err := wantShape(in, 0, -1, -1, o.size); err != nil {
		return nil, err
	}
	if err := wantRank(in, 1, 3); err != nil || in[0].Shape == nil || in[1].Shape == nil {
		return nil, err
	}
	if b, s := in[0].Shape, in[1].Shape; b[0] != s[0] || b[1] != s[2] {
		return nil, fmt.Errorf("boxes have shape %v and scores %v: batches or numbers of boxes differ", b, s)
	}
	if !o.static || len(in) > 2 && in[2].Value == nil {
		return nil, nil
	}
	s := in[1].Shape
	most := 0
	if len(in) > 2 {
		most = mostBoxes(in[2].Value, s[2])
	}
	n, err := tensor.Elements([]int{s[0], s[1], most})
	return []int{n, 3}, err
}

// mostBoxes is the number of boxes that a class may have; a negative one stands for all.
func mostBoxes(t *tensor.Tensor, boxes int) int {
	if n := intValues(t)[0]; n >= 0 {
		return min(n, boxes)
	}
	return boxes
}

// Eval sets the outputs, unless static.
func (o *nms) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	boxes, scores, shape := f32Values(in[0].Tensor), f32Values(in[1].Tensor), in[1].Shape
	s := suppression{overlap: o.overlap}
	scalar := func(i int) float32 {
		if len(in) <= i {
			return 0
		}
		return float32(floatValues(in[i].Tensor)[0])
	}
	if s.overlapLimit, s.scoreLimit, s.sigma = scalar(3), scalar(4), scalar(5); len(in) > 2 {
		s.most = mostBoxes(in[2].Tensor, shape[2])
	}
	lists := make([][]chosen, shape[0]*shape[1])
	w.For(len(lists), 1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			batch := i / shape[1]
			c := candidates(slab(scores, i, len(lists)), batch, i%shape[1], func(score float32) bool { return score > s.scoreLimit })
			lists[i] = s.choose(c, boxRows(slab(boxes, batch, shape[0]), o.size))
		}
	})
	all := slices.Concat(lists...)
	if o.descending {
		slices.SortStableFunc(all, orderOf(byScore, byBatch, byClass, byBox))
	}
	o.store(all, out)
	return nil
}

// boxRows returns the function that gives the i-th box of size numbers.
func boxRows(boxes []float32, size int) func(i int) []float32 {
	return func(i int) []float32 { return boxes[i*size:][:size] }
}

// store writes the outputs.
func (o *nms) store(all []chosen, out []*tensor.Tensor) {
	if !o.static {
		out[0] = tensor.New(o.indices, len(all), 3)
		if len(out) > 1 {
			out[1] = tensor.New(tensor.F32, len(all), 3)
		}
	}
	indices := slices.Repeat([]int{-1}, out[0].Len())
	for i, c := range all {
		copy(indices[3*i:], []int{c.batch, c.class, c.box})
	}
	storeInts(out[0], indices)
	if len(out) > 1 {
		rows := out[1].F32s()
		for i := range rows {
			rows[i] = -1
		}
		for i, c := range all {
			copy(rows[3*i:], []float32{float32(c.batch), float32(c.class), c.score})
		}
	}
	if len(out) > 2 {
		storeInts(out[2], []int{len(all)})
	}
}

// chosen is a box of a class, with the score that it was chosen for.
type chosen struct {
	batch, class, box int
	score             float32
}

// Orders of chosen boxes, to be combined.
func byScore(a, b chosen) int { return cmp.Compare(b.score, a.score) }
func byBatch(a, b chosen) int { return cmp.Compare(a.batch, b.batch) }
func byClass(a, b chosen) int { return cmp.Compare(a.class, b.class) }
func byBox(a, b chosen) int   { return cmp.Compare(a.box, b.box) }

// orderOf compares by the first of the orders that tells a and b apart.
func orderOf(orders ...func(a, b chosen) int) func(a, b chosen) int {
	return func(a, b chosen) int {
		for _, o := range orders {
			if c := o(a, b); c != 0 {
				return c
			}
		}
		return 0
	}
}

// candidates are the boxes whose scores keep accepts, best first.
func candidates(scores []float32, batch, class int, keep func(float32) bool) []chosen {
	var list []chosen
	for i, s := range scores {
		if keep(s) {
			list = append(list, chosen{batch, class, i, s})
		}
	}
	slices.SortFunc(list, orderOf(byScore, byBox))
	return list
}

// A suppression chooses boxes of one class.
type suppression struct {
	overlap                         func(a, b []float32) float32
	most                            int
	overlapLimit, scoreLimit, sigma float32
}

func (s *suppression) choose(list []chosen, box func(int) []float32) []chosen {
	if s.sigma > 0 {
		return s.soft(list, box)
	}
	var kept []chosen
	for _, c := range list {
		if len(kept) >= s.most {
			break
		}
		if !slices.ContainsFunc(kept, func(k chosen) bool { return s.overlap(box(c.box), box(k.box)) >= s.overlapLimit }) {
			kept = append(kept, c)
		}
	}
	return kept
}

// soft lowers the score of what overlaps with a chosen box, by exp(-overlap²/2sigma), rather than dropping it: a candidate whose score has
// changed goes back to wait for its new turn.
func (s *suppression) soft(list []chosen, box func(int) []float32) []chosen {
	queue := waiting{}
	for _, c := range list {
		queue = append(queue, waitingBox{c, 0})
	}
	heap.Init(&queue)
	var kept []chosen
	for len(queue) > 0 && len(kept) < s.most {
		c := heap.Pop(&queue).(waitingBox)
		before := c.score
		for i := len(kept) - 1; i >= c.seen && (c.score > s.scoreLimit || i == len(kept)-1); i-- {
			o := s.overlap(box(c.box), box(kept[i].box))
			c.score *= float32(math.Exp(float64(-0.5 / s.sigma * o * o)))
		}
		switch {
		case c.score == before:
			kept = append(kept, c.chosen)
		case c.score > s.scoreLimit:
			c.seen = len(kept)
			heap.Push(&queue, c)
		}
	}
	return kept
}

// waitingBox is a candidate whose score counts the first seen chosen boxes.
type waitingBox struct {
	chosen
	seen int
}

// waiting is a heap of candidates, the best on top.
type waiting []waitingBox

func (q waiting) Len() int           { return len(q) }
func (q waiting) Less(i, j int) bool { return orderOf(byScore, byBox)(q[i].chosen, q[j].chosen) < 0 }
func (q waiting) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }

// Push adds a candidate; it is called by container/heap.
func (q *waiting) Push(x any) { *q = append(*q, x.(waitingBox)) }

// Pop removes the last candidate; it is called by container/heap.
func (q *waiting) Pop() any {
	old := *q
	*q = old[:len(old)-1]
	return old[len(old)-1]
}
