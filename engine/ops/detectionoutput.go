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

// DetectionOutput (opset1, opset8) turns the predictions of an SSD head into boxes:
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/detection/detection-output-8.html
// What the specification leaves open (order, ties, the second division of refined boxes) is as the CPU plugin has it.

func init() { register("DetectionOutput", newDetectionOutput) }

// detectionOutput: inputs are box offsets [N, priors*4*locations], class scores [N, priors*classes], priors [1 or N, 1 or 2, priors*4 or
// *5], and optionally the scores [N, priors*2] and offsets (as input 0) of an earlier refinement. The output is [1, 1, rows, 7]: image,
// class, score and corners of a box in a row, image by image, class by class, best first; then one row that starts with -1, then zeros.
type detectionOutput struct {
	background, topK, keepTopK           int
	declared                             int // classes as opset1 declares them, 0 otherwise
	varianceInTarget, centerSize, shared bool
	clipBefore, clipAfter, decreaseLabel bool
	normalized                           bool
	nmsThreshold, confidence, objectness float32
	inputHeight, inputWidth              float32
}

func newDetectionOutput(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	d.Required("keep_top_k", "nms_threshold")
	const corner, center = "caffe.PriorBoxParameter.CORNER", "caffe.PriorBoxParameter.CENTER_SIZE"
	o := &detectionOutput{
		background: d.Int("background_label_id", 0), topK: d.Int("top_k", -1), declared: d.Int("num_classes", 0),
		varianceInTarget: d.Bool("variance_encoded_in_target", false), shared: d.Bool("share_location", true),
		centerSize: d.Enum("code_type", corner, corner, center) == center,
		clipBefore: d.Bool("clip_before_nms", false), clipAfter: d.Bool("clip_after_nms", false),
		decreaseLabel: d.Bool("decrease_label_id", false), normalized: d.Bool("normalized", false),
		nmsThreshold: float32(d.Float("nms_threshold", 0)), confidence: float32(d.Float("confidence_threshold", 0)),
		objectness:  float32(d.Float("objectness_score", 0)),
		inputHeight: float32(d.Int("input_height", 1)), inputWidth: float32(d.Int("input_width", 1)),
	}
	keep := d.Ints("keep_top_k")
	if err := d.Err(); err != nil {
		return nil, err
	}
	if len(keep) == 0 {
		return nil, fmt.Errorf("attribute keep_top_k is empty")
	}
	o.keepTopK = keep[0]
	if o.decreaseLabel && o.background != 0 {
		return nil, fmt.Errorf("attributes decrease_label_id and background_label_id=%d exclude each other", o.background)
	}
	return o, nil
}

// ssdSizes are the dimensions that the shapes of the inputs imply.
type ssdSizes struct{ images, priors, classes, locations int }

func (o *detectionOutput) priorSize() int {
	if o.normalized {
		return 4
	}
	return 5 // an image id first
}

// sizes checks the shapes of the inputs against each other.
func (o *detectionOutput) sizes(shapes [][]int) (ssdSizes, error) {
	for i, s := range shapes {
		if want := []int{2, 2, 3, 2, 2}[i]; len(s) != want {
			return ssdSizes{}, fmt.Errorf("input %d has shape %v, want rank %d", i, s, want)
		}
	}
	rows := 2
	if o.varianceInTarget {
		rows = 1
	}
	offsets, scores, priors := shapes[0], shapes[1], shapes[2]
	s := ssdSizes{images: offsets[0], priors: priors[2] / o.priorSize(), locations: 1}
	if s.priors == 0 || priors[2]%o.priorSize() != 0 || priors[1] != rows || priors[0] != 1 && priors[0] != s.images {
		return s, fmt.Errorf("input 2 has shape %v, want [1 or %d, %d, multiple of %d]", priors, s.images, rows, o.priorSize())
	}
	if s.classes = scores[1] / s.priors; scores[0] != s.images || s.classes == 0 || scores[1]%s.priors != 0 {
		return s, fmt.Errorf("input 1 has shape %v, want [%d, multiple of %d]", scores, s.images, s.priors)
	}
	if o.declared != 0 && o.declared != s.classes {
		return s, fmt.Errorf("input 1 holds %d classes, but attribute num_classes is %d", s.classes, o.declared)
	}
	if !o.shared {
		s.locations = s.classes
	}
	return s, s.check(shapes)
}

func (s ssdSizes) check(shapes [][]int) error {
	want := map[int][]int{0: {s.images, s.priors * s.locations * 4}}
	if len(shapes) == 5 {
		want[3], want[4] = []int{s.images, 2 * s.priors}, want[0]
	}
	for _, i := range []int{0, 3, 4} {
		if want[i] != nil && !slices.Equal(shapes[i], want[i]) {
			return fmt.Errorf("input %d has shape %v, want %v", i, shapes[i], want[i])
		}
	}
	return nil
}

