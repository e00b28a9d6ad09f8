package ops

import (
	"cmp"
	"fmt"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// ExperimentalDetectronDetectionOutput, ExperimentalDetectronPriorGridGenerator and ExperimentalDetectronTopKROIs (opset6):
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/detection/experimental-detectron-detection-output-6.html
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/detection/experimental-detectron-prior-grid-generator-6.html
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/sort/experimental-detectron-top-krois-6.html
// Everything is computed in f32, as in the plugin.

func init() {
	register("ExperimentalDetectronDetectionOutput", newDetectronOutput)
	register("ExperimentalDetectronPriorGridGenerator", newPriorGridGenerator)
	register("ExperimentalDetectronTopKROIs", newTopKROIs)
}

// detectronOutput: inputs are regions [R, 4], offsets [R, classes*4], scores [R, classes] and the image's size, which does not matter;
// outputs are boxes [most, 4], classes [most] and scores [most], the last ones 0. Class 0 is the background.
type detectronOutput struct {
	threshold, overlap, maxLogSize float32
	classes, perClass, most        int
	weights                        []float64 // that the offsets are divided by
}

func newDetectronOutput(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	d.Required("score_threshold", "nms_threshold", "num_classes", "post_nms_count", "max_detections_per_image", "max_delta_log_wh", "deltas_weights")
	o := &detectronOutput{threshold: float32(d.Float("score_threshold", 0)), overlap: float32(d.Float("nms_threshold", 0)),
		maxLogSize: float32(d.Float("max_delta_log_wh", 0)), classes: d.Int("num_classes", 0), perClass: d.Int("post_nms_count", 0),
		most: d.Int("max_detections_per_image", 0), weights: d.Floats("deltas_weights")}
	if err := d.Err(); err != nil {
		return nil, err
	}
	if len(o.weights) != 4 || o.classes < 1 || o.classes > 1<<20 {
		return nil, fmt.Errorf("%d weights and %d classes, want 4 and 1 to %d", len(o.weights), o.classes, 1<<20)
	}
	return o, wantCounts(1, o.most)
}

func (o *detectronOutput) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 4, 4); err != nil {
		return nil, err
	}
	if err := wantFloats(in, 0, 1, 2); err != nil {
		return nil, err
	}
	rois := -1
	if in[0].Shape != nil {
		if err := wantShape(in, 0, -1, 4); err != nil {
			return nil, err
		}
		rois = in[0].Shape[0]
	}
	if err := wantShape(in, 1, rois, 4*o.classes); err != nil {
		return nil, err
	}
	if err := wantShape(in, 2, rois, o.classes); err != nil {
		return nil, err
	}
	t := in[0].Type
	return []Spec{{t, []int{o.most, 4}}, {tensor.I32, []int{o.most}}, {t, []int{o.most}}}, nil
}

func (o *detectronOutput) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	rois, deltas, scores := f32Values(in[0].Tensor), f32Values(in[1].Tensor), f32Values(in[2].Tensor)
	lists := make([][]detectedBox, o.classes)
	w.For(o.classes-1, 1, func(lo, hi int) {
		for c := lo + 1; c < hi+1; c++ {
			lists[c] = o.class(c, rois, deltas, scores)
		}
	})
	all := slices.Concat(lists...)
	if len(all) > o.most {
		slices.SortStableFunc(all, func(a, b detectedBox) int { return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.roi, b.roi)) })
		all = all[:o.most]
	}
	boxes, classes, probabilities := make([]float32, 4*o.most), make([]int, o.most), make([]float32, o.most)
	for i, d := range all {
		copy(boxes[4*i:], d.box[:])
		classes[i], probabilities[i] = d.class, d.score
	}
	storeF32s(out[0], boxes)
	if len(out) > 1 {
		storeInts(out[1], classes)
	}
	if len(out) > 2 {
		storeF32s(out[2], probabilities)
	}
	return nil
}

// detectedBox is a region moved for a class.
type detectedBox struct {
	regionBox
	class, roi int
}

// class returns the boxes that are kept of a class, best first.
func (o *detectronOutput) class(c int, rois, deltas, scores []float32) []detectedBox {
	var list []detectedBox
	for i := range len(rois) / 4 {
		roi, score := [4]float32(rois[4*i:]), scores[i*o.classes+c]
		if roi[2] > roi[0] && roi[3] > roi[1] && score > o.threshold {
			box := o.move(roi, deltas[4*(i*o.classes+c):][:4])
			list = append(list, detectedBox{regionBox{box: box, score: score}, c, i})
		}
	}
	slices.SortStableFunc(list, func(a, b detectedBox) int { return cmp.Compare(b.score, a.score) })
	var kept []detectedBox
	for _, d := range list {
		overlaps := func(k detectedBox) bool { return overlapTouching(k.box, d.box, 1) > o.overlap }
		if !slices.ContainsFunc(kept, overlaps) {
			kept = append(kept, d)
		}
		if len(kept) == o.perClass {
			break
		}
	}
	return kept
}

