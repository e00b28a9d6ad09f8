package ops

import (
	"fmt"
	"math"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// MulticlassNms (opset8, opset9) and MatrixNms (opset8), with their static forms in the plugin's graph, choose boxes of all classes of an
// image:
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/sort/multiclass-non-max-suppression-9.html
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/sort/matrix-non-max-suppression-8.html
// Everything is computed in f32, as in the plugin.

func init() {
	for _, suffix := range []string{"", "IEInternal"} {
		static := suffix != ""
		register("MulticlassNms"+suffix, func(n *graph.Node) (Op, error) { return newMulticlassNMS(n, static) })
		register("MatrixNms"+suffix, func(n *graph.Node) (Op, error) { return newMatrixNMS(n, static) })
	}
}

// classNMS is what both operations share: inputs are boxes [N, M, 4] and scores [N, C, M]; MulticlassNms also has boxes [C, sum of M, 4],
// scores [C, sum of M] and the number of boxes of each image [N]. Outputs are class, score and corners [K, 6], the indices of the boxes among
// those of all images [K, 1], and how many belong to each image [N].
type classNMS struct {
	choose         func(c []chosen, box func(int) []float32) []chosen // of one class of one image
	keep           func(score float32) bool
	lists          bool // a third input may say how many boxes each image has
	static         bool // every image has as many rows as there may be, the last ones -1
	order          []func(a, b chosen) int
	topK, keepTopK int
	background     int
	indices        tensor.DType
}

func newClassNMS(d *graph.Decoder, static bool) *classNMS {
	o := &classNMS{static: static, topK: d.Int("nms_top_k", -1), keepTopK: d.Int("keep_top_k", -1),
		background: d.Int("background_class", -1), indices: d.DType("output_type", tensor.I64)}
	across := d.Bool("sort_result_across_batch", false)
	switch sorted := d.Enum("sort_result_type", "none", "none", "score", "classid"); {
	case sorted == "score" && across:
		o.order = []func(a, b chosen) int{byScore, byBatch, byClass, byBox}
	case sorted == "classid" && across:
		o.order = []func(a, b chosen) int{byClass, byBatch, byScore, byBox}
	case sorted == "classid":
		o.order = []func(a, b chosen) int{byBatch, byClass, byScore, byBox}
	}
	return o
}

func newMulticlassNMS(n *graph.Node, static bool) (Op, error) {
	d := n.Attrs.Decode()
	o := newClassNMS(d, static)
	threshold, eta := float32(d.Float("score_threshold", 0)), float32(d.Float("nms_eta", 1))
	s := multiclass{limit: float32(d.Float("iou_threshold", 0)), threshold: threshold, eta: eta, topK: o.topK}
	if !d.Bool("normalized", true) {
		s.pixel = 1
	}
	o.lists, o.choose = n.Opset != "opset8", s.choose
	o.keep = func(score float32) bool { return score >= threshold }
	if err := d.Err(); err != nil {
		return nil, err
	}
	return o, wantIndexType(o.indices)
}

func newMatrixNMS(n *graph.Node, static bool) (Op, error) {
	d := n.Attrs.Decode()
	o := newClassNMS(d, static)
	threshold := float32(d.Float("score_threshold", 0))
	s := matrixDecay{gaussian: d.Enum("decay_function", "linear", "gaussian", "linear") == "gaussian", topK: o.topK,
		sigma: float32(d.Float("gaussian_sigma", 2)), threshold: float32(d.Float("post_threshold", 0))}
	if !d.Bool("normalized", true) {
		s.pixel = 1
	}
	o.choose = s.choose
	o.keep = func(score float32) bool { return score > threshold }
	if !d.Bool("sort_result_across_batch", false) {
		o.order = nil // the plugin leaves every image sorted by score, also where classid is asked for
	}
	if err := d.Err(); err != nil {
		return nil, err
	}
	return o, wantIndexType(o.indices)
}

// nmsSizes are the dimensions that the shapes of the inputs imply.
type nmsSizes struct {
	images, classes, boxes int
	shared                 bool // the classes of an image share its boxes
}

func (o *classNMS) sizes(boxes, scores []int, images int) (nmsSizes, error) {
	switch {
	case len(scores) == 3 && boxes[0] == scores[0] && boxes[1] == scores[2]:
		return nmsSizes{boxes[0], scores[1], boxes[1], true}, nil
	case len(scores) == 2 && images >= 0 && boxes[0] == scores[0] && boxes[1] == scores[1]:
		return nmsSizes{images, boxes[0], boxes[1], false}, nil
	}
	return nmsSizes{}, fmt.Errorf("boxes of shape %v and scores of shape %v do not belong together", boxes, scores)
}

// Infer leaves the number of rows open, which Eval decides.
func (o *classNMS) Infer(in []Arg) ([]Spec, error) {
	most := 2
	if o.lists {
		most = 3
	}
	if err := wantInputs(in, 2, most); err != nil {
		return nil, err
	}
	if err := wantFloats(in, 0, 1); err != nil {
		return nil, err
	}
	if err := wantShape(in, 0, -1, -1, 4); err != nil {
		return nil, err
	}
	images := -1
	if len(in) == 3 {
		if err := wantRank(in, 2, 1); err != nil {
			return nil, err
		}
		if err := wantIntegers(in, 2); err != nil {
			return nil, err
		}
		if in[2].Shape != nil {
			images = in[2].Shape[0]
		}
	}
	specs := []Spec{{Type: in[0].Type}, {Type: o.indices}, {Type: o.indices}}
	if !shapesKnown(in) {
		return specs, nil
	}
	s, err := o.sizes(in[0].Shape, in[1].Shape, images)
	if err != nil {
		return nil, err
	}
	specs[2].Shape = []int{s.images}
	if o.static {
		n, err := tensor.Elements([]int{s.images, o.rows(s), 6})
		if err != nil {
			return nil, err
		}
		specs[0].Shape, specs[1].Shape = []int{n / 6, 6}, []int{n / 6, 1}
	}
	return specs, nil
}

// rows is how many rows an image may have.
func (o *classNMS) rows(s nmsSizes) int {
	classes, boxes := s.classes, s.boxes
	if o.background >= 0 && o.background < classes {
		classes--
	}
	if o.topK >= 0 {
		boxes = min(boxes, o.topK)
	}
	if o.keepTopK >= 0 {
		return min(classes*boxes, o.keepTopK)
	}
	return classes * boxes
}

// Eval sets the first two outputs, unless static.
func (o *classNMS) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	var counts []int
	images := -1
	if len(in) == 3 {
		counts = intValues(in[2].Tensor)
		images = len(counts)
	}
	sizes, err := o.sizes(in[0].Shape, in[1].Shape, images)
	if err != nil {
		return err
	}
	e := nmsEvaluation{classNMS: o, nmsSizes: sizes, dtype: in[0].Type, data: f32Values(in[0].Tensor), scores: f32Values(in[1].Tensor)}
	e.divide(counts)
	lists := make([][]chosen, sizes.images)
	w.For(len(lists), 1, func(lo, hi int) {
		for n := lo; n < hi; n++ {
			lists[n] = e.image(n)
		}
	})
	e.store(lists, out)
	return nil
}

