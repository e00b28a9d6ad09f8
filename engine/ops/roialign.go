package ops

import (
	"fmt"
	"math"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// ROIAlign (opset3, opset9), ROIAlignRotated (opset15) and ExperimentalDetectronROIFeatureExtractor (opset6) pool regions of feature maps by
// bilinear samples:
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/detection/roi-align-9.html
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/detection/roi-align-rotated-15.html
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/detection/experimental-detectron-roi-feature-extractor-6.html

func init() {
	register("ROIAlign", newROIAlign)
	register("ROIAlignRotated", newROIAlign)
	register("ExperimentalDetectronROIFeatureExtractor", newROIFeatures)
}

// maxSamples bounds the samples of one bin.
const maxSamples = 1 << 20

// A pooling divides regions into height x width bins with samples x samples samples each, as many as pixels where that is 0.
type pooling struct {
	height, width, samples int
	max                    bool // of the samples, instead of their mean
	corners                bool // the maximum is of the four weighted pixels of each sample, as ONNX has it, instead of their sum
	emptyIsZero            bool // else the mean of no samples is NaN
}

func (p *pooling) check() error {
	const most = 1 << 15
	if p.height < 1 || p.width < 1 || p.height > most || p.width > most || p.samples < 0 || p.samples > 1<<10 {
		return fmt.Errorf("pooling to %d x %d by %d samples, want 1 to %d and 0 to %d", p.height, p.width, p.samples, most, 1<<10)
	}
	return nil
}

// A region is a rectangle in pixels of a feature map, which may be turned about its centre.
type region[T real] struct {
	x, y, width, height T // x and y relative to the centre
	centerX, centerY    T
	sin, cos            T
	image               featureMap[T]
}

// featureMap is one image: [C, H, W].
type featureMap[T real] struct {
	data                    []T
	channels, height, width int
}

// imageOf is image n of t, [N, C, H, W].
func imageOf[T real](t *tensor.Tensor, n int) featureMap[T] {
	s := t.Shape
	return featureMap[T]{slab(tensor.Data[T](t), n, s[0]), s[1], s[2], s[3]}
}

// counts are the numbers of samples along the sides of a bin.
func (p *pooling) counts(binX, binY float64) (x, y int) {
	if p.samples > 0 {
		return p.samples, p.samples
	}
	return max(truncate(math.Ceil(binX)), 0), max(truncate(math.Ceil(binY)), 0)
}

// poolRegion writes the bins of a region to dst, [C, height, width].
func poolRegion[T real](p *pooling, r region[T], dst []T) error {
	binX, binY := r.width/T(p.width), r.height/T(p.height)
	countX, countY := p.counts(float64(binX), float64(binY))
	if countX > maxSamples || countY > maxSamples || countX*countY > maxSamples {
		return fmt.Errorf("a region of %v x %v pixels takes %d x %d samples a bin, more than the limit of %d",
			r.width, r.height, countX, countY, maxSamples)
	}
	samples := make([]pixelSample[T], 0, countX*countY)
	bins := p.height * p.width
	for bin := range bins {
		x, y := r.x+T(T(bin%p.width)*binX), r.y+T(T(bin/p.width)*binY)
		samples = samples[:0]
		for j := range countY {
			sy := y + T((T(j)+0.5)*binY)/T(countY)
			for i := range countX {
				sx := x + T((T(i)+0.5)*binX)/T(countX)
				samples = append(samples, r.sample(sx, sy))
			}
		}
		for c := range r.image.channels {
			dst[c*bins+bin] = reduceSamples(p, r.image.plane(c), samples)
		}
	}
	return nil
}

func (m featureMap[T]) plane(c int) []T { return m.data[c*m.height*m.width:][:m.height*m.width] }

// reduceSamples is the mean or the maximum of the samples of a plane, where the plugin's maximum is at least 0.
func reduceSamples[T real](p *pooling, plane []T, samples []pixelSample[T]) T {
	if p.max && p.corners {
		return largestCorner(plane, samples)
	}
	result := T(0)
	for _, s := range samples {
		v := s.of(plane)
		if !p.max {
			result += v
		} else if v > result {
			result = v
		}
	}
	if p.max || len(samples) == 0 && p.emptyIsZero {
		return result
	}
	return result / T(len(samples))
}

// largestCorner is the largest product of a pixel and its weight; 0 without samples.
func largestCorner[T real](plane []T, samples []pixelSample[T]) T {
	result := T(0)
	for n, s := range samples {
		for k, i := range s.index {
			if v := s.weight[k] * plane[i]; v > result || n+k == 0 {
				result = v
			}
		}
	}
	return result
}

// A pixelSample is four pixels with their weights.
type pixelSample[T real] struct {
	index  [4]int
	weight [4]T
}

func (s pixelSample[T]) of(plane []T) T {
	if s.weight == [4]T{} {
		return 0
	}
	return T(s.weight[0]*plane[s.index[0]]) + T(s.weight[1]*plane[s.index[1]]) + T(s.weight[2]*plane[s.index[2]]) + T(s.weight[3]*plane[s.index[3]])
}

// sample turns a place of the region into one of the map; more than a pixel outside is nothing.
func (r region[T]) sample(x, y T) pixelSample[T] {
	x, y = T(y*r.sin)+T(x*r.cos)+r.centerX, T(y*r.cos)-T(x*r.sin)+r.centerY
	height, width := r.image.height, r.image.width
	if !(x >= -1 && x <= T(width) && y >= -1 && y <= T(height)) || height == 0 || width == 0 {
		return pixelSample[T]{}
	}
	left, right, dx := neighbours(x, width)
	top, bottom, dy := neighbours(y, height)
	return pixelSample[T]{
		index:  [4]int{top*width + left, top*width + right, bottom*width + left, bottom*width + right},
		weight: [4]T{(1 - dy) * (1 - dx), (1 - dy) * dx, dy * (1 - dx), dy * dx},
	}
}

// neighbours are the positions around x, and how far it lies behind the first.
func neighbours[T real](x T, size int) (low, high int, rest T) {
	x = max(x, 0)
	low = int(x)
	if low >= size-1 {
		return size - 1, size - 1, 0
	}
	return low, low + 1, x - T(low)
}

// roiAlign: inputs are feature maps [N, C, H, W], regions [R, 4] (x0, y0, x1, y1) or rotated [R, 5] (centre, size, angle in radians), and
// the image of each [R]; the output is [R, C, height, width].
type roiAlign struct {
	pooling
	scale            float64 // of the regions' coordinates
	before, after    float64 // added before and after scaling
	aligned          bool    // regions may be smaller than a pixel
	rotated          bool
	counterclockwise bool
}

func newROIAlign(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	d.Required("pooled_h", "pooled_w", "sampling_ratio", "spatial_scale")
	o := &roiAlign{scale: float64(float32(d.Float("spatial_scale", 1))), rotated: n.Op == "ROIAlignRotated"}
	o.pooling = pooling{height: d.Int("pooled_h", 0), width: d.Int("pooled_w", 0), samples: d.Int("sampling_ratio", 0),
		max: d.Enum("mode", "avg", "avg", "max") == "max", corners: d.Bool("corners", false), emptyIsZero: o.rotated || d.Bool("corners", false)}
	switch d.Enum("aligned_mode", "asymmetric", "asymmetric", "half_pixel_for_nn", "half_pixel") {
	case "half_pixel_for_nn":
		o.aligned, o.after = true, -0.5
	case "half_pixel":
		o.aligned, o.before, o.after = true, 0.5, -0.5
	}
	o.counterclockwise = !d.Bool("clockwise_mode", false)
	if err := d.Err(); err != nil {
		return nil, err
	}
	return o, o.check()
}

func (o *roiAlign) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 3, 3); err != nil {
		return nil, err
	}
	if err := wantFloats(in, 0, 1); err != nil {
		return nil, err
	}
	if err := wantIntegers(in, 2); err != nil {
		return nil, err
	}
	if err := wantRank(in, 0, 4); err != nil {
		return nil, err
	}
	size := 4
	if o.rotated {
		size = 5
	}
	if err := wantShape(in, 1, -1, size); err != nil {
		return nil, err
	}
	if !shapesKnown(in) {
		return []Spec{{Type: in[0].Type}}, nil
	}
	rois := in[1].Shape[0]
	if err := wantShape(in, 2, rois); err != nil {
		return nil, err
	}
	return []Spec{{in[0].Type, []int{rois, in[0].Shape[1], o.height, o.width}}}, nil
}

