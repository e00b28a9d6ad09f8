package ops

import (
	"fmt"
	"math/cmplx"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// DFT, IDFT (opset7), RDFT and IRDFT (opset9) are the discrete Fourier transform along some axes and its inverse, of complex and of real data:
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/signals/dft-7.html
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/signals/rdft-9.html
// A complex tensor has a last axis of size 2. They are computed in f64 and rounded once.

func init() {
	register("DFT", func(*graph.Node) (Op, error) { return &dft{complexIn: true, complexOut: true}, nil })
	register("IDFT", func(*graph.Node) (Op, error) { return &dft{complexIn: true, complexOut: true, inverse: true}, nil })
	register("RDFT", func(*graph.Node) (Op, error) { return &dft{complexOut: true}, nil })
	register("IRDFT", func(*graph.Node) (Op, error) { return &dft{complexIn: true, inverse: true}, nil })
}

// dft: inputs are the data, the axes, and optionally the size of the signal along each of them (-1: as it is), to which the data is cut or
// filled with zeros. Of a real signal's spectrum the last of the axes has the first half only, size/2+1.
type dft struct{ complexIn, complexOut, inverse bool }

// Infer needs the values of the axes and sizes.
func (o *dft) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 2, 3); err != nil {
		return nil, err
	}
	if err := wantFloats(in, 0); err != nil {
		return nil, err
	}
	axes, err := vector(in, 1, "axes")
	if err != nil {
		return nil, err
	}
	var sizes []int
	if len(in) == 3 {
		if sizes, err = vector(in, 2, "signal_size"); err != nil {
			return nil, err
		}
	}
	if in[0].Shape == nil || axes == nil || len(in) == 3 && sizes == nil {
		return []Spec{{Type: in[0].Type}}, nil
	}
	p, err := o.plan(in[0].Shape, axes, sizes)
	if err != nil {
		return nil, err
	}
	return []Spec{{in[0].Type, p.out}}, nil
}

// dftPlan are the shapes of an evaluation, all without the axis of complex numbers except out.
type dftPlan struct {
	axes            []int
	in, signal, out []int
}

func (o *dft) plan(shape, axes, sizes []int) (*dftPlan, error) {
	p := &dftPlan{in: shape}
	if o.complexIn {
		if len(shape) == 0 || shape[len(shape)-1] != 2 {
			return nil, fmt.Errorf("input 0 has shape %v, want a last axis of 2 for complex numbers", shape)
		}
		p.in = shape[:len(shape)-1]
	}
	var err error
	if p.axes, err = distinctAxes(axes, len(p.in)); err != nil {
		return nil, err
	}
	if len(axes) == 0 && o.complexIn != o.complexOut {
		return nil, fmt.Errorf("has no axes, want at least one")
	}
	if sizes != nil && len(sizes) != len(axes) {
		return nil, fmt.Errorf("signal_size has %d elements for %d axes", len(sizes), len(axes))
	}
	p.signal = slices.Clone(p.in)
	last := len(p.axes) - 1
	for i, a := range p.axes {
		if i == last && o.complexIn && !o.complexOut {
			p.signal[a] = 2 * (p.in[a] - 1)
		}
		if sizes != nil && sizes[i] != -1 {
			p.signal[a] = sizes[i]
		}
		if p.signal[a] < 1 || p.in[a] == 0 {
			return nil, fmt.Errorf("axis %d of size %d with a signal of size %d, want positive sizes", a, p.in[a], p.signal[a])
		}
	}
	p.out = slices.Clone(p.signal)
	if o.complexOut {
		if !o.complexIn {
			p.out[p.axes[last]] = p.signal[p.axes[last]]/2 + 1
		}
		p.out = append(p.out, 2)
	}
	if _, err := tensor.Elements(p.signal); err != nil {
		return nil, fmt.Errorf("signal: %w", err)
	}
	return p, nil
}

// Scratch is that of two complex signals, and of a line and its transform in each thread.
func (o *dft) Scratch(in []Arg, _ []Spec, threads int) int64 {
	if in[1].Value == nil || len(in) == 3 && in[2].Value == nil {
		return 0
	}
	var sizes []int
	if len(in) == 3 {
		sizes = intValues(in[2].Value)
	}
	p, err := o.plan(in[0].Shape, intValues(in[1].Value), sizes)
	if err != nil {
		return 0
	}
	longest := 0
	for _, a := range p.axes {
		longest = max(longest, p.signal[a])
	}
	return Together(MemoryOf(2*complexBytes, p.signal...), MemoryOf(threads*kernel.FourierBytes, longest))
}

