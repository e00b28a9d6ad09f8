package ops

import (
	"fmt"
	"math"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// ROIPooling (opset2), PSROIPooling and DeformablePSROIPooling (opset1) pool regions of feature maps:
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/detection/roi-pooling-1.html
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/detection/psroi-pooling-1.html
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/detection/deformable-psroi-pooling-1.html

func init() {
	register("ROIPooling", newROIPooling)
	register("PSROIPooling", newPSROIPooling)
	register("DeformablePSROIPooling", newPSROIPooling)
}

// roiPooling: inputs are feature maps [N, C, H, W], regions [R, 5] (image, x0, y0, x1, y1), and optionally how the parts of the regions
// are displaced; the output is [R, channels, height, width]. The first region of image -1 and all behind it are 0.
type roiPooling struct {
	method                  string
	height, width, channels int
	scale                   float64
	group                   int // the maps are group x group parts of the channels of each place, 0 in ROIPooling
	binsX, binsY            int
	displacement            float64
	parts                   int
}

func newROIPooling(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	d.Required("spatial_scale")
	o := &roiPooling{method: d.Enum("method", "max", "max", "bilinear"), scale: float64(float32(d.Float("spatial_scale", 0)))}
	o.height, o.width = d.Int("pooled_h", 0), d.Int("pooled_w", 0)
	for _, name := range []string{"output_size", "output_roi"} {
		if size := d.Ints(name); len(size) == 2 {
			o.height, o.width = size[0], size[1]
		}
	}
	if err := d.Err(); err != nil {
		return nil, err
	}
	return o, (&pooling{height: o.height, width: o.width}).check()
}

func newPSROIPooling(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	d.Required("output_dim", "group_size", "spatial_scale")
	o := &roiPooling{channels: d.Int("output_dim", 0), group: d.Int("group_size", 0), scale: float64(float32(d.Float("spatial_scale", 0))),
		binsX: d.Int("spatial_bins_x", 1), binsY: d.Int("spatial_bins_y", 1)}
	if n.Op == "PSROIPooling" {
		o.method = d.Enum("mode", "average", "average", "bilinear")
	} else {
		o.method = d.Enum("mode", "bilinear_deformable", "bilinear_deformable")
		o.displacement, o.parts = float64(float32(d.Float("trans_std", 1))), d.Int("part_size", 1)
	}
	o.height, o.width = o.group, o.group
	if err := d.Err(); err != nil {
		return nil, err
	}
	const most = 1 << 10
	if o.channels < 1 || o.group < 1 || o.binsX < 1 || o.binsY < 1 || o.channels > 1<<20 || o.group > most || o.binsX > most || o.binsY > most {
		return nil, fmt.Errorf("output_dim %d, group_size %d, bins %d x %d: want positive numbers, at most %d", o.channels, o.group, o.binsX, o.binsY, most)
	}
	return o, nil
}

func (o *roiPooling) Infer(in []Arg) ([]Spec, error) {
	most := 2
	if o.method == "bilinear_deformable" {
		most = 3
	}
	if err := wantInputs(in, 2, most); err != nil {
		return nil, err
	}
	if err := wantFloats(in, 0, 1); err != nil {
		return nil, err
	}
	if err := wantShape(in, 0, -1, o.inputChannels(), -1, -1); err != nil {
		return nil, err
	}
	if err := wantShape(in, 1, -1, 5); err != nil {
		return nil, err
	}
	if !shapesKnown(in) {
		return []Spec{{Type: in[0].Type}}, nil
	}
	rois, channels := in[1].Shape[0], o.channels
	if o.group == 0 {
		channels = in[0].Shape[1]
	}
	if len(in) == 3 {
		if err := o.checkDisplacements(in, rois); err != nil {
			return nil, err
		}
	}
	return []Spec{{in[0].Type, []int{rois, channels, o.height, o.width}}}, nil
}

// inputChannels is how many the feature maps have, -1 for any number.
func (o *roiPooling) inputChannels() int {
	switch {
	case o.group == 0:
		return -1
	case o.method == "bilinear":
		return o.channels * o.binsX * o.binsY
	}
	return o.channels * o.group * o.group
}

func (o *roiPooling) checkDisplacements(in []Arg, rois int) error {
	if err := wantShape(in, 2, rois, -1, o.parts, o.parts); err != nil {
		return err
	}
	if c := in[2].Shape[1]; c < 2 || c%2 != 0 || o.channels%(c/2) != 0 {
		return fmt.Errorf("input 2 has %d channels, want two for each class, and a number of classes that divides %d", c, o.channels)
	}
	return nil
}

func (o *roiPooling) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	if in[0].Type == tensor.F64 {
		return poolRegions[float64](o, w, in, out[0])
	}
	return poolRegions[float32](o, w, in, out[0])
}

