package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"halfway/engine/tensor"
)

// randomWindow is a window over up to three dimensions, whose output has at least one element.
func randomWindow(r *rand.Rand) Window {
	g := Window{In: [3]int{1, 1, 1}, Out: [3]int{1, 1, 1}, Kernel: [3]int{1, 1, 1}, Stride: [3]int{1, 1, 1}, Dilation: [3]int{1, 1, 1}}
	for d := r.IntN(3); d < 3; d++ {
		g.Kernel[d], g.Stride[d], g.Dilation[d] = 1+r.IntN(3), 1+r.IntN(3), 1+r.IntN(2)
		g.Pad[d] = r.IntN(4) - r.IntN(2)
		extent := (g.Kernel[d]-1)*g.Dilation[d] + 1
		g.In[d] = extent + 1 + r.IntN(24)
		g.Out[d] = (g.In[d]+g.Pad[d]+r.IntN(3)-extent)/g.Stride[d] + 1
	}
	return g
}

// slowConvolution is one chain an output element over input channels and kernel positions; padding counts as zeros.
func slowConvolution(c *Convolution, batch int, in, weights []float32, bias []float32, t, out tensor.DType) []float32 {
	var r []float32
	kernel := volume(c.Kernel)
	for n := range batch {
		for o := range c.Groups * c.OutChannels {
			for p := range volume(c.Out) {
				sum := float32(0)
				for i := range c.InChannels {
					channel := in[(n*c.Groups*c.InChannels+o/c.OutChannels*c.InChannels+i)*volume(c.In):]
					at := make([]float32, kernel)
					c.Visit(p, func(k, i int) { at[k] = onGrid(t, channel[i]) })
					for k, v := range at {
						sum = multiplyAdd(onGrid(t, weights[(o*c.InChannels+i)*kernel+k]), v, sum)
					}
				}
				r = append(r, onGrid(out, sum+bias[o]))
			}
		}
	}
	return r
}

func TestConvolveHasTheBitsOfOneChainPerElement(t *testing.T) {
	bothLevels(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 8))
		grids := []tensor.DType{tensor.F32, tensor.BF16, tensor.F16}
		for i := range 120 {
			c := &Convolution{Window: randomWindow(r), Groups: 1 + r.IntN(3), InChannels: 1 + r.IntN(4), OutChannels: 1 + r.IntN(9)}
			if i%3 == 0 {
				c.InChannels, c.OutChannels = 1, 1+r.IntN(3) // depthwise
			}
			if i%10 == 9 { // one position that reads all
				c.Window = Window{In: c.Kernel, Out: [3]int{1, 1, 1}, Kernel: c.Kernel, Stride: c.Stride, Dilation: [3]int{1, 1, 1}}
			}
			batch, grid, round := 1+r.IntN(2), grids[i%3], grids[i/3%3]
			in := random(r, batch*c.Groups*c.InChannels*volume(c.In))
			weights := random(r, c.Groups*c.OutChannels*c.Depth())
			bias := random(r, c.Groups*c.OutChannels)
			want := slowConvolution(c, batch, in, weights, bias, grid, round)
			for threads := 1; threads <= 3; threads++ {
				w := NewWorkers(threads)
				got := make([]float32, len(want))
				w.Convolve(got, in, c, batch, w.PackFilter(c, weights, grid), grid, Epilogue{RowBias: bias, Round: round})
				t.Run(fmt.Sprintf("%d-%+v", threads, *c), func(t *testing.T) { equalBits(t, got, want) })
				w.Close()
			}
		}
	})
}

// slowDeconvolution adds each input element to the outputs that it reaches, so that an output's sum goes over input channels and then over
// kernel positions.
func slowDeconvolution(c *Deconvolution, batch int, in, weights []float32) []float32 {
	out := make([]float32, batch*c.Groups*c.OutChannels*volume(c.Out))
	forward := Window{In: c.Out, Out: c.In, Kernel: c.Kernel, Stride: c.Stride, Dilation: c.Dilation, Pad: c.Pad}
	area := volume(c.Kernel)
	for n := range batch * c.Groups {
		g := n % c.Groups
		for o := range c.OutChannels {
			for i := range c.InChannels {
				image, filter := in[(n*c.InChannels+i)*volume(c.In):], weights[((g*c.InChannels+i)*c.OutChannels+o)*area:]
				for k := range area {
					for p := range volume(c.In) {
						forward.Visit(p, func(tap, at int) {
							if tap == k {
								sum := &out[(n*c.OutChannels+o)*volume(c.Out)+at]
								*sum = multiplyAdd(filter[k], image[p], *sum)
							}
						})
					}
				}
			}
		}
	}
	return out
}

func TestDeconvolveHasTheBitsOfOneChainPerElement(t *testing.T) {
	bothLevels(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(9, 10))
		for range 60 {
			g := randomWindow(r)
			g.In, g.Out = g.Out, g.In // what a convolution reads is what its transpose writes
			c := &Deconvolution{Window: g, Groups: 1 + r.IntN(2), InChannels: 1 + r.IntN(3), OutChannels: 1 + r.IntN(7)}
			in := random(r, 2*c.Groups*c.InChannels*volume(c.In))
			weights := random(r, c.Groups*c.OutChannels*c.InChannels*volume(c.Kernel))
			want := slowDeconvolution(c, 2, in, weights)
			w := NewWorkers(2)
			got := make([]float32, len(want))
			w.Deconvolve(got, in, c, 2, w.PackDeconvolution(c, weights, tensor.F32), tensor.F32, Epilogue{})
			t.Run(fmt.Sprintf("%+v", *c), func(t *testing.T) { equalBits(t, got, want) })
			w.Close()
		}
	})
}

func BenchmarkConvolve(b *testing.B) {
	for _, s := range []struct {
		name                          string
		groups, in, out, size, kernel int
		stride                        int
	}{
		{"1x1", 1, 64, 128, 56, 1, 1}, {"1x1-deep", 1, 512, 512, 14, 1, 1}, {"3x3", 1, 64, 64, 56, 3, 1}, {"3x3-deep", 1, 256, 256, 13, 3, 1},
		{"3x3-by-2", 1, 64, 64, 56, 3, 2}, {"first", 1, 3, 64, 224, 3, 2}, {"squeeze", 1, 128, 16, 55, 1, 1},
		{"depthwise", 64, 1, 1, 56, 3, 1}, {"depthwise-by-2", 64, 1, 1, 56, 3, 2},
	} {
		b.Run(s.name, func(b *testing.B) {
			w := NewWorkers(1)
			defer w.Close()
			pad := s.kernel / 2
			out := (s.size+2*pad-s.kernel)/s.stride + 1
			c := &Convolution{Window: Window{In: [3]int{1, s.size, s.size}, Out: [3]int{1, out, out}, Kernel: [3]int{1, s.kernel, s.kernel},
				Stride: [3]int{1, s.stride, s.stride}, Dilation: [3]int{1, 1, 1}, Pad: [3]int{0, pad, pad}},
				Groups: s.groups, InChannels: s.in, OutChannels: s.out}
			r := rand.New(rand.NewPCG(1, 2))
			in := random(r, s.groups*s.in*s.size*s.size)
			filter := w.PackFilter(c, random(r, s.groups*s.out*c.Depth()), tensor.F32)
			dst, bias := make([]float32, s.groups*s.out*out*out), make([]float32, s.groups*s.out)
			for b.Loop() {
				w.Convolve(dst, in, c, 1, filter, tensor.F32, Epilogue{RowBias: bias})
			}
			reportFLOPs(b, 2*len(dst)*c.Depth())
		})
	}
}
