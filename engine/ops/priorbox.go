package ops

import (
	"fmt"
	"math"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// PriorBox (opset1, opset8) and PriorBoxClustered (opset1) lay the same boxes around the centre of every cell of a feature map:
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/detection/prior-box-8.html
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/detection/prior-box-clustered-1.html

func init() {
	register("PriorBox", newPriorBox)
	register("PriorBoxClustered", newPriorBoxClustered)
}

// maxPriors bounds the boxes of one cell.
const maxPriors = 1 << 16

// A prior is a box relative to the centre of its cell, in pixels.
type prior struct {
	x, y                  float32 // of its centre
	halfWidth, halfHeight float32
	clip                  bool
}

// priorGrid is what both operations share: inputs [H, W] of the feature map and of the image, an output [2, 4*H*W*priors] that holds the
// corners of the boxes in units of the image, then their variances.
type priorGrid struct {
	variance []float64 // 4, or 1 for all
	clip     bool
	priors   func(imageHeight int) []prior
	number   int
	centres  func(height, width, imageHeight, imageWidth int) (x, y func(cell int) float32)
}

func newPriorGrid(d *graph.Decoder) priorGrid {
	g := priorGrid{clip: d.Bool("clip", false), variance: d.Floats("variance")}
	if g.variance == nil {
		g.variance = []float64{0.1}
	}
	return g
}

// check rejects attributes that the shape rule or the plugin does not admit.
func (g *priorGrid) check(d *graph.Decoder) error {
	if err := d.Err(); err != nil {
		return err
	}
	if n := len(g.variance); n != 1 && n != 4 {
		return fmt.Errorf("attribute variance has %d numbers, want 1 or 4", n)
	}
	for _, v := range g.variance {
		if !(v >= 0) {
			return fmt.Errorf("attribute variance has %v, want numbers of at least 0", v)
		}
	}
	return nil
}

// Infer needs the value of input 0.
func (g *priorGrid) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 2, 2); err != nil {
		return nil, err
	}
	if err := wantIntegers(in, 0, 1); err != nil {
		return nil, err
	}
	for i := range in {
		if err := wantShape(in, i, 2); err != nil {
			return nil, err
		}
	}
	if in[0].Value == nil {
		return []Spec{{Type: tensor.F32}}, nil
	}
	size := intValues(in[0].Value)
	n, err := tensor.Elements([]int{4, size[0], size[1], g.number})
	if err != nil {
		return nil, fmt.Errorf("a feature map of %v: %w", size, err)
	}
	return []Spec{{Type: tensor.F32, Shape: []int{2, n}}}, nil
}

// Eval computes box corners and variances.
func (g *priorGrid) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	size, image := intValues(in[0].Tensor), intValues(in[1].Tensor)
	priors := g.priors(image[0])
	x, y := g.centres(size[0], size[1], image[0], image[1])
	scaleX, scaleY := 1/float32(image[1]), 1/float32(image[0])
	dst := out[0].F32s()
	boxes, variances := dst[:len(dst)/2], dst[len(dst)/2:]
	w.For(size[0]*size[1], 1+4096/g.number, func(lo, hi int) {
		for cell := lo; cell < hi; cell++ {
			cx, cy := x(cell%size[1]), y(cell/size[1])
			for i, p := range priors {
				p.x, p.y = p.x+cx, p.y+cy
				box := boxes[4*(cell*len(priors)+i):][:4]
				box[0], box[1] = (p.x-p.halfWidth)*scaleX, (p.y-p.halfHeight)*scaleY
				box[2], box[3] = (p.x+p.halfWidth)*scaleX, (p.y+p.halfHeight)*scaleY
				if p.clip {
					box[0], box[1], box[2], box[3] = max(box[0], 0), max(box[1], 0), min(box[2], 1), min(box[3], 1)
				}
				if g.clip {
					clipBox(box)
				}
			}
		}
	})
	for i := range variances {
		variances[i] = float32(g.variance[i%len(g.variance)])
	}
	return nil
}

// clipBox limits coordinates to [0, 1]; NaN becomes 1, as std::min and std::max have it.
func clipBox[T real](box []T) {
	for i, v := range box {
		if !(v < 1) {
			v = 1
		}
		box[i] = max(v, 0)
	}
}

