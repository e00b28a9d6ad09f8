package ops

import (
	"fmt"
	"math"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// mvn subtracts the mean along axes and, with normalize_variance, divides by the standard deviation there. The axes are input 1 (version 6),
// the attribute reduction_axes, or all but the batch and, unless across_channels, the channels (versions 1 and 2).
type mvn struct {
	normalize, outside bool
	eps                float64
	axes               []int
	fromInput          bool
	acrossChannels     bool
}

func init() { register("MVN", newMVN) }

func newMVN(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	m := &mvn{normalize: d.Bool("normalize_variance", true), eps: d.Float("eps", 1e-9), axes: d.Ints("reduction_axes"),
		outside: d.Enum("eps_mode", "INSIDE_SQRT", "INSIDE_SQRT", "OUTSIDE_SQRT") == "OUTSIDE_SQRT", fromInput: len(n.In) > 1}
	m.acrossChannels = d.Bool("across_channels", false)
	if !m.fromInput {
		m.outside = false
	}
	return m, d.Err()
}

func (m *mvn) Infer(in []Arg) ([]Spec, error) {
	want := 1
	if m.fromInput {
		want = 2
	}
	if err := wantInputs(in, want, want); err != nil {
		return nil, err
	}
	if err := wantFloats(in, 0); err != nil {
		return nil, err
	}
	if m.fromInput {
		if err := wantIntegers(in, 1); err != nil {
			return nil, err
		}
	}
	if in[0].Shape != nil && (!m.fromInput || in[1].Value != nil) {
		if _, err := m.axesOf(in[0].Shape, in[len(in)-1].Value); err != nil {
			return nil, err
		}
	}
	return []Spec{{in[0].Type, in[0].Shape}}, nil
}

func (m *mvn) axesOf(shape []int, axes *tensor.Tensor) ([]int, error) {
	switch {
	case m.fromInput:
		return normalizeAxes(intValues(axes), len(shape))
	case m.axes != nil:
		return normalizeAxes(m.axes, len(shape))
	}
	first := 2
	if m.acrossChannels {
		first = 1
	}
	var r []int
	for a := first; a < len(shape); a++ {
		r = append(r, a)
	}
	return r, nil
}

func (m *mvn) MACs(in []Arg, _ []Spec) int64 { return 4 * int64(product(in[0].Shape)) }

func (m *mvn) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	axes, err := m.axesOf(in[0].Shape, in[len(in)-1].Tensor)
	if err != nil {
		return err
	}
	if out[0].Type == tensor.F64 {
		return evalMVN[float64](m, w, in[0].Tensor, out[0], axes)
	}
	return evalMVN[float32](m, w, in[0].Tensor, out[0], axes)
}

func evalMVN[E real](m *mvn, w *kernel.Workers, in, out *tensor.Tensor, axes []int) error {
	r := newReduction(in.Shape, axes)
	if r.count == 0 {
		return fmt.Errorf("no elements along axes %v of shape %v", axes, in.Shape)
	}
	eachGroup(w, r, in, out, func(dst, src []E) { normalizeRow(m, dst, src) })
	return nil
}

// normalizeRow writes src without its mean, over its standard deviation, to dst, which may be src.
func normalizeRow[E real](m *mvn, dst, src []E) {
	n := E(len(src))
	mean := pairwiseSum(src) / n
	for i, v := range src {
		dst[i] = v - mean
	}
	if !m.normalize {
		return
	}
	variance := float64(sumSquares(dst) / n)
	deviation := math.Sqrt(variance + m.eps)
	if m.outside {
		deviation = math.Sqrt(variance) + m.eps
	}
	scale := E(1 / deviation)
	for i := range dst {
		dst[i] *= scale
	}
}

// sumSquares adds squares in the way of pairwiseSum.
func sumSquares[E real](src []E) E {
	if len(src) > reduceLeaf {
		half := len(src) / 2
		return sumSquares(src[:half]) + sumSquares(src[half:])
	}
	var a, b, c, d E
	for ; len(src) >= 4; src = src[4:] {
		a += E(src[0] * src[0])
		b += E(src[1] * src[1])
		c += E(src[2] * src[2])
		d += E(src[3] * src[3])
	}
	for _, v := range src {
		a += E(v * v)
	}
	return (a + c) + (b + d)
}
