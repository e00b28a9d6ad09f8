package ops

import (
	"fmt"
	"math"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// lrn is local response normalization (Krizhevsky et al., 2012): x over (bias + alpha times the mean of squares)^beta, the mean over a window
// of size elements along each axis of input 1; what the window has outside the tensor counts as zeros. The CPU plugin keeps the bias as an
// integer, without its fraction.
type lrn struct {
	alpha, beta, bias float64
	size              int
}

func init() { register("LRN", newLRN) }

func newLRN(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	d.Required("alpha", "beta", "bias", "size")
	l := &lrn{d.Float("alpha", 0), d.Float("beta", 0), math.Trunc(d.Float("bias", 0)), d.Int("size", 1)}
	if d.Err() == nil && l.size < 1 {
		return nil, fmt.Errorf("size %d is not positive", l.size)
	}
	return l, d.Err()
}

func (l *lrn) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 2, 2); err != nil {
		return nil, err
	}
	if err := wantFloats(in, 0); err != nil {
		return nil, err
	}
	if err := wantIntegers(in, 1); err != nil {
		return nil, err
	}
	if in[0].Shape != nil && in[1].Value != nil {
		if _, err := normalizeAxes(intValues(in[1].Value), len(in[0].Shape)); err != nil {
			return nil, err
		}
	}
	return []Spec{{in[0].Type, in[0].Shape}}, nil
}

func (l *lrn) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	axes, err := normalizeAxes(intValues(in[1].Tensor), len(in[0].Shape))
	if err != nil {
		return err
	}
	if out[0].Type == tensor.F64 {
		evalLRN[float64](l, w, in[0].Tensor, out[0], axes)
	} else {
		evalLRN[float32](l, w, in[0].Tensor, out[0], axes)
	}
	return nil
}

// evalLRN sums the window one axis after the other.
func evalLRN[E real](l *lrn, w *kernel.Workers, in, out *tensor.Tensor, axes []int) {
	src, dst := tensor.Data[E](in), tensor.Data[E](out)
	sums := make([]E, len(src))
	for i, v := range src {
		sums[i] = v * v
	}
	count := 1.0
	for _, a := range axes {
		windowSums(w, l.size, sums, in.Shape[a], product(in.Shape[a+1:]))
		count *= float64(l.size)
	}
	w.For(len(dst), expensiveGrain, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			dst[i] = src[i] * E(math.Pow(l.bias+l.alpha*float64(sums[i])/count, -l.beta))
		}
		roundTo(out.Type, dst[lo:hi])
	})
}

// windowSums replaces each element of v by the sum of the window around it along an axis of n elements, stride apart.
func windowSums[E real](w *kernel.Workers, size int, v []E, n, stride int) {
	if len(v) == 0 {
		return
	}
	before, after := (size-1)/2, size-1-(size-1)/2
	w.For(len(v)/n, max(1, cheapGrain/n), func(lo, hi int) {
		line := make([]E, n)
		for c := lo; c < hi; c++ {
			column := v[c/stride*n*stride+c%stride:]
			for i := range line {
				line[i] = column[i*stride]
			}
			for i := range line {
				column[i*stride] = pairwiseSum(line[max(0, i-before):min(n, i+after+1)])
			}
		}
	})
}
