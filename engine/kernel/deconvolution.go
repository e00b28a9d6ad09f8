package kernel

import "halfway/engine/tensor"

// A Deconvolution is the shape of a transposed convolution: input element i contributes to the output elements
// i*Stride + k*Dilation - Pad for k in [0, Kernel) of each dimension. Every output element is one chain of fused multiply-adds in f32 over
// input channels and the kernel positions that reach it.
//
// Output elements whose place plus Pad leaves the same remainder by Stride are reached by the same kernel positions, a period apart, so each such
// phase is a product like a convolution's with stride 1.
type Deconvolution Convolution

// phase is one class of output elements that some kernel position reaches.
type phase struct {
	tap          [3]int   // the first kernel position in each dimension, which names the class
	first, count [3]int   // the first of the elements and their number, Stride apart
	base         [3]int   // the input element that a kernel position below Stride pairs with the first of them
	back         [3][]int // by kernel position of the class: how far its input element lies before base
}

// phases are the classes that occur in the output.
func (c *Deconvolution) phases() []phase {
	r := []phase{{}}
	for d := range c.Stride {
		var next []phase
		for _, p := range r {
			for tap := range min(c.Kernel[d], c.period(d)) {
				if c.along(&p, d, tap) {
					next = append(next, p)
				}
			}
		}
		r = next
	}
	return r
}

// period is the distance of kernel positions of one class in dimension d.
func (c *Deconvolution) period(d int) int {
	a, b := c.Stride[d], c.Dilation[d]
	for b > 0 {
		a, b = b, a%b
	}
	return c.Stride[d] / a
}

// along completes p in dimension d; it reports whether the class of tap occurs there.
func (c *Deconvolution) along(p *phase, d, tap int) bool {
	stride := c.Stride[d]
	remainder := tap * c.Dilation[d] % stride
	p.tap[d] = tap
	p.first[d] = ((remainder-c.Pad[d])%stride + stride) % stride
	p.count[d] = (c.Out[d] - p.first[d] + stride - 1) / stride
	p.base[d] = (p.first[d] + c.Pad[d] - remainder) / stride
	p.back[d] = nil
	for _, k := range c.classTaps(d, tap) {
		p.back[d] = append(p.back[d], k*c.Dilation[d]/stride)
	}
	return p.first[d] < c.Out[d]
}

// classTaps are the kernel positions of tap's class in dimension d.
func (c *Deconvolution) classTaps(d, tap int) (taps []int) {
	for period := c.period(d); tap < c.Kernel[d]; tap += period {
		taps = append(taps, tap)
	}
	return taps
}

// boxPoints are all points of a box, row by row.
func boxPoints(box [3]int) [][3]int {
	var r [][3]int
	for z := range box[0] {
		for y := range box[1] {
			for x := range box[2] {
				r = append(r, [3]int{z, y, x})
			}
		}
	}
	return r
}

// frame is the padded input that all phases read.
func (c *Deconvolution) frame(phases []phase) frame {
	f := frame{in: c.In, size: c.In}
	for _, p := range phases {
		for d := range f.front {
			f.front[d] = max(f.front[d], p.back[d][len(p.back[d])-1]-p.base[d])
		}
	}
	for d := range f.size {
		f.size[d] += f.front[d]
		for _, p := range phases {
			f.size[d] = max(f.size[d], p.base[d]+p.count[d]-p.back[d][0]+f.front[d])
		}
	}
	return f
}

// Check reports whether the input, of the given channels in all its images, can be padded in memory.
func (c *Deconvolution) Check(channels int) error { return c.frame(c.phases()).check(channels) }

// Padded is the size of one image once it is padded.
func (c *Deconvolution) Padded() [3]int { return c.frame(c.phases()).size }

// A PhaseFilter is the packed weights of a transposed convolution by the class's first kernel position, then group.
type PhaseFilter map[[3]int][]*Left

// PackDeconvolution packs weights [Groups, InChannels, OutChannels, kernel...], rounded to the grid of t.
func (w *Workers) PackDeconvolution(c *Deconvolution, weights []float32, t tensor.DType) PhaseFilter {
	f := PhaseFilter{}
	var classes [3]int
	for d := range classes {
		classes[d] = min(c.Kernel[d], c.period(d))
	}
	for _, tap := range boxPoints(classes) {
		taps := [3][]int{c.classTaps(0, tap[0]), c.classTaps(1, tap[1]), c.classTaps(2, tap[2])}
		f[tap] = c.packClass(w, weights, combine(taps, rowSteps(c.Kernel)), t)
	}
	return f
}