// priorBox are the attributes of PriorBox.
type priorBox struct {
	minSize, maxSize, aspect       []float64
	fixedSize, fixedRatio, density []float64
	scaleAll, minMaxAspect         bool
	step, offset                   float64
}

func newPriorBox(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	d.Required("offset")
	b := &priorBox{
		minSize: d.Floats("min_size"), maxSize: d.Floats("max_size"),
		fixedSize: d.Floats("fixed_size"), fixedRatio: d.Floats("fixed_ratio"), density: d.Floats("density"),
		scaleAll: d.Bool("scale_all_sizes", true), minMaxAspect: d.Bool("min_max_aspect_ratios_order", true),
		step: d.Float("step", 0), offset: d.Float("offset", 0),
	}
	g := newPriorGrid(d)
	if err := b.aspects(d.Floats("aspect_ratio"), d.Bool("flip", false)); err != nil {
		return nil, err
	}
	if err := g.check(d); err != nil {
		return nil, err
	}
	if err := b.check(); err != nil {
		return nil, err
	}
	g.priors, g.centres = b.priors, b.centres
	g.number = len(b.priors(1))
	if want := b.declared(); g.number != want || g.number == 0 {
		return nil, fmt.Errorf("sizes, ratios and densities give %d boxes a cell, but the rule of its shape counts %d", g.number, want)
	}
	return &g, nil
}

// aspects is 1 and the given ratios with their inverses when flip, each once.
func (b *priorBox) aspects(ratios []float64, flip bool) error {
	b.aspect = []float64{1}
	for _, r := range ratios {
		if !(math.Abs(r) > 1e-7) {
			return fmt.Errorf("attribute aspect_ratio has %v, want numbers other than 0", r)
		}
		known := false
		for _, a := range b.aspect {
			known = known || math.Abs(r-a) < 1e-6
		}
		if known {
			continue
		}
		b.aspect = append(b.aspect, r)
		if flip {
			b.aspect = append(b.aspect, 1/r)
		}
	}
	return nil
}

// check bounds the number of boxes and makes density have an entry for each fixed size.
func (b *priorBox) check() error {
	if len(b.fixedSize) > len(b.density) {
		return fmt.Errorf("attribute density has %d numbers, want one for each of the %d of fixed_size", len(b.density), len(b.fixedSize))
	}
	for i, d := range b.density {
		if !(d >= 1 && d <= 1<<10) {
			return fmt.Errorf("attribute density has %v, want numbers from 1 to %d", d, 1<<10)
		}
		if i < len(b.fixedSize) && !(math.Abs(b.fixedSize[i]) < 1<<30) {
			return fmt.Errorf("attribute fixed_size has %v, want a size in pixels", b.fixedSize[i])
		}
	}
	if n := b.declared(); n > maxPriors {
		return fmt.Errorf("%d boxes a cell, more than the limit of %d", n, maxPriors)
	}
	return nil
}

// declared is the number of boxes a cell that the rule of the output's shape counts from the attributes.
func (b *priorBox) declared() int {
	aspects := len(b.aspect)
	n := aspects + len(b.minSize) - 1
	if b.scaleAll {
		n = aspects*len(b.minSize) + len(b.maxSize)
	}
	if len(b.fixedSize) > 0 {
		n = aspects * len(b.fixedSize)
	}
	if len(b.fixedRatio) > 0 {
		aspects = len(b.fixedRatio)
	}
	for _, d := range b.density {
		n += aspects * (int(d)*int(d) - 1)
	}
	return n
}

// priors lists the boxes of one cell in the order of the output.
func (b *priorBox) priors(imageHeight int) []prior {
	var list []prior
	for i, size := range b.fixedSize {
		for _, r := range b.fixedRatio {
			list = appendDense(list, size, size, r, int(b.density[i]))
		}
		if b.fixedRatio != nil {
			continue
		}
		list = appendDense(list, math.Trunc(size), size, 1, int(b.density[i])) // the plugin truncates here only
		for _, r := range b.aspect[1:] {
			list = appendDense(list, size, size, r, int(b.density[i]))
		}
	}
	return b.appendSizes(list, imageHeight)
}