func (o *detectionOutput) Infer(in []Arg) ([]Spec, error) {
	if len(in) != 3 && len(in) != 5 {
		return nil, fmt.Errorf("has %d inputs, want 3 or 5", len(in))
	}
	if err := wantFloats(in, 0, 1, 2); err != nil {
		return nil, err
	}
	if !shapesKnown(in) {
		return []Spec{{Type: in[0].Type}}, nil
	}
	s, err := o.sizes(argShapes(in))
	if err != nil {
		return nil, err
	}
	rows := []int{s.images, s.classes, s.priors}
	if o.keepTopK > 0 {
		rows = []int{s.images, o.keepTopK}
	} else if o.topK > 0 {
		rows = []int{s.images, s.classes, o.topK}
	}
	n, err := tensor.Elements(rows)
	return []Spec{{Type: in[0].Type, Shape: []int{1, 1, n, 7}}}, err
}

func argShapes(in []Arg) [][]int {
	return mapValues(in, func(a Arg) []int { return a.Shape })
}

func (o *detectionOutput) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	if in[0].Type == tensor.F64 {
		return detect[float64](o, w, in, out[0])
	}
	return detect[float32](o, w, in, out[0])
}

// MACs counts the decoding of boxes and the reading of scores; suppression depends on the data.
func (o *detectionOutput) MACs(in []Arg, _ []Spec) int64 {
	n := int64(0)
	for _, a := range in {
		elements, _ := tensor.Elements(a.Shape)
		n += int64(elements)
	}
	return n
}

// A detection is a prior that is predicted to hold an object of a class.
type detection[T real] struct {
	class, prior int
	score        T
}

// ssd is one evaluation.
type ssd[T real] struct {
	*detectionOutput
	ssdSizes
	offsets, scores, boxes      []T
	refineScores, refineOffsets []T  // nil without inputs 3 and 4
	ownPriors                   bool // every image has its own
}

func detect[T real](o *detectionOutput, w *kernel.Workers, in []Operand, out *tensor.Tensor) error {
	sizes, err := o.sizes(mapValues(in, func(t Operand) []int { return t.Shape }))
	if err != nil {
		return err
	}
	data := func(i int) []T { return tensor.Data[T](in[i].Tensor) }
	s := &ssd[T]{detectionOutput: o, ssdSizes: sizes, offsets: data(0), scores: data(1), boxes: data(2), ownPriors: in[2].Shape[0] != 1}
	if len(in) == 5 {
		s.refineScores, s.refineOffsets = data(3), data(4)
	}
	rows := make([][]T, s.images)
	w.For(s.images, 1, func(lo, hi int) {
		for n := lo; n < hi; n++ {
			rows[n] = s.image(n)
		}
	})
	dst := tensor.Data[T](out)
	for _, r := range rows {
		dst = dst[copy(dst, r):]
	}
	clear(dst)
	if len(dst) > 0 {
		dst[0] = -1
	}
	return nil
}

// image returns the rows of image n.
func (s *ssd[T]) image(n int) []T {
	corners, variances := s.imagePriors(n)
	boxes := s.decode(n, corners, variances)
	perClass := make([][]detection[T], s.classes)
	total := 0
	for _, d := range s.candidates(n, s.actualPriors(corners)) {
		if !s.suppressed(d, perClass[d.class], boxes[d.class%s.locations]) {
			perClass[d.class] = append(perClass[d.class], d)
			total++
		}
	}
	kept := slices.Concat(perClass...)
	if s.keepTopK >= 0 && total > s.keepTopK {
		slices.SortStableFunc(kept, func(a, b detection[T]) int {
			return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.prior, b.prior))
		})
		kept = kept[:s.keepTopK]
		slices.SortStableFunc(kept, func(a, b detection[T]) int { return cmp.Compare(a.class, b.class) })
	}
	return s.rows(n, kept, boxes)
}

// rows writes detections as rows of the output.
func (s *ssd[T]) rows(n int, kept []detection[T], boxes [][][4]T) []T {
	rows := make([]T, 0, 7*len(kept))
	for _, d := range kept {
		label, box := d.class, boxes[d.class%s.locations][d.prior]
		if s.decreaseLabel {
			label--
		}
		if s.clipAfter {
			clipBox(box[:])
		}
		rows = append(rows, T(n), T(label), d.score, box[0], box[1], box[2], box[3])
	}
	return rows
}

// imagePriors returns the corners and the variances of the priors of image n; variances is nil when they are encoded in the target.
func (s *ssd[T]) imagePriors(n int) (corners, variances []T) {
	size := s.priors * s.priorSize()
	stride := 2 * size
	if s.varianceInTarget {
		stride = size
	}
	if !s.ownPriors {
		n = 0
	}
	p := s.boxes[n*stride:][:stride]
	return p[:size], p[size:]
}

