package ops

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// Proposal (opset1, opset4) chooses regions that may hold an object from the scores and offsets that a network gives to anchors:
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/detection/proposal-4.html
// Everything is computed in f32, as in the plugin.

func init() { register("Proposal", newProposal) }

// proposal: inputs are scores [N, 2*anchors, H, W] (background, then objects), offsets [N, 4*anchors, H, W] and the image's height, width and
// scale [3] or scales [4]. Outputs are the image and corners of the regions [N*postTopN, 5] and their scores [N*postTopN]; behind an image's
// last region comes one row that starts with -1, then zeros.
type proposal struct {
	anchors                          [][4]float32
	stride, minSize                  float32
	preTopN, postTopN                int
	threshold                        float32
	coordinateScale, sizeScale       float32
	clipBefore, clipAfter, normalize bool
	tensorflow                       bool // conventions of its object detection API
	outputs                          int
}

func newProposal(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	d.Required("base_size", "pre_nms_topn", "post_nms_topn", "nms_thresh", "feat_stride", "min_size", "ratio", "scale")
	o := &proposal{stride: float32(d.Int("feat_stride", 1)), minSize: float32(d.Int("min_size", 1)), preTopN: d.Int("pre_nms_topn", 0),
		postTopN: d.Int("post_nms_topn", 0), threshold: float32(d.Float("nms_thresh", 0)),
		coordinateScale: float32(d.Float("box_coordinate_scale", 1)), sizeScale: float32(d.Float("box_size_scale", 1)),
		clipBefore: d.Bool("clip_before_nms", true), clipAfter: d.Bool("clip_after_nms", false), normalize: d.Bool("normalize", false),
		tensorflow: d.Enum("framework", "", "", "tensorflow") == "tensorflow", outputs: 2}
	if n.Opset != "opset4" {
		o.outputs = 1
	}
	base, ratios, scales := d.Int("base_size", 0), d.Floats("ratio"), d.Floats("scale")
	if err := d.Err(); err != nil {
		return nil, err
	}
	if len(ratios) == 0 || len(scales) == 0 || len(ratios)*len(scales) > maxPriors {
		return nil, fmt.Errorf("%d ratios and %d scales, want at least one each and at most %d anchors", len(ratios), len(scales), maxPriors)
	}
	if err := wantCounts(o.preTopN, o.postTopN); err != nil {
		return nil, err
	}
	o.makeAnchors(float32(base), ratios, scales)
	return o, nil
}

// wantCounts checks how many regions are to be kept before and after suppression.
func wantCounts(before, after int) error {
	const most = 1 << 28
	if before < 1 || after < 1 || before > most || after > most {
		return fmt.Errorf("%d regions before and %d after suppression, want 1 to %d", before, after, most)
	}
	return nil
}

// offset is 1 where the upper corner belongs to a box.
func (o *proposal) offset() float32 {
	if o.tensorflow {
		return 0
	}
	return 1
}

// makeAnchors lists the boxes around a cell, ratio by ratio.
func (o *proposal) makeAnchors(base float32, ratios, scales []float64) {
	center := 0.5 * (base - o.offset())
	if o.tensorflow {
		center -= base * 0.5
	}
	for _, r := range ratios {
		ratio := float32(r)
		width := float32(math.Sqrt(float64(base * base / ratio)))
		height := width * ratio
		if !o.tensorflow {
			width = float32(math.Round(float64(width)))
			height = float32(math.Round(float64(width * ratio)))
		}
		for _, s := range scales {
			x, y := 0.5*(width*float32(s)-o.offset()), 0.5*(height*float32(s)-o.offset())
			o.anchors = append(o.anchors, [4]float32{center - x, center - y, center + x, center + y})
		}
	}
}

func (o *proposal) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 3, 3); err != nil {
		return nil, err
	}
	if err := wantFloats(in, 0, 1, 2); err != nil {
		return nil, err
	}
	a := len(o.anchors)
	if err := wantShape(in, 0, -1, 2*a, -1, -1); err != nil {
		return nil, err
	}
	t, s := in[0].Type, in[0].Shape
	if s == nil {
		return []Spec{{Type: t}, {Type: t}}[:o.outputs], nil
	}
	if err := wantShape(in, 1, s[0], 4*a, s[2], s[3]); err != nil {
		return nil, err
	}
	if n := in[2].Shape; n != nil && (len(n) != 1 || n[0] != 3 && n[0] != 4) {
		return nil, fmt.Errorf("input 2 has shape %v, want [3] or [4]", n)
	}
	rows, err := tensor.Elements([]int{s[0], o.postTopN, 5})
	return []Spec{{t, []int{rows / 5, 5}}, {t, []int{rows / 5}}}[:o.outputs], err
}