// Scratch is that of the samples of the largest bin in each thread, of maxSamples at most.
func (o *roiAlign) Scratch(in []Arg, _ []Spec, threads int) int64 {
	if in[1].Value == nil {
		return 0
	}
	rois, most := floatValues(in[1].Value), 0
	for i := range in[1].Shape[0] {
		r := regionOf(o, slab(rois, i, in[1].Shape[0]))
		x, y := o.counts(r.width/float64(o.width), r.height/float64(o.height))
		most = max(most, min(x, maxSamples)*min(y, maxSamples))
	}
	return MemoryOf(4*(8+in[0].Type.KeptBytes()), threads, min(most, maxSamples))
}

func (o *roiAlign) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	if in[0].Type == tensor.F64 {
		return alignRegions[float64](o, w, in, out[0])
	}
	return alignRegions[float32](o, w, in, out[0])
}

func alignRegions[T real](o *roiAlign, w *kernel.Workers, in []Operand, out *tensor.Tensor) error {
	rois, images, dst := tensor.Data[T](in[1].Tensor), intValues(in[2].Tensor), tensor.Data[T](out)
	return forRegions(w, len(images), func(i int) error {
		if n := images[i]; n < 0 || n >= in[0].Shape[0] {
			return fmt.Errorf("image %d of %d", n, in[0].Shape[0])
		}
		r := regionOf(o, slab(rois, i, len(images)))
		r.image = imageOf[T](in[0].Tensor, images[i])
		return poolRegion(&o.pooling, r, slab(dst, i, len(images)))
	})
}

