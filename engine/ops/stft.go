package ops

import (
	"fmt"
	"math"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// STFT (opset15) and ISTFT (opset16) are the spectra of overlapping frames of a signal and the signal of such spectra:
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/signals/stft-15.html
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/signals/istft-16.html

func init() {
	register("STFT", newSTFT)
	register("ISTFT", newISTFT)
}

// frames are the sizes that inputs 2 and 3 give; 0 while they are not known.
type frames struct{ size, step int }

func framesOf(in []Arg) (f frames, err error) {
	if err := wantFloats(in, 0, 1); err != nil {
		return f, err
	}
	if err := wantRank(in, 1, 1); err != nil {
		return f, err
	}
	size, ok, err := scalar(in, 2, "frame_size")
	if err != nil || !ok {
		return f, err
	}
	step, ok, err := scalar(in, 3, "frame_step")
	if err != nil || !ok {
		return f, err
	}
	if size < 1 || step < 1 || size > 1<<30 || step > 1<<30 {
		return f, fmt.Errorf("frame_size %d and frame_step %d, want 1 to %d", size, step, 1<<30)
	}
	if s := in[1].Shape; s != nil && s[0] > size {
		return f, fmt.Errorf("window of %d elements for frames of %d", s[0], size)
	}
	return frames{size, step}, nil
}

func (f frames) bins() int { return f.size/2 + 1 }

// window is the window in the middle of a frame.
func (f frames) window(t *tensor.Tensor) []float64 {
	w := make([]float64, f.size)
	copy(w[(f.size-t.Len())/2:], floatValues(t))
	return w
}

// stft: inputs are the signal [(B,) L], the window, frame_size and frame_step; the output is [(B,) frames, bins, 2].
type stft struct{ transposed bool } // frames and bins exchanged

func newSTFT(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	d.Required("transpose_frames")
	o := &stft{transposed: d.Bool("transpose_frames", false)}
	return o, d.Err()
}

// Infer needs the values of frame_size and frame_step.
func (o *stft) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 4, 4); err != nil {
		return nil, err
	}
	f, err := framesOf(in)
	if err != nil {
		return nil, err
	}
	if err := wantRank(in, 0, 1, 2); err != nil {
		return nil, err
	}
	s := in[0].Shape
	if s == nil || f.size == 0 {
		return []Spec{{Type: in[0].Type}}, nil
	}
	last := len(s) - 1
	if s[last] < f.size {
		return nil, fmt.Errorf("signal of %d elements for frames of %d", s[last], f.size)
	}
	rows, cols := (s[last]-f.size)/f.step+1, f.bins()
	if o.transposed {
		rows, cols = cols, rows
	}
	return []Spec{{in[0].Type, joinShapes(s[:last], []int{rows, cols, 2})}}, nil
}

// Scratch is that of three sets of complex frames, and of a transform in each thread.
func (o *stft) Scratch(in []Arg, out []Spec, threads int) int64 {
	f, err := framesOf(in)
	if err != nil || out[0].Shape == nil || f.size == 0 {
		return 0
	}
	return framesBytes(f, max(product(out[0].Shape)/(2*f.bins()), 1), threads)
}

func framesBytes(f frames, count, threads int) int64 {
	return Together(MemoryOf(3*complexBytes, count, f.size), MemoryOf(threads*kernel.FourierBytes, f.size))
}

func (o *stft) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	f, err := framesOf(argsOf(in))
	if err != nil {
		return err
	}
	signal, window := floatValues(in[0].Tensor), f.window(in[1].Tensor)
	length := in[0].Shape[len(in[0].Shape)-1]
	perSignal := (length-f.size)/f.step + 1
	count := len(signal) / length * perSignal
	if _, err := tensor.Elements([]int{count, f.size}); err != nil {
		return fmt.Errorf("frames: %w", err)
	}
	x := make([]complex128, count*f.size)
	for i := range x {
		frame, k := i/f.size, i%f.size
		x[i] = complex(signal[frame/perSignal*length+frame%perSignal*f.step+k]*window[k], 0)
	}
	transformAxis(w, x, []int{count, f.size}, 1, false)
	x = resized(x, []int{count, f.size}, []int{count, f.bins()})
	if o.transposed {
		x = swapped(x, perSignal, f.bins())
	}
	storeComplex(out[0], x)
	return nil
}

// swapped transposes each matrix of rows x cols in x.
func swapped(x []complex128, rows, cols int) []complex128 {
	r := make([]complex128, len(x))
	for i, v := range x {
		m, row, col := i/(rows*cols), i/cols%rows, i%cols
		r[(m*cols+col)*rows+row] = v
	}
	return r
}

