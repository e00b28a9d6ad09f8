package ops

import (
	"fmt"
	"math"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// GenerateProposals (opset9) and ExperimentalDetectronGenerateProposalsSingleImage (opset6) choose regions like Proposal, from anchors that
// are an input:
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/detection/generate-proposals-9.html
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/detection/experimental-detectron-generate-proposals-single-image-6.html
// Everything is computed in f32, as in the plugin.

func init() {
	register("GenerateProposals", newGenerateProposals)
	register("ExperimentalDetectronGenerateProposalsSingleImage", newGenerateProposals)
}

// maxLogSize bounds the predicted logarithm of a size's factor: nothing grows from 16 pixels beyond 1000 (Detectron's BBOX_XFORM_CLIP).
var maxLogSize = float32(math.Log(1000. / 16))

// generateProposals: inputs are height, width and scale(s) of the images [N, 3 or 4], anchors [H, W, A, 4], offsets [N, A*4, H, W] and scores
// [N, A, H, W]; outputs are the regions [K, 4], their scores [K] and how many belong to each image [N]. A single image lacks N, has anchors
// [H*W*A, 4], and outputs of postTopN rows, the last ones 0, without a count.
type generateProposals struct {
	minSize, threshold    float32
	offset, overlapOffset float32 // 1 where the upper corner belongs to a box: for its size, and for overlaps
	preTopN, postTopN     int
	single                bool
	counts                tensor.DType
}

func newGenerateProposals(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	d.Required("min_size", "nms_threshold", "pre_nms_count", "post_nms_count")
	o := &generateProposals{minSize: float32(d.Float("min_size", 0)), threshold: float32(d.Float("nms_threshold", 0)),
		preTopN: d.Int("pre_nms_count", 0), postTopN: d.Int("post_nms_count", 0), counts: d.DType("roi_num_type", tensor.I64),
		single: n.Op != "GenerateProposals"}
	if !d.Bool("normalized", true) {
		o.offset, o.overlapOffset = 1, 1
	}
	if o.single {
		o.offset = 1 // but not the other, in the plugin
	}
	if err := d.Err(); err != nil {
		return nil, err
	}
	if err := wantCounts(o.preTopN, o.postTopN); err != nil {
		return nil, err
	}
	return o, wantIndexType(o.counts)
}

// Infer leaves the number of regions open, which Eval decides, unless it is for a single image.
func (o *generateProposals) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 4, 4); err != nil {
		return nil, err
	}
	if err := wantFloats(in, 0, 1, 2, 3); err != nil {
		return nil, err
	}
	t := in[0].Type
	specs := []Spec{{Type: t}, {Type: t}, {Type: o.counts}}
	if o.single {
		specs = []Spec{{t, []int{o.postTopN, 4}}, {t, []int{o.postTopN}}}
	}
	if !shapesKnown(in) {
		return specs, nil
	}
	if err := o.checkShapes(in); err != nil {
		return nil, err
	}
	if !o.single {
		specs[2].Shape = in[3].Shape[:1]
	}
	return specs, nil
}

func (o *generateProposals) checkShapes(in []Arg) error {
	rank := 4
	if o.single {
		rank = 3
	}
	if err := wantRank(in, 3, rank); err != nil {
		return err
	}
	batch, s := in[3].Shape[:rank-3], in[3].Shape[rank-3:]
	a, height, width := s[0], s[1], s[2]
	if err := wantShape(in, 2, joinShapes(batch, []int{4 * a, height, width})...); err != nil {
		return err
	}
	anchors := []int{height, width, a, 4}
	if o.single {
		anchors = []int{height * width * a, 4}
	}
	if err := wantShape(in, 1, anchors...); err != nil {
		return err
	}
	if err := wantShape(in, 0, joinShapes(batch, []int{-1})...); err != nil {
		return err
	}
	if n := in[0].Shape[rank-3]; n != 3 && (n != 4 || o.single) {
		return fmt.Errorf("input 0 has shape %v, want 3 or 4 numbers for an image", in[0].Shape)
	}
	return nil
}

// Eval sets the first two outputs, unless it is for a single image.
func (o *generateProposals) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	images, shape := 1, in[3].Shape
	if !o.single {
		images, shape = shape[0], shape[1:]
	}
	info, anchors := f32Values(in[0].Tensor), f32Values(in[1].Tensor)
	deltas, scores := f32Values(in[2].Tensor), f32Values(in[3].Tensor)
	lists := make([][]regionBox, images)
	w.For(images, 1, func(lo, hi int) {
		for n := lo; n < hi; n++ {
			all := o.candidates(slab(info, n, images), anchors, slab(deltas, n, images), slab(scores, n, images), shape[0])
			lists[n] = suppressRegions(bestRegions(all, o.preTopN), o.threshold, o.overlapOffset, o.postTopN)
		}
	})
	var boxes, probabilities []float32
	for _, list := range lists {
		for _, r := range list {
			boxes, probabilities = append(boxes, r.box[:]...), append(probabilities, r.score)
		}
	}
	if o.single {
		boxes = append(boxes, make([]float32, out[0].Len()-len(boxes))...)
		probabilities = append(probabilities, make([]float32, o.postTopN-len(probabilities))...)
	} else {
		out[0], out[1] = tensor.New(in[0].Type, len(probabilities), 4), tensor.New(in[0].Type, len(probabilities))
		if len(out) > 2 {
			storeInts(out[2], mapValues(lists, func(l []regionBox) int { return len(l) }))
		}
	}
	storeF32s(out[0], boxes)
	if len(out) > 1 {
		storeF32s(out[1], probabilities)
	}
	return nil
}

// candidates are the moved anchors of an image; too small ones are dead.
func (o *generateProposals) candidates(info, anchors, deltas, scores []float32, perCell int) []regionBox {
	scaleX, scaleY := info[len(info)-1], info[2]
	if o.single {
		scaleX, scaleY = 1, 1
	}
	area := len(scores) / max(perCell, 1)
	all := make([]regionBox, len(scores))
	for i := range all {
		cell, a := i/perCell, i%perCell
		var delta [4]float32
		for k := range delta {
			delta[k] = deltas[(4*a+k)*area+cell]
		}
		delta[2], delta[3] = min(delta[2], maxLogSize), min(delta[3], maxLogSize)
		box := moveBox([4]float32(anchors[4*i:]), delta, o.offset, o.offset)
		clampBox(&box, info[1]-o.offset, info[0]-o.offset)
		all[i] = regionBox{box: box, score: scores[a*area+cell]}
		all[i].dead = box[2]-box[0]+o.offset < o.minSize*scaleX || box[3]-box[1]+o.offset < o.minSize*scaleY
		if o.single && (all[i].dead || all[i].score == 0) { // does not count among the best
			all[i].score, all[i].dead = 0, true
		}
	}
	return all
}