// actualPriors is the number of priors before the first whose image id is -1.
func (s *ssd[T]) actualPriors(corners []T) int {
	if !s.normalized {
		for p := range s.priors {
			if corners[5*p] == -1 {
				return p
			}
		}
	}
	return s.priors
}

// score is the score of a class at a prior of image n; where the refinement sees no object it is that of background.
func (s *ssd[T]) score(n, prior, class int) T {
	i := n*s.priors + prior
	if s.refineScores == nil || !(s.refineScores[2*i+1] < T(s.objectness)) {
		return s.scores[i*s.classes+class]
	}
	if class == s.background {
		return 1
	}
	return 0
}

// candidates lists what may be kept, best first: for every class its priors above the confidence threshold, at most topK; or, where labels
// are decreased (MXNet), for every prior its best class, at most topK in all.
func (s *ssd[T]) candidates(n, priors int) []detection[T] {
	var all []detection[T]
	if s.decreaseLabel {
		for p := range priors {
			if d, ok := s.bestClass(n, p); ok {
				all = append(all, d)
			}
		}
		return s.top(all)
	}
	for c := range s.classes {
		if c == s.background {
			continue
		}
		var list []detection[T]
		for p := range priors {
			if score := s.score(n, p, c); score > T(s.confidence) {
				list = append(list, detection[T]{c, p, score})
			}
		}
		all = append(all, s.top(list)...)
	}
	return all
}

func (s *ssd[T]) bestClass(n, prior int) (best detection[T], ok bool) {
	best.score = -1
	for c := 1; c < s.classes; c++ {
		if score := s.score(n, prior, c); score >= T(s.confidence) && score > best.score {
			best, ok = detection[T]{c, prior, score}, true
		}
	}
	return best, ok
}

func (s *ssd[T]) top(list []detection[T]) []detection[T] {
	slices.SortFunc(list, func(a, b detection[T]) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.class, b.class), cmp.Compare(a.prior, b.prior))
	})
	if s.topK >= 0 && len(list) > s.topK {
		list = list[:s.topK]
	}
	return list
}

// suppressed reports whether d overlaps too much with a detection that is kept.
func (s *ssd[T]) suppressed(d detection[T], kept []detection[T], boxes [][4]T) bool {
	for _, k := range kept {
		if overlap(boxes[d.prior], boxes[k.prior]) > T(s.nmsThreshold) {
			return true
		}
	}
	return false
}

// overlap is the intersection over the union of two boxes.
func overlap[T real](a, b [4]T) T {
	width := min(a[2], b[2]) - max(a[0], b[0])
	height := min(a[3], b[3]) - max(a[1], b[1])
	if !(width > 0 && height > 0) {
		return 0
	}
	both := T(width * height)
	return both / (T((a[2]-a[0])*(a[3]-a[1])) + T((b[2]-b[0])*(b[3]-b[1])) - both)
}

// decode returns the predicted corners of every prior of image n, for each class that has its own.
func (s *ssd[T]) decode(n int, corners, variances []T) [][][4]T {
	first, stride := 0, 4
	if !s.normalized {
		first, stride = 1, 5
	}
	boxes := make([][][4]T, s.locations)
	for l := range boxes {
		if !s.shared && l == s.background {
			continue
		}
		boxes[l] = make([][4]T, s.priors)
		for p := range boxes[l] {
			i := 4 * ((n*s.priors+p)*s.locations + l)
			var variance []T
			if !s.varianceInTarget {
				variance = variances[4*p:][:4]
			}
			box := [4]T(corners[p*stride+first:])
			if s.refineOffsets != nil {
				box = s.move(box, s.refineOffsets[i:][:4], variance)
			}
			boxes[l][p] = s.move(box, s.offsets[i:][:4], variance)
		}
	}
	return boxes
}

// move applies predicted offsets to a box. A box in pixels is divided by the image's size first, and a refined box once more.
func (s *ssd[T]) move(box [4]T, offset, variance []T) [4]T {
	if !s.normalized {
		width, height := T(s.inputWidth), T(s.inputHeight)
		box = [4]T{box[0] / width, box[1] / height, box[2] / width, box[3] / height}
	}
	scaled := [4]T(offset)
	for i, v := range variance {
		scaled[i] = T(v * offset[i])
	}
	if s.centerSize {
		box = moveCenter(box, scaled)
	} else {
		for i := range box {
			box[i] += scaled[i]
		}
	}
	if s.clipBefore {
		clipBox(box[:])
	}
	return box
}

func moveCenter[T real](box, offset [4]T) [4]T {
	width, height := box[2]-box[0], box[3]-box[1]
	x := T(offset[0]*width) + (box[0]+box[2])/2
	y := T(offset[1]*height) + (box[1]+box[3])/2
	width = T(T(math.Exp(float64(offset[2]))) * width)
	height = T(T(math.Exp(float64(offset[3]))) * height)
	return [4]T{x - width/2, y - height/2, x + width/2, y + height/2}
}
