package kernel

import (
	"halfway/engine/tensor"
)

// depthwise reports whether c is computed row by row rather than as a product: each output channel reads one input channel, and so few read the
// same that packing its columns would not pay.
func (c *Convolution) depthwise() bool {
	return c.InChannels == 1 && c.OutChannels <= 3 && c.Stride[2] <= 2
}

// rowSlack is the number of elements after the last one of a padded image that vectors of rows may read.
const rowSlack = 16

// convolveDepthwise is Convolve for c.depthwise, channel by channel.
func (w *Workers) convolveDepthwise(out, in []float32, c *Convolution, batch int, filter *Filter, t tensor.DType, e Epilogue) {
	f := c.frame()
	size, area := volume(f.size), volume(c.Out)
	o, weights := filter.offsetsFor(c), filter.rows
	w.For(batch*c.Groups, 1+1<<16/max(area*len(o.taps), 1), func(lo, hi int) {
		scratch := borrow(size + rowSlack)
		defer giveBack(scratch)
		image := *scratch
		clear(image[size:])
		for i := lo; i < hi; i++ {
			f.copy(image[:size], in[i*volume(c.In):], t)
			for m := range c.OutChannels {
				channel := i%c.Groups*c.OutChannels + m
				dst := out[(i*c.OutChannels+m)*area:][:area]
				o.rows(dst, image, weights[channel*len(o.taps):], c.Out[2], c.Stride[2])
				if e.RowBias != nil {
					AddScalar(dst, e.RowBias[channel])
				}
				if e.Then != nil {
					e.Then(dst, (i*c.OutChannels+m)*area)
				}
				RoundTo(dst, e.Round)
			}
		}
	})
}

// rows computes the rows of one channel, of width elements each.
func (o *offsets) rows(dst, image, weights []float32, width, stride int) {
	for at := 0; at < len(dst); at += width {
		rowTaps(dst[at:], image[o.places[at]:], width, o.taps, weights, stride) // the next row overwrites what is too much
	}
}

// rowTapsGeneric writes the sum of weights[k]*src[taps[k]+stride*x] over k to dst[x].
func rowTapsGeneric(dst, src []float32, taps []int, weights []float32, stride int) {
	for x := range dst {
		sum := float32(0)
		for k, tap := range taps {
			sum += src[tap+stride*x] * weights[k]
		}
		dst[x] = sum
	}
}