// forRegions calls f for every region and returns the error of the first that fails.
func forRegions(w *kernel.Workers, count int, f func(i int) error) error {
	failures := make([]error, count)
	w.For(count, 1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			failures[i] = f(i)
		}
	})
	for i, err := range failures {
		if err != nil {
			return fmt.Errorf("region %d: %w", i, err)
		}
	}
	return nil
}

func regionOf[T real](o *roiAlign, roi []T) region[T] {
	scale := T(o.scale)
	if o.rotated {
		angle := float64(roi[4])
		if !o.counterclockwise {
			angle = -angle
		}
		width, height := roi[2]*scale, roi[3]*scale
		return region[T]{x: -width / 2, y: -height / 2, width: width, height: height, centerX: T(roi[0]*scale) - 0.5, centerY: T(roi[1]*scale) - 0.5,
			sin: T(math.Sin(angle)), cos: T(math.Cos(angle))}
	}
	var c [4]T
	for i := range c {
		c[i] = T((roi[i]+T(o.before))*scale) + T(o.after)
	}
	r := region[T]{x: c[0], y: c[1], width: c[2] - c[0], height: c[3] - c[1], cos: 1}
	if !o.aligned {
		r.width, r.height = max(r.width, 1), max(r.height, 1)
	}
	return r
}

// roiFeatures: inputs are regions [R, 4] and the levels of a pyramid of feature maps [1, C, H, W]; each region is pooled from the level that
// its size belongs to. Outputs are [R, C, size, size] and the regions.
type roiFeatures struct {
	pooling
	scales  []float64 // pixels of the image in one of each level
	aligned bool
}

func newROIFeatures(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	d.Required("output_size", "sampling_ratio", "pyramid_scales")
	size := d.Int("output_size", 0)
	o := &roiFeatures{pooling{height: size, width: size, samples: d.Int("sampling_ratio", 0)}, d.Floats("pyramid_scales"), d.Bool("aligned", false)}
	if err := d.Err(); err != nil {
		return nil, err
	}
	return o, o.check()
}

// Scratch is that of the samples of a bin in each thread, of maxSamples at most.
func (o *roiFeatures) Scratch(in []Arg, _ []Spec, threads int) int64 {
	x, y := o.counts(0, 0)
	return MemoryOf(4*(8+in[0].Type.KeptBytes()), threads, min(x*y, maxSamples))
}

func (o *roiFeatures) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 2, 1+len(o.scales)); err != nil {
		return nil, err
	}
	if err := wantShape(in, 0, -1, 4); err != nil {
		return nil, err
	}
	for i := range in {
		if err := wantFloats(in, 0, i); err != nil {
			return nil, err
		}
	}
	if !shapesKnown(in) {
		return []Spec{{Type: in[0].Type}, {Type: in[0].Type}}, nil
	}
	if err := wantShape(in, 1, 1, -1, -1, -1); err != nil {
		return nil, err
	}
	channels := in[1].Shape[1]
	for i := 2; i < len(in); i++ {
		if err := wantShape(in, i, 1, channels, -1, -1); err != nil {
			return nil, err
		}
	}
	rois := in[0].Shape[0]
	return []Spec{{in[0].Type, []int{rois, channels, o.height, o.width}}, {in[0].Type, []int{rois, 4}}}, nil
}

func (o *roiFeatures) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	if in[0].Type == tensor.F64 {
		return poolFeatures[float64](o, w, in, out)
	}
	return poolFeatures[float32](o, w, in, out)
}

func poolFeatures[T real](o *roiFeatures, w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	rois, dst := tensor.Data[T](in[0].Tensor), tensor.Data[T](out[0])
	if len(out) > 1 {
		copy(tensor.Data[T](out[1]), rois)
	}
	align := roiAlign{pooling: o.pooling}
	if o.aligned {
		align.after = -0.5
	}
	return forRegions(w, in[0].Shape[0], func(i int) error {
		roi := rois[4*i:][:4]
		level := pyramidLevel(roi, len(in)-1)
		if level < 0 {
			clear(slab(dst, i, in[0].Shape[0]))
			return nil
		}
		align := align
		align.scale = 1 / o.scales[level]
		r := regionOf(&align, roi)
		r.image = imageOf[T](in[1+level].Tensor, 0)
		return poolRegion(&o.pooling, r, slab(dst, i, in[0].Shape[0]))
	})
}

// pyramidLevel is the level of a region: that of 224 x 224 pixels is 2, and twice the side is one more (Lin et al. 2017, "Feature Pyramid
// Networks for Object Detection"); -1 for an empty region, whose features are 0.
func pyramidLevel[T real](roi []T, levels int) int {
	area := float64((roi[2] - roi[0]) * (roi[3] - roi[1]))
	if !(area > 0) {
		return -1
	}
	return min(max(truncate(math.Floor(math.Log2(math.Sqrt(area)/224+1e-6)+2)), 0), levels-1)
}