func poolRegions[T real](o *roiPooling, w *kernel.Workers, in []Operand, out *tensor.Tensor) error {
	rois, dst := tensor.Data[T](in[1].Tensor), tensor.Data[T](out)
	count := in[1].Shape[0]
	for i := range count {
		if truncate(float64(rois[5*i])) == -1 {
			clear(dst[len(dst)/count*i:])
			count = i
			break
		}
	}
	total := in[1].Shape[0]
	return forRegions(w, count, func(i int) error {
		roi := rois[5*i:][:5]
		n := truncate(float64(roi[0]))
		if n < 0 || n >= in[0].Shape[0] {
			return fmt.Errorf("image %d of %d", n, in[0].Shape[0])
		}
		b := binner[T]{roiPooling: o, image: imageOf[T](in[0].Tensor, n), box: [4]T(roi[1:])}
		if len(in) == 3 {
			b.moves, b.classes = slab(tensor.Data[T](in[2].Tensor), i, total), in[2].Shape[1]/2
		}
		b.fill(slab(dst, i, total))
		return nil
	})
}

// A binner pools one region.
type binner[T real] struct {
	*roiPooling
	image   featureMap[T]
	box     [4]T
	moves   []T // [classes*2, parts, parts], nil without
	classes int
}

func (b *binner[T]) fill(dst []T) {
	bin := map[string]func(c, y, x int) T{"max": b.largest, "average": b.average, "bilinear_deformable": b.deformable}[b.method]
	if b.method == "bilinear" && b.group == 0 {
		bin = b.between
	} else if b.method == "bilinear" {
		bin = b.betweenBins
	}
	for i := range dst {
		dst[i] = bin(i/(b.height*b.width), i/b.width%b.height, i%b.width)
	}
}

// binSpan is the part of an axis of size positions that bin i of count takes: from floor(i*step)+start up to ceil((i+1)*step)+start.
func binSpan[T real](i int, step, start T, size int) (lo, hi int) {
	lo, hi = truncate(math.Floor(float64(T(T(i)*step)+start))), truncate(math.Ceil(float64(T(T(i+1)*step)+start)))
	return min(max(lo, 0), size), min(max(hi, 0), size)
}

// largest is the maximum of the pixels of a bin, whose region has whole pixels; 0 where it has none.
func (b *binner[T]) largest(c, y, x int) T {
	var corner [4]T
	for i, v := range b.box {
		corner[i] = T(math.Round(float64(v * T(b.scale))))
	}
	width, height := max(corner[2]-corner[0]+1, 1), max(corner[3]-corner[1]+1, 1)
	x0, x1 := binSpan(x, width/T(b.width), corner[0], b.image.width)
	y0, y1 := binSpan(y, height/T(b.height), corner[1], b.image.height)
	if x0 >= x1 || y0 >= y1 {
		return 0
	}
	plane := b.image.plane(c)
	best := plane[y0*b.image.width+x0]
	for j := y0; j < y1; j++ {
		for _, v := range plane[j*b.image.width+x0 : j*b.image.width+x1] {
			best = max(best, v)
		}
	}
	return best
}

// average is the mean of the pixels of a bin in the channel of its place.
func (b *binner[T]) average(c, y, x int) T {
	round := func(v T) T { return T(math.Round(float64(v))) }
	scale := T(b.scale)
	startX, startY := round(b.box[0])*scale, round(b.box[1])*scale
	width, height := max(T(round(b.box[2]+1)*scale)-startX, 0.1), max(T(round(b.box[3]+1)*scale)-startY, 0.1)
	x0, x1 := binSpan(x, width/T(b.width), startX, b.image.width)
	y0, y1 := binSpan(y, height/T(b.height), startY, b.image.height)
	if x0 >= x1 || y0 >= y1 {
		return 0
	}
	plane, sum := b.image.plane((c*b.group+y)*b.group+x), T(0)
	for j := y0; j < y1; j++ {
		for _, v := range plane[j*b.image.width+x0 : j*b.image.width+x1] {
			sum += v
		}
	}
	return sum / T((x1-x0)*(y1-y0))
}