func storeComplex(t *tensor.Tensor, x []complex128) {
	if d, ok := t.Any().([]float32); ok {
		kernel.Interleave(d, x)
		return
	}
	kernel.Interleave(tensor.Data[float64](t), x)
}

// istft: inputs are the spectra [(B,) bins, frames, 2], the window, frame_size, frame_step, and optionally the length of the signal; the
// output is the signal [(B,) L]: the windowed frames, added where they overlap, over the sum of their squared windows.
type istft struct{ center, normalized bool }

func newISTFT(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	o := &istft{center: d.Bool("center", false), normalized: d.Bool("normalized", false)}
	return o, d.Err()
}

// Infer needs the values of all inputs but the first two.
func (o *istft) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 4, 5); err != nil {
		return nil, err
	}
	f, err := framesOf(in)
	if err != nil {
		return nil, err
	}
	if err := wantRank(in, 0, 3, 4); err != nil {
		return nil, err
	}
	length := 0
	if len(in) == 5 {
		v, ok, err := scalar(in, 4, "signal_length")
		if err != nil {
			return nil, err
		} else if !ok {
			return []Spec{{Type: in[0].Type}}, nil
		}
		length = v
	}
	s := in[0].Shape
	if s == nil || f.size == 0 {
		return []Spec{{Type: in[0].Type}}, nil
	}
	batch, s := s[:len(s)-3], s[len(s)-3:]
	if s[0] != f.bins() || s[2] != 2 || s[1] == 0 {
		return nil, fmt.Errorf("input 0 has shape %v, want [%d, frames, 2] at the end for frames of %d", in[0].Shape, f.bins(), f.size)
	}
	if s[1]-1 > maxCovered/f.step {
		return nil, fmt.Errorf("%d frames with steps of %d cover more than %d elements", s[1], f.step, maxCovered)
	}
	if length <= 0 {
		length = o.whole(f, s[1]) - 2*o.margin(f)
	}
	return []Spec{{in[0].Type, joinShapes(batch, []int{length})}}, nil
}

// maxCovered bounds the length that frames cover.
const maxCovered = 1 << 38

// whole is the length that the frames cover.
func (o *istft) whole(f frames, count int) int { return (count-1)*f.step + f.size }

// margin is what is cut off in front.
func (o *istft) margin(f frames) int {
	if o.center {
		return f.size / 2
	}
	return 0
}

// Scratch is that of three sets of complex frames, of a transform in each thread, and of what the frames cover.
func (o *istft) Scratch(in []Arg, _ []Spec, threads int) int64 {
	f, err := framesOf(in)
	if err != nil || f.size == 0 {
		return 0
	}
	s := in[0].Shape
	count := s[len(s)-2]
	batch := product(s[:len(s)-3])
	return Together(framesBytes(f, max(batch, 1)*count, threads), MemoryOf(2*8, o.whole(f, count)))
}

func (o *istft) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	f, err := framesOf(argsOf(in))
	if err != nil {
		return err
	}
	s := in[0].Shape[len(in[0].Shape)-3:]
	batch := in[0].Len() / max(product(s), 1)
	if _, err := tensor.Elements([]int{batch, f.size, s[1]}); err != nil {
		return fmt.Errorf("frames: %w", err)
	}
	pairs := floatValues(in[0].Tensor)
	x := hermitian(complexValues(pairs, true), []int{batch, s[0], s[1]}, 1, f.size)
	transformAxis(w, x, []int{batch, f.size, s[1]}, 1, true)
	frames := make([]float64, len(x))
	kernel.RealParts(frames, x)
	window := f.window(in[1].Tensor)
	signals := make([]float64, out[0].Len())
	sum, weight := make([]float64, o.whole(f, s[1])), make([]float64, o.whole(f, s[1]))
	for b := range batch {
		clear(sum)
		clear(weight)
		o.overlap(f, sum, weight, slab(frames, b, batch), window, s[1])
		margin := o.margin(f)
		copy(slab(signals, b, batch), sum[margin:len(sum)-margin])
	}
	storeFloats(out[0], signals)
	return nil
}

// overlap adds up to sum, in which all is 0, the frames, which lie in the columns of a matrix; weight is as long.
func (o *istft) overlap(f frames, sum, weight, columns, window []float64, count int) {
	for i, v := range columns {
		k, frame := i/count, i%count
		sum[frame*f.step+k] += v * window[k]
		weight[frame*f.step+k] += window[k] * window[k]
	}
	scale := 1.0
	if o.normalized {
		scale = math.Sqrt(float64(f.size))
	}
	for i := range sum {
		if weight[i] == 0 {
			sum[i] = 0
		} else {
			sum[i] *= scale / weight[i]
		}
	}
}
