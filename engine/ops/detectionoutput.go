package ops

import (
	"fmt"
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