// between is the bilinear sample of a bin; the box is in units of the image.
func (b *binner[T]) between(c, y, x int) T {
	px := binPlace(x, b.width, b.box[0], b.box[2], b.image.width)
	py := binPlace(y, b.height, b.box[1], b.box[3], b.image.height)
	if b.width > 1 && x == b.width-1 { // not beyond the end by rounding
		px = T(b.image.width-1) * b.box[2]
	}
	if b.height > 1 && y == b.height-1 {
		py = T(b.image.height-1) * b.box[3]
	}
	return interpolatePixel(b.image, c, px, py)
}

// binPlace is where sample i of n lies between lo and hi, which are in units of an axis, in pixels.
func binPlace[T real](i, n int, lo, hi T, size int) T {
	last := T(size - 1)
	if n == 1 {
		return T(T(0.5*(lo+hi)) * last)
	}
	return T(T(i)*T((hi-lo)*last/T(n-1))) + T(lo*last)
}

// interpolatePixel is the bilinear sample at x, y, 0 outside the image.
func interpolatePixel[T real](m featureMap[T], c int, x, y T) T {
	if !(x >= 0 && x <= T(m.width-1) && y >= 0 && y <= T(m.height-1)) {
		return 0
	}
	left, top := int(x), int(y)
	right, bottom := min(left+1, m.width-1), min(top+1, m.height-1)
	plane := m.plane(c)
	across := func(row int) T {
		l, r := plane[row*m.width+left], plane[row*m.width+right]
		return l + T((r-l)*(x-T(left)))
	}
	upper, lower := across(top), across(bottom)
	return upper + T((lower-upper)*(y-T(top)))
}

// betweenBins is the mean of the bilinear samples of the spatial bins, each of which has channels of its own.
func (b *binner[T]) betweenBins(c, y, x int) T {
	scale := T(b.scale)
	startX, startY := b.box[0]*scale, b.box[1]*scale
	width, height := (T(b.box[2]*scale)-startX)/T(b.binsX), (T(b.box[3]*scale)-startY)/T(b.binsY)
	sum := T(0)
	for j := range b.binsY {
		y0, y1 := startY+T(T(j)*height), startY+T(T(j+1)*height)
		for i := range b.binsX {
			x0, x1 := startX+T(T(i)*width), startX+T(T(i+1)*width)
			sum += interpolatePixel(b.image, c+(j*b.binsX+i)*b.channels, binPlace(x, b.width, x0, x1, b.image.width),
				binPlace(y, b.height, y0, y1, b.image.height))
		}
	}
	return sum / T(b.binsX*b.binsY)
}

// deformable is the mean of the samples of a displaced bin that lie on the image.
func (b *binner[T]) deformable(c, y, x int) T {
	round := func(v T) T { return T(math.Round(float64(v))) }
	scale := T(b.scale)
	startX, startY := T(round(b.box[0])*scale)-0.5, T(round(b.box[1])*scale)-0.5
	width, height := max(T((round(b.box[2])+1)*scale)-0.5-startX, 0.1), max(T((round(b.box[3])+1)*scale)-0.5-startY, 0.1)
	binX, binY := width/T(b.width), height/T(b.height)
	moveX, moveY := b.move(c, y, x)
	startX += T(T(x)*binX) + T(moveX*width)
	startY += T(T(y)*binY) + T(moveY*height)
	sum, count := T(0), 0
	for j := range b.binsY {
		for i := range b.binsX {
			px, py := startX+T(T(i)*binX/T(b.binsX)), startY+T(T(j)*binY/T(b.binsY))
			if !(px >= -0.5 && px <= T(b.image.width)-0.5 && py >= -0.5 && py <= T(b.image.height)-0.5) {
				continue
			}
			px, py = min(max(px, 0), T(b.image.width-1)), min(max(py, 0), T(b.image.height-1))
			sum += interpolatePixel(b.image, (c*b.group+y)*b.group+x, px, py)
			count++
		}
	}
	if count == 0 {
		return 0
	}
	return sum / T(count)
}

// move is the displacement of a bin, in units of the region.
func (b *binner[T]) move(c, y, x int) (dx, dy T) {
	if b.moves == nil {
		return 0, 0
	}
	class := c / (b.channels / b.classes)
	at := (2*class*b.parts+y*b.parts/b.height)*b.parts + x*b.parts/b.width
	return b.moves[at] * T(b.displacement), b.moves[at+b.parts*b.parts] * T(b.displacement)
}