// nmsEvaluation is one evaluation.
type nmsEvaluation struct {
	*classNMS
	nmsSizes
	dtype        tensor.DType // of boxes and scores
	data, scores []float32
	start, end   []int // where the boxes of each image lie among those of a class, when they are not shared
}

// divide finds start and end from the number of boxes of each image.
func (e *nmsEvaluation) divide(counts []int) {
	if e.shared {
		return
	}
	at := 0
	for _, c := range counts {
		next := at + min(max(c, 0), e.boxes-at)
		e.start, e.end = append(e.start, at), append(e.end, next)
		at = next
	}
}

// class returns the scores and boxes of a class of image n.
func (e *nmsEvaluation) class(n, class int) ([]float32, func(int) []float32) {
	if e.shared {
		return e.scores[(n*e.classes+class)*e.boxes:][:e.boxes], boxRows(e.data[n*e.boxes*4:], 4)
	}
	first := class*e.boxes + e.start[n]
	return e.scores[first:][:e.end[n]-e.start[n]], boxRows(e.data[first*4:], 4)
}

// image returns what is chosen of image n, best first.
func (e *nmsEvaluation) image(n int) []chosen {
	var all []chosen
	for c := range e.classes {
		if c != e.background {
			scores, box := e.class(n, c)
			all = append(all, e.choose(candidates(scores, n, c, e.keep), box)...)
		}
	}
	slices.SortStableFunc(all, orderOf(byScore, byClass, byBox))
	if e.keepTopK >= 0 {
		all = all[:min(len(all), e.keepTopK)]
	}
	return all
}