const complexBytes = 16

// Eval transforms axis by axis.
func (o *dft) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	var sizes []int
	if len(in) == 3 {
		sizes = intValues(in[2].Tensor)
	}
	p, err := o.plan(in[0].Shape, intValues(in[1].Tensor), sizes)
	if err != nil {
		return err
	}
	if in[0].Type == tensor.F64 {
		dftOf[float64](o, w, p, in[0].Tensor, out[0])
	} else {
		dftOf[float32](o, w, p, in[0].Tensor, out[0])
	}
	return nil
}

func dftOf[T real](o *dft, w *kernel.Workers, p *dftPlan, in, out *tensor.Tensor) {
	x, dst := complexValues(tensor.Data[T](in), o.complexIn), tensor.Data[T](out)
	shape, axes := p.signal, p.axes
	if !o.complexOut {
		last := axes[len(axes)-1]
		shape = slices.Clone(shape)
		shape[last] = shape[last]/2 + 1
		axes = axes[:len(axes)-1]
	}
	x = resized(x, p.in, shape)
	for _, a := range axes {
		transformAxis(w, x, shape, a, o.inverse)
	}
	switch {
	case !o.complexOut:
		last := p.axes[len(axes)]
		x = hermitian(x, shape, last, p.signal[last])
		transformAxis(w, x, p.signal, last, true)
		kernel.RealParts(dst, x)
	case !o.complexIn:
		kernel.Interleave(dst, resized(x, shape, p.out[:len(p.out)-1]))
	default:
		kernel.Interleave(dst, x)
	}
}

// complexValues are the numbers in data, whose real and imaginary parts follow each other when pairs.
func complexValues[T real](data []T, pairs bool) []complex128 {
	if !pairs {
		return mapValues(data, func(v T) complex128 { return complex(float64(v), 0) })
	}
	x := make([]complex128, len(data)/2)
	for i := range x {
		x[i] = complex(float64(data[2*i]), float64(data[2*i+1]))
	}
	return x
}

// resized cuts src, of shape from, to the shape to, or fills it with zeros.
func resized(src []complex128, from, to []int) []complex128 {
	if slices.Equal(from, to) {
		return src
	}
	dst, last := make([]complex128, product(to)), len(to)-1
	if len(src) == 0 {
		return dst
	}
	at := make([]int, len(to))
	for i := 0; i < len(dst); i += to[last] {
		offset, inside := 0, true
		for d, c := range at[:last] {
			offset, inside = offset*from[d]+c, inside && c < from[d]
		}
		if inside {
			copy(dst[i:i+to[last]], src[offset*from[last]:][:from[last]])
		}
		for d := last - 1; d >= 0; d-- {
			if at[d]++; at[d] < to[d] {
				break
			}
			at[d] = 0
		}
	}
	return dst
}

// hermitian completes an axis, of which the first half of n coefficients is given, with their conjugates in reverse.
func hermitian(half []complex128, shape []int, axis, n int) []complex128 {
	inner, given := product(shape[axis+1:]), shape[axis]
	full := make([]complex128, len(half)/given*n)
	for i := range full {
		outer, k, rest := i/inner/n, i/inner%n, i%inner
		if k < given {
			full[i] = half[(outer*given+k)*inner+rest]
		} else {
			full[i] = cmplx.Conj(half[(outer*given+n-k)*inner+rest])
		}
	}
	return full
}

// transformAxis transforms all lines of x along an axis, in place.
func transformAxis(w *kernel.Workers, x []complex128, shape []int, axis int, inverse bool) {
	n, inner := shape[axis], product(shape[axis+1:])
	if len(x) == 0 {
		return
	}
	w.For(len(x)/n, 1+1<<12/n, func(lo, hi int) {
		t, line := kernel.NewFourier(n), make([]complex128, n)
		for l := lo; l < hi; l++ {
			first := l/inner*n*inner + l%inner
			for i := range line {
				line[i] = x[first+i*inner]
			}
			if inverse {
				t.Inverse(line)
			} else {
				t.Forward(line)
			}
			for i, v := range line {
				x[first+i*inner] = v
			}
		}
	})
}
