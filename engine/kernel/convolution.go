package kernel

import (
	"math"
	"sync/atomic"

	"halfway/engine/tensor"
)

// A Convolution is the shape of a convolution of images with Groups groups of InChannels input and OutChannels output channels each. Every
// output element is one chain of fused multiply-adds in f32 over input channels, then kernel depth, height and width.
type Convolution struct {
	Window
	Groups, InChannels, OutChannels int
}

// Depth is the number of products that are summed to one output element.
func (c *Convolution) Depth() int { return c.InChannels * volume(c.Kernel) }

// A Filter is the packed weights of a convolution.
type Filter struct {
	groups []*Left
	rows   []float32 // of a depthwise one: all kernels
	whole  *Right    // of one that reads each image as a whole, once

	placed atomic.Pointer[placed]
}

// placed is where the elements lie that a convolution reads.
type placed struct {
	convolution Convolution
	offsets     *offsets
}

// offsetsFor returns the offsets of c, those of the last call where c is the same.
func (f *Filter) offsetsFor(c *Convolution) *offsets {
	if p := f.placed.Load(); p != nil && p.convolution == *c {
		return p.offsets
	}
	o := c.offsets(c.frame())
	f.placed.Store(&placed{*c, o})
	return o
}

// PackFilter packs weights [Groups, OutChannels, InChannels, kernel...], rounded to the grid of t.
func (w *Workers) PackFilter(c *Convolution, weights []float32, t tensor.DType) *Filter {
	size := c.OutChannels * c.Depth()
	if c.depthwise() {
		f := &Filter{rows: make([]float32, c.Groups*size)}
		copyRounded(f.rows, weights, t)
		return f
	}
	if c.whole() {
		return &Filter{whole: w.PackRight(RowMajor(weights, c.OutChannels, c.Depth()).Transposed(), t)}
	}
	f := &Filter{groups: make([]*Left, c.Groups)}
	for g := range f.groups {
		f.groups[g] = w.PackLeft(RowMajor(weights[g*size:], c.OutChannels, c.Depth()), t)
	}
	return f
}

// Convolve computes out [batch, Groups*OutChannels, Out...] from in [batch, Groups*InChannels, In...], which is rounded to the grid of t
// when it is read. The epilogue's RowBias has an element per output channel.
func (w *Workers) Convolve(out, in []float32, c *Convolution, batch int, filter *Filter, t tensor.DType, e Epilogue) {
	if c.depthwise() {
		w.convolveDepthwise(out, in, c, batch, filter, t, e)
		return
	}
	if c.whole() {
		e.RowBias, e.ColBias = nil, e.RowBias
		w.MultiplyPacked(RowMajor(in, batch, c.Depth()), t, filter.whole, out, e)
		return
	}
	f := c.frame()
	image, release := f.apply(w, in, batch*c.Groups*c.InChannels, t)
	defer release()
	area, size := volume(c.Out), volume(f.size)
	source := filter.offsetsFor(c)
	w.Products(batch*c.Groups, func(i int) Product {
		g := i % c.Groups
		p := Product{Out: out[i*c.OutChannels*area:], At: i * c.OutChannels * area, Stride: area, Cols: area, Left: filter.groups[g], Epilogue: e}
		p.Right = &imageColumns{image[i*c.InChannels*size:], source}
		if e.RowBias != nil {
			p.RowBias = e.RowBias[g*c.OutChannels:][:c.OutChannels]
		}
		return p
	})
}

// whole reports whether c has one output element a channel, which reads all of the image: such images are the rows of a product.
func (c *Convolution) whole() bool {
	return c.Groups == 1 && volume(c.Out) == 1 && c.In == c.Kernel && c.frame().trivial()
}

// imageColumns is a convolution's right operand: column p holds what output position p reads, row k element taps[k] from its place.
type imageColumns struct {
	image []float32
	*offsets
}

type offsets struct {
	taps   []int // by input channel and kernel position
	places []int // by output position
}

func (c *Convolution) offsets(f frame) *offsets {
	steps := rowSteps(f.size)
	var kernel, stride [3]int
	for d := range steps {
		kernel[d], stride[d] = steps[d]*c.Dilation[d], steps[d]*c.Stride[d]
	}
	o := &offsets{places: positions(c.Out, stride)}
	window := positions(c.Kernel, kernel)
	for ch := range c.InChannels {
		for _, p := range window {
			o.taps = append(o.taps, ch*volume(f.size)+p)
		}
	}
	return o
}

func (c *imageColumns) block(scratch []float32, k0, k1, j0, j1 int) ([]float32, int) {
	stride := (k1 - k0) * tileCols
	for j := j0; j < j1; j += tileCols {
		c.panel(scratch[(j-j0)/tileCols*stride:][:stride], c.taps[k0:k1], c.places[j:min(j+tileCols, j1)])
	}
	return scratch, stride
}

// panel packs the columns that start at places.
func (c *imageColumns) panel(dst []float32, taps, places []int) {
	n := len(places)
	span := places[n-1] - places[0]
	if n == tileCols && span == n-1 {
		image := c.image[places[0]:]
		for k, tap := range taps {
			*(*[tileCols]float32)(dst[k*tileCols:]) = [tileCols]float32(image[tap:])
		}
		return
	}
	var relative [tileCols]int32
	for j := range relative { // columns beyond the last repeat it: nobody reads them
		relative[j] = int32(places[min(j, n-1)] - places[0])
	}
	if span <= math.MaxInt32 && gather(dst, c.image[places[0]:], taps, &relative) {
		return
	}
	for k, tap := range taps {
		row, src := dst[k*tileCols:][:tileCols], c.image[tap:]
		for j := range row {
			row[j] = src[places[min(j, n-1)]]
		}
	}
}