// store writes the outputs.
func (e *nmsEvaluation) store(lists [][]chosen, out []*tensor.Tensor) {
	all := slices.Concat(lists...)
	slices.SortStableFunc(all, orderOf(e.order...))
	if !e.static {
		out[0], out[1] = tensor.New(e.dtype, len(all), 6), tensor.New(e.indices, len(all), 1)
	}
	rows, indices := slices.Repeat([]float32{-1}, out[0].Len()), slices.Repeat([]int{-1}, out[1].Len())
	at := 0
	for n, list := range lists {
		if e.static {
			at = n * e.rows(e.nmsSizes)
		}
		for _, c := range all[:len(list)] {
			_, box := e.class(c.batch, c.class)
			copy(rows[6*at:], append([]float32{float32(c.class), c.score}, box(c.box)...))
			indices[at] = e.index(c)
			at++
		}
		all = all[len(list):]
	}
	storeF32s(out[0], rows)
	storeInts(out[1], indices)
	storeInts(out[2], mapValues(lists, func(l []chosen) int { return len(l) }))
}

// index is the place of a box among those of all images and, when they are not shared, classes.
func (e *nmsEvaluation) index(c chosen) int {
	if e.shared {
		return c.batch*e.boxes + c.box
	}
	return (e.start[c.batch]+c.box)*e.classes + c.class
}

// multiclass is the suppression of MulticlassNms.
type multiclass struct {
	limit, threshold, eta, pixel float32
	topK                         int
}

// choose drops candidates that overlap with a better one by the limit or more, which each choice lowers by the factor eta while it is
// above one half.
func (s multiclass) choose(list []chosen, box func(int) []float32) []chosen {
	if s.topK >= 0 {
		list = list[:min(len(list), s.topK)]
	}
	limit, adaptive := s.limit, s.eta >= 0 && s.eta < 1
	var kept []chosen
	for _, c := range list {
		if s.suppressed(c, kept, box, limit, adaptive) {
			continue
		}
		if kept = append(kept, c); adaptive && limit > 0.5 {
			limit *= s.eta
		}
	}
	return kept
}

// suppressed compares with the kept boxes, the last one first. In the plugin's adaptive form a score at the threshold is compared with that
// one only.
func (s multiclass) suppressed(c chosen, kept []chosen, box func(int) []float32, limit float32, adaptive bool) bool {
	for i := len(kept) - 1; i >= 0; i-- {
		if s.overlap(box(c.box), box(kept[i].box)) >= limit {
			return true
		}
		if adaptive && c.score <= s.threshold {
			return false
		}
	}
	return false
}

// overlap is that of boxes with their lower corner first; 0 when one is empty.
func (s multiclass) overlap(a, b []float32) float32 {
	if (a[2]-a[0]+s.pixel)*(a[3]-a[1]+s.pixel) <= 0 || (b[2]-b[0]+s.pixel)*(b[3]-b[1]+s.pixel) <= 0 {
		return 0
	}
	return overlapOrdered(a, b, s.pixel)
}

// matrixDecay is the suppression of MatrixNms: scores decay by the overlaps with all better candidates at once.
type matrixDecay struct {
	gaussian         bool
	topK             int
	sigma, threshold float32
	pixel            float32
}

func (s matrixDecay) choose(list []chosen, box func(int) []float32) []chosen {
	if s.topK >= 0 {
		list = list[:min(len(list), s.topK)]
	}
	largest := make([]float32, len(list)) // overlap of each candidate with a better one
	var kept []chosen
	for i, c := range list {
		decay := float32(1)
		for j, better := range list[:i] {
			o := s.overlap(box(c.box), box(better.box))
			largest[i] = max(largest[i], o)
			decay = min(decay, s.decay(o, largest[j]))
		}
		if c.score *= decay; c.score > s.threshold {
			kept = append(kept, c)
		}
	}
	return kept
}

func (s matrixDecay) decay(overlap, largest float32) float32 {
	if s.gaussian {
		return float32(math.Exp(float64((largest*largest - overlap*overlap) * s.sigma)))
	}
	return float32((1 - float64(overlap)) / (1 - float64(largest) + float64(float32(1e-10))))
}

// overlap is that of boxes with their lower corner first; an inverted box has no area.
func (s matrixDecay) overlap(a, b []float32) float32 {
	if b[0] > a[2] || b[2] < a[0] || b[1] > a[3] || b[3] < a[1] {
		return 0
	}
	both := (min(a[2], b[2]) - max(a[0], b[0]) + s.pixel) * (min(a[3], b[3]) - max(a[1], b[1]) + s.pixel)
	return both / (s.area(a) + s.area(b) - both)
}

func (s matrixDecay) area(b []float32) float32 {
	if b[2] < b[0] || b[3] < b[1] {
		return 0
	}
	return (b[2] - b[0] + s.pixel) * (b[3] - b[1] + s.pixel)
}
