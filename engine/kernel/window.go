package kernel

import (
	"fmt"

	"halfway/engine/tensor"
)

// A Window slides over images of up to three dimensions (depth, height, width; unused leading ones are 1): output element o reads the input
// elements o*Stride + k*Dilation - Pad for k in [0, Kernel) of each dimension.
type Window struct {
	In, Out, Kernel, Stride, Dilation, Pad [3]int
}

func volume(d [3]int) int { return d[0] * d[1] * d[2] }

// frame is the padded input that the window reads; its size is at least the input's where no padding is in front, so that the input serves
// as it is where the window stays inside.
func (g *Window) frame() frame {
	f := frame{in: g.In, front: g.Pad}
	for d := range f.size {
		f.size[d] = (g.Out[d]-1)*g.Stride[d] + (g.Kernel[d]-1)*g.Dilation[d] + 1
		if g.Pad[d] == 0 {
			f.size[d] = max(f.size[d], g.In[d])
		}
	}
	return f
}

// Check reports whether the input, of the given channels in all its images, can be padded in memory.
func (g *Window) Check(channels int) error { return g.frame().check(channels) }

// Padded is the size of one image once it is padded; the elements of all channels are within the bounds of Check.
func (g *Window) Padded() [3]int { return g.frame().size }

// A frame is an image of size in that lies front elements from the start of an image of zeros; a negative front cuts its start off.
type frame struct{ in, front, size [3]int }

// MaxPadded bounds the elements of one padded image.
const MaxPadded = 1 << 32

func (f frame) check(channels int) error {
	if n, err := tensor.Elements(append([]int{channels}, f.size[:]...)); err != nil || n > MaxPadded {
		return fmt.Errorf("%d channels of the padded size %v are more than the limit of %d elements", channels, f.size, MaxPadded)
	}
	return nil
}

// trivial reports whether the framed image is the image.
func (f frame) trivial() bool { return f.front == [3]int{} && f.size == f.in }

// apply returns channels images from src in their frames, rounded to the grid of t. It returns src when that changes nothing, else scratch
// memory, which release takes back.
func (f frame) apply(w *Workers, src []float32, channels int, t tensor.DType) (framed []float32, release func()) {
	if f.trivial() && !reduced(t) {
		return src, func() {}
	}
	size := volume(f.size)
	scratch := borrow(channels * size)
	w.For(channels, 1+1<<14/max(size, 1), func(lo, hi int) {
		for c := lo; c < hi; c++ {
			f.copy((*scratch)[c*size:][:size], src[c*volume(f.in):], t)
		}
	})
	return *scratch, func() { giveBack(scratch) }
}

// copy frames one image.
func (f frame) copy(dst, src []float32, t tensor.DType) {
	var from, to [3]int // the part of the image that is visible
	for d := range from {
		from[d] = max(0, -f.front[d])
		to[d] = min(f.in[d], f.size[d]-f.front[d])
	}
	done, n := 0, to[2]-from[2]
	for z := from[0]; z < to[0] && n > 0; z++ {
		for y := from[1]; y < to[1]; y++ {
			at := ((z+f.front[0])*f.size[1]+y+f.front[1])*f.size[2] + from[2] + f.front[2]
			clear(dst[done:at])
			done = at + n
			if row := src[(z*f.in[1]+y)*f.in[2]+from[2]:]; reduced(t) {
				copyRounded(dst[at:done], row[:n], t)
			} else {
				copy(dst[at:done], row)
			}
		}
	}
	clear(dst[done:])
}

// positions returns, for every position in an n-dimensional box, its offset in an array where a step along dimension d is steps[d] elements.
func positions(box, steps [3]int) []int {
	r := make([]int, 0, volume(box))
	for z := range box[0] {
		for y := range box[1] {
			for x := range box[2] {
				r = append(r, z*steps[0]+y*steps[1]+x*steps[2])
			}
		}
	}
	return r
}

// rowSteps are the distances of neighbours along each dimension in a dense array of the given size.
func rowSteps(size [3]int) [3]int { return [3]int{size[1] * size[2], size[2], 1} }

// Visit calls f for each position k of the kernel, in order, that lies inside the input for output position out, with the position at in the
// input. Positions are counted row by row.
func (g *Window) Visit(out int, f func(k, at int)) {
	var o [3]int
	for d := 2; d >= 0; d-- {
		o[d] = out%g.Out[d]*g.Stride[d] - g.Pad[d]
		out /= g.Out[d]
	}
	for kz := range g.Kernel[0] {
		z := o[0] + kz*g.Dilation[0]
		if z < 0 || z >= g.In[0] {
			continue
		}
		for ky := range g.Kernel[1] {
			y := o[1] + ky*g.Dilation[1]
			if y < 0 || y >= g.In[1] {
				continue
			}
			for kx := range g.Kernel[2] {
				if x := o[2] + kx*g.Dilation[2]; x >= 0 && x < g.In[2] {
					f((kz*g.Kernel[1]+ky)*g.Kernel[2]+kx, (z*g.In[1]+y)*g.In[2]+x)
				}
			}
		}
	}
}