func (o *detectronOutput) move(roi [4]float32, offsets []float32) [4]float32 {
	var delta [4]float32
	for k, v := range offsets {
		delta[k] = v / float32(o.weights[k])
	}
	delta[2], delta[3] = min(delta[2], o.maxLogSize), min(delta[3], o.maxLogSize)
	box := moveBox(roi, delta, 1, 1)
	for i, v := range box {
		box[i] = max(v, 0)
	}
	return box
}

// priorGridGenerator: inputs are boxes [A, 4], a feature map [1, C, H, W] and an image, of which the shapes matter; the output are the boxes
// around the centre of every cell, [H, W, A, 4] or flat [H*W*A, 4].
type priorGridGenerator struct {
	flatten       bool
	height, width int // 0 for those of the feature map
	stepX, stepY  float32
}

func newPriorGridGenerator(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	o := &priorGridGenerator{d.Bool("flatten", true), d.Int("h", 0), d.Int("w", 0), float32(d.Float("stride_x", 0)), float32(d.Float("stride_y", 0))}
	return o, d.Err()
}

func (o *priorGridGenerator) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 3, 3); err != nil {
		return nil, err
	}
	if err := wantFloats(in, 0); err != nil {
		return nil, err
	}
	if err := wantShape(in, 0, -1, 4); err != nil {
		return nil, err
	}
	for i := 1; i < 3; i++ {
		if err := wantRank(in, i, 4); err != nil {
			return nil, err
		}
	}
	if !shapesKnown(in) {
		return []Spec{{Type: in[0].Type}}, nil
	}
	a, height, width := in[0].Shape[0], in[1].Shape[2], in[1].Shape[3]
	if o.height != 0 && o.height != height || o.width != 0 && o.width != width {
		return nil, fmt.Errorf("attributes h=%d and w=%d do not match a feature map of %d x %d", o.height, o.width, height, width)
	}
	n, err := tensor.Elements([]int{height, width, a, 4})
	if err != nil {
		return nil, err
	}
	if o.flatten {
		return []Spec{{in[0].Type, []int{n / 4, 4}}}, nil
	}
	return []Spec{{in[0].Type, []int{height, width, a, 4}}}, nil
}

func (o *priorGridGenerator) Eval(_ *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	priors, height, width := f32Values(in[0].Tensor), in[1].Shape[2], in[1].Shape[3]
	stepX, stepY := o.stepX, o.stepY
	if stepX == 0 {
		stepX = float32(in[2].Shape[3]) / float32(width)
	}
	if stepY == 0 {
		stepY = float32(in[2].Shape[2]) / float32(height)
	}
	boxes := make([]float32, 0, out[0].Len())
	for y := range height {
		for x := range width {
			for i, v := range priors {
				if i%2 == 0 {
					boxes = append(boxes, v+float32(stepX*(float32(x)+0.5)))
				} else {
					boxes = append(boxes, v+float32(stepY*(float32(y)+0.5)))
				}
			}
		}
	}
	storeF32s(out[0], boxes)
	return nil
}

// topKROIs: inputs are regions [R, 4] and their scores [R]; the output are the most regions that score best, [most, 4], the last ones 0 where
// there are fewer.
type topKROIs struct{ most int }

func newTopKROIs(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	o := &topKROIs{d.Int("max_rois", 0)}
	if err := d.Err(); err != nil {
		return nil, err
	}
	return o, wantCounts(1, o.most)
}

func (o *topKROIs) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 2, 2); err != nil {
		return nil, err
	}
	if err := wantFloats(in, 0, 1); err != nil {
		return nil, err
	}
	if err := wantShape(in, 0, -1, 4); err != nil {
		return nil, err
	}
	if in[0].Shape != nil {
		if err := wantShape(in, 1, in[0].Shape[0]); err != nil {
			return nil, err
		}
	}
	return []Spec{{in[0].Type, []int{o.most, 4}}}, nil
}

func (o *topKROIs) Eval(_ *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	rois, scores := f32Values(in[0].Tensor), f32Values(in[1].Tensor)
	best := candidates(scores, 0, 0, func(float32) bool { return true })
	rows := make([]float32, 4*o.most)
	for i, c := range best[:min(o.most, len(best))] {
		copy(rows[4*i:], rois[4*c.box:][:4])
	}
	storeF32s(out[0], rows)
	return nil
}
