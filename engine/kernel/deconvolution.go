package kernel

import "halfway/engine/tensor"

// A Deconvolution is the shape of a transposed convolution: input element i contributes to the output elements
// i*Stride + k*Dilation - Pad for k in [0, Kernel) of each dimension. Every output element is one chain of fused multiply-adds in f32 over
// input channels and the kernel positions that reach it.
//
// Output elements whose place plus Pad leaves the same remainder by Stride are reached by the same kernel positions, so each such phase is a
// product like a convolution's with stride 1.
type Deconvolution Convolution

// phase is one class of output elements.
type phase struct {
	class        [3]int   // their remainder in each dimension
	first, count [3]int   // the first of them and their number, Stride apart
	base         [3]int   // the input element that a kernel position below Stride pairs with the first of them
	back         [3][]int // by kernel position of the class: how far its input element lies before base
}

// phases are the classes that occur in the output.
func (c *Deconvolution) phases() []phase {
	r := []phase{}
	var box [3]int
	for d := range box {
		box[d] = min(c.Stride[d], c.Out[d])
	}
	for _, first := range boxPoints(box) {
		f := phase{first: first}
		for d, stride := range c.Stride {
			f.class[d] = ((first[d]+c.Pad[d])%stride + stride) % stride
			f.count[d] = (c.Out[d] - first[d] + stride - 1) / stride
			f.base[d] = (first[d] + c.Pad[d] - f.class[d]) / stride
			for _, k := range c.classTaps(d, f.class[d]) {
				f.back[d] = append(f.back[d], k*c.Dilation[d]/stride)
			}
		}
		r = append(r, f)
	}
	return r
}

// classTaps are the kernel positions of a class in dimension d.
func (c *Deconvolution) classTaps(d, class int) (taps []int) {
	for k := range c.Kernel[d] {
		if k*c.Dilation[d]%c.Stride[d] == class {
			taps = append(taps, k)
		}
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
			if n := len(p.back[d]); n > 0 {
				f.front[d] = max(f.front[d], p.back[d][n-1]-p.base[d])
			}
		}
	}
	for d := range f.size {
		f.size[d] += f.front[d]
		for _, p := range phases {
			if len(p.back[d]) > 0 {
				f.size[d] = max(f.size[d], p.base[d]+p.count[d]-p.back[d][0]+f.front[d])
			}
		}
	}
	return f
}

// Check reports whether the input, of the given channels, can be padded in memory.
func (c *Deconvolution) Check(channels int) error { return c.frame(c.phases()).check(channels) }

// A PhaseFilter is the packed weights of a transposed convolution by class, then group. A class without kernel positions has none.
type PhaseFilter map[[3]int][]*Left

// PackDeconvolution packs weights [Groups, InChannels, OutChannels, kernel...], rounded to the grid of t.
func (w *Workers) PackDeconvolution(c *Deconvolution, weights []float32, t tensor.DType) PhaseFilter {
	f := PhaseFilter{}
	for _, k := range boxPoints(c.Kernel) {
		var class [3]int
		var taps [3][]int
		for d := range class {
			class[d] = k[d] * c.Dilation[d] % c.Stride[d]
			taps[d] = c.classTaps(d, class[d])
		}
		if f[class] == nil {
			f[class] = c.packClass(w, weights, combine(taps, rowSteps(c.Kernel)), t)
		}
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
	for _, p := range phases {
		c.phase(w, out, image, f, p, batch, filter[p.class], e)
	}
}

// phase computes the output elements of p and puts them in their places.
func (c *Deconvolution) phase(w *Workers, out, image []float32, f frame, p phase, batch int, left []*Left, e Epilogue) {
	area, size := volume(p.count), volume(f.size)
	channels := batch * c.Groups * c.OutChannels
	scratch := borrow(channels * area)
	defer giveBack(scratch)
	source := c.offsets(f, p)
	for len(left) < c.Groups { // a class that no kernel position reaches
		left = append(left, &Left{rows: c.OutChannels})
	}
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