func (o *proposal) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	info := f32Values(in[2].Tensor)
	for i, v := range info {
		if !(v >= 0) || math.IsInf(float64(v), 0) || i < 2 && v == 0 {
			return fmt.Errorf("input 2 is %v, want positive height and width and finite scales", info)
		}
	}
	images := in[0].Shape[0]
	scores, offsets := f32Values(in[0].Tensor), f32Values(in[1].Tensor)
	rows, probabilities := make([]float32, images*o.postTopN*5), make([]float32, images*o.postTopN)
	w.For(images, 1, func(lo, hi int) {
		for n := lo; n < hi; n++ {
			all := o.candidates(slab(scores, n, images), slab(offsets, n, images), info, in[0].Shape[2], in[0].Shape[3])
			kept := suppressRegions(bestRegions(all, o.preTopN), o.threshold, o.offset(), o.postTopN)
			o.rows(n, kept, info, slab(rows, n, images), slab(probabilities, n, images))
		}
	})
	storeF32s(out[0], rows)
	if len(out) > 1 {
		storeF32s(out[1], probabilities)
	}
	return nil
}

// imageSize is the extent of x and y.
func (o *proposal) imageSize(info []float32) (x, y float32) {
	if o.tensorflow {
		return info[0], info[1]
	}
	return info[1], info[0]
}

// candidates are the moved anchors of all cells of an image; too small ones score 0.
func (o *proposal) candidates(scores, offsets, info []float32, height, width int) []regionBox {
	sizeX, sizeY := o.imageSize(info)
	smallX, smallY := o.minSize*info[len(info)-1], o.minSize*info[2]
	area, objects := height*width, scores[len(scores)/2:]
	all := make([]regionBox, 0, area*len(o.anchors))
	for cell := range area {
		x, y := float32(cell%width)*o.stride, float32(cell/width)*o.stride
		if o.tensorflow {
			x, y = y, x
		}
		for a, box := range o.anchors {
			box = [4]float32{x + box[0], y + box[1], x + box[2], y + box[3]}
			if o.tensorflow {
				clampBox(&box, sizeX, sizeY)
			}
			delta := [4]float32{offsets[4*a*area+cell] / o.coordinateScale, offsets[(4*a+1)*area+cell] / o.coordinateScale,
				offsets[(4*a+2)*area+cell] / o.sizeScale, offsets[(4*a+3)*area+cell] / o.sizeScale}
			box = moveBox(box, delta, o.offset(), 0)
			if o.clipBefore {
				clampBox(&box, sizeX-o.offset(), sizeY-o.offset())
			}
			r := regionBox{box: box, score: objects[a*area+cell]}
			if box[2]-box[0]+o.offset() < smallX || box[3]-box[1]+o.offset() < smallY {
				r.score = 0
			}
			all = append(all, r)
		}
	}
	return all
}

// rows writes the regions of image n.
func (o *proposal) rows(n int, kept []regionBox, info, rows, probabilities []float32) {
	sizeX, sizeY := o.imageSize(info)
	for i, r := range kept {
		if o.clipAfter {
			clampBox(&r.box, sizeX, sizeY)
		}
		if o.normalize {
			r.box = [4]float32{r.box[0] / sizeX, r.box[1] / sizeY, r.box[2] / sizeX, r.box[3] / sizeY}
		}
		rows[5*i] = float32(n)
		copy(rows[5*i+1:], r.box[:])
		probabilities[i] = r.score
	}
	if len(kept) < o.postTopN {
		rows[5*len(kept)] = -1
	}
}

// A regionBox is a region that may hold an object.
type regionBox struct {
	box   [4]float32 // x0, y0, x1, y1
	score float32
	dead  bool // counts among the best, but is not chosen and suppresses nothing
}

// moveBox applies predicted offsets to a box: of the centre in units of its size, and the logarithm of the size's factor. offset is 1 where
// the upper corner belongs to the box, and upper is taken off the new upper corner.
func moveBox(b, delta [4]float32, offset, upper float32) [4]float32 {
	var r [4]float32
	for i := range 2 {
		size := b[i+2] - b[i] + offset
		center := float32(delta[i]*size) + (b[i] + 0.5*size)
		size *= float32(math.Exp(float64(delta[i+2])))
		r[i], r[i+2] = center-0.5*size, center+0.5*size-upper
	}
	return r
}

// clampBox limits a box to [0, x] and [0, y]; NaN becomes the limit, as std::min and std::max have it.
func clampBox(b *[4]float32, x, y float32) {
	for i, limit := range [4]float32{x, y, x, y} {
		if !(b[i] < limit) {
			b[i] = limit
		}
		b[i] = max(b[i], 0)
	}
}

// bestRegions are the most regions with the best scores, best first.
func bestRegions(all []regionBox, most int) []regionBox {
	slices.SortStableFunc(all, func(a, b regionBox) int { return cmp.Compare(b.score, a.score) })
	return all[:min(most, len(all))]
}

// suppressRegions keeps at most most of a list that is sorted by score: those that do not overlap with a better one by more than the
// threshold.
func suppressRegions(list []regionBox, threshold, offset float32, most int) []regionBox {
	var kept []regionBox
	for _, r := range list {
		if len(kept) == most {
			break
		}
		overlaps := func(k regionBox) bool { return overlapTouching(k.box, r.box, offset) > threshold }
		if !r.dead && !slices.ContainsFunc(kept, overlaps) {
			kept = append(kept, r)
		}
	}
	return kept
}

// overlapTouching is the intersection over the union of two boxes, 0 where they do not even touch.
func overlapTouching(a, b [4]float32, offset float32) float32 {
	if a[0] > b[2] || a[1] > b[3] || b[0] > a[2] || b[1] > a[3] {
		return 0
	}
	return overlapOrdered(a[:], b[:], offset)
}