// packClass packs the weights at the given kernel positions, one operand a group.
func (c *Deconvolution) packClass(w *Workers, weights []float32, taps []int, t tensor.DType) []*Left {
	area, depth := volume(c.Kernel), c.InChannels*len(taps)
	rows := make([]float32, c.OutChannels*depth)
	groups := make([]*Left, c.Groups)
	for g := range groups {
		for o := range c.OutChannels {
			for i := range depth {
				rows[o*depth+i] = weights[((g*c.InChannels+i/len(taps))*c.OutChannels+o)*area+taps[i%len(taps)]]
			}
		}
		groups[g] = w.PackLeft(RowMajor(rows, c.OutChannels, depth), t)
	}
	return groups
}

// combine returns the sum of one number of each list times that dimension's step, for all choices, the last list's fastest.
func combine(lists [3][]int, steps [3]int) []int {
	var r []int
	for _, z := range lists[0] {
		for _, y := range lists[1] {
			for _, x := range lists[2] {
				r = append(r, z*steps[0]+y*steps[1]+x*steps[2])
			}
		}
	}
	return r
}

// Deconvolve computes out [batch, Groups*OutChannels, Out...] from in [batch, Groups*InChannels, In...], which is rounded to the grid of t when
// it is read. The epilogue's RowBias has an element per output channel.
func (w *Workers) Deconvolve(out, in []float32, c *Deconvolution, batch int, filter PhaseFilter, t tensor.DType, e Epilogue) {
	phases := c.phases()
	f := c.frame(phases)
	image, release := f.apply(w, in, batch*c.Groups*c.InChannels, t)
	defer release()
	if reached(phases) < volume(c.Out) {
		c.fill(w, out, batch, e)
	}
	for _, p := range phases {
		c.phase(w, out, image, f, p, batch, filter[p.tap], e)
	}
}

// reached is the number of output elements of the phases.
func reached(phases []phase) int {
	n := 0
	for _, p := range phases {
		n += volume(p.count)
	}
	return n
}

// fill gives all output elements the value of an empty sum.
func (c *Deconvolution) fill(w *Workers, out []float32, batch int, e Epilogue) {
	channels, area := c.Groups*c.OutChannels, volume(c.Out)
	w.For(batch*channels, 1+1<<14/area, func(lo, hi int) {
		clear(out[lo*area : hi*area])
		for i := lo; i < hi && e.RowBias != nil; i++ {
			AddScalar(out[i*area:][:area], e.RowBias[i%channels])
			RoundTo(out[i*area:][:area], e.Round)
		}
	})
}

// phase computes the output elements of p and puts them in their places.
func (c *Deconvolution) phase(w *Workers, out, image []float32, f frame, p phase, batch int, left []*Left, e Epilogue) {
	area, size := volume(p.count), volume(f.size)
	channels := batch * c.Groups * c.OutChannels
	scratch := borrow(channels * area)
	defer giveBack(scratch)
	source := c.offsets(f, p)
	w.Products(batch*c.Groups, func(i int) Product {
		g := i % c.Groups
		r := Product{Out: (*scratch)[i*c.OutChannels*area:], Stride: area, Cols: area, Left: left[g], Epilogue: e}
		r.Right = &imageColumns{image[i*c.InChannels*size:], source}
		if e.RowBias != nil {
			r.RowBias = e.RowBias[g*c.OutChannels:][:c.OutChannels]
		}
		return r
	})
	steps := rowSteps(c.Out)
	first := p.first[0]*steps[0] + p.first[1]*steps[1] + p.first[2]
	for d := range steps {
		steps[d] *= c.Stride[d]
	}
	places := positions(p.count, steps)
	w.For(channels, 1+1<<14/area, func(lo, hi int) {
		for ch := lo; ch < hi; ch++ {
			dst, src := out[ch*volume(c.Out)+first:], (*scratch)[ch*area:][:area]
			for j, at := range places {
				dst[at] = src[j]
			}
		}
	})
}

func (c *Deconvolution) offsets(f frame, p phase) *offsets {
	steps := rowSteps(f.size)
	o := &offsets{places: positions(p.count, steps)}
	var inputs [3][]int
	for d, backs := range p.back {
		for _, b := range backs {
			inputs[d] = append(inputs[d], f.front[d]+p.base[d]-b)
		}
	}
	window := combine(inputs, steps)
	for ch := range c.InChannels {
		for _, at := range window {
			o.taps = append(o.taps, ch*volume(f.size)+at)
		}
	}
	return o
}