// appendDense adds density*density boxes of one size and ratio, spread evenly over a square of spread pixels.
func appendDense(list []prior, size, spread, ratio float64, density int) []prior {
	root := float32(math.Sqrt(float64(float32(ratio))))
	width, height := float32(size)*0.5*root, float32(size)*0.5/root
	shift := int(float32(spread) / float32(density))
	first := float32(shift)/2 - float32(int(spread))/2
	for row := range density {
		for column := range density {
			list = append(list, prior{first + float32(column*shift), first + float32(row*shift), width, height, true})
		}
	}
	return list
}

// appendSizes adds the boxes of min_size, max_size and the aspect ratios.
func (b *priorBox) appendSizes(list []prior, imageHeight int) []prior {
	unit := float32(1)
	if !b.scaleAll {
		unit = float32(imageHeight)
	}
	square := func(half float32) { list = append(list, prior{halfWidth: half, halfHeight: half}) }
	for i := range b.minSize {
		size := float32(b.minSize[i]) * unit
		square(size * 0.5)
		largest := func() {
			if i < len(b.maxSize) {
				square(float32(math.Sqrt(float64(size*float32(b.maxSize[i])))) * 0.5)
			}
		}
		if b.minMaxAspect {
			largest()
		}
		if b.scaleAll {
			list = b.appendAspects(list, size)
		} else if i == len(b.minSize)-1 {
			list = b.appendAspects(list, float32(b.minSize[0])*unit)
		}
		if !b.minMaxAspect {
			largest()
		}
	}
	return list
}

func (b *priorBox) appendAspects(list []prior, size float32) []prior {
	for _, a := range b.aspect[1:] {
		root := float32(math.Sqrt(float64(float32(a))))
		list = append(list, prior{halfWidth: size * 0.5 * root, halfHeight: size * 0.5 / root})
	}
	return list
}

// centres gives the centre of a column and of a row of cells, in pixels.
func (b *priorBox) centres(height, width, imageHeight, imageWidth int) (x, y func(int) float32) {
	step, offset := float32(b.step), float32(b.offset)
	if !b.scaleAll {
		if step == -1 {
			step = float32(imageHeight) / float32(height)
		} else {
			step *= float32(imageHeight)
		}
	}
	stepX, stepY := step, step
	if step == 0 {
		offset, stepX, stepY = 0.5, float32(imageWidth)/float32(width), float32(imageHeight)/float32(height)
	}
	return evenly(offset, stepX), evenly(offset, stepY)
}

// evenly returns the function that places cell i at (i+offset)*step.
func evenly(offset, step float32) func(int) float32 {
	return func(i int) float32 { return (float32(i) + offset) * step }
}

func newPriorBoxClustered(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	d.Required("width", "height")
	widths, heights := d.Floats("width"), d.Floats("height")
	step, offset := d.Float("step", 0), float32(d.Float("offset", 0))
	stepX, stepY := float32(d.Float("step_w", step)), float32(d.Float("step_h", step))
	g := newPriorGrid(d)
	if err := g.check(d); err != nil {
		return nil, err
	}
	if len(widths) != len(heights) || len(widths) == 0 || len(widths) > maxPriors {
		return nil, fmt.Errorf("attributes width and height have %d and %d numbers, want as many, 1 to %d", len(widths), len(heights), maxPriors)
	}
	list := make([]prior, len(widths))
	for i := range list {
		list[i] = prior{halfWidth: float32(widths[i]) / 2, halfHeight: float32(heights[i]) / 2}
	}
	if stepX == 0 {
		stepX = float32(step)
	}
	if stepY == 0 {
		stepY = float32(step)
	}
	g.number = len(list)
	g.priors = func(int) []prior { return list }
	g.centres = func(height, width, imageHeight, imageWidth int) (x, y func(int) float32) {
		if stepX == 0 && stepY == 0 {
			return evenly(offset, float32(imageWidth)/float32(width)), evenly(offset, float32(imageHeight)/float32(height))
		}
		return evenly(offset, stepX), evenly(offset, stepY)
	}
	return &g, nil
}
