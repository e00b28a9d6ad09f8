package ops

import (
	"fmt"
	"math"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// batchNorm is BatchNormInference: (x - mean) / sqrt(variance + epsilon) times gamma plus beta, each of those given per channel (axis 1).
type batchNorm struct {
	epsilon                           float64
	data, gamma, beta, mean, variance int // inputs
}

func init() { register("BatchNormInference", newBatchNorm) }

// newBatchNorm: opset1 has the data after gamma and beta, opset5 before them.
func newBatchNorm(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	d.Required("epsilon")
	b := &batchNorm{d.Float("epsilon", 0), 0, 1, 2, 3, 4}
	if n.Opset == "opset1" {
		b.data, b.gamma, b.beta = 2, 0, 1
	}
	return b, d.Err()
}

func (b *batchNorm) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 5, 5); err != nil {
		return nil, err
	}
	if err := wantFloats(in, 0, 1, 2, 3, 4); err != nil {
		return nil, err
	}
	x := in[b.data].Shape
	if x == nil {
		return []Spec{{in[0].Type, nil}}, nil
	}
	if len(x) < 2 {
		return nil, fmt.Errorf("input %d has shape %v, want at least two axes", b.data, x)
	}
	for _, i := range []int{b.gamma, b.beta, b.mean, b.variance} {
		if err := wantShape(in, i, x[1]); err != nil {
			return nil, err
		}
	}
	return []Spec{{in[0].Type, x}}, nil
}

func (b *batchNorm) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	if out[0].Type == tensor.F64 {
		evalBatchNorm[float64](b, w, in, out[0])
	} else {
		evalBatchNorm[float32](b, w, in, out[0])
	}
	return nil
}

func evalBatchNorm[E real](b *batchNorm, w *kernel.Workers, in []Operand, out *tensor.Tensor) {
	of := func(i int) []E { return tensor.Data[E](in[i].Tensor) }
	gamma, beta, mean, variance := of(b.gamma), of(b.beta), of(b.mean), of(b.variance)
	src, dst := of(b.data), tensor.Data[E](out)
	if len(dst) == 0 {
		return
	}
	channels, inner := out.Shape[1], product(out.Shape[2:])
	w.For(len(dst)/inner, max(1, cheapGrain/inner), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			c := r % channels
			scale := E(float64(gamma[c]) / math.Sqrt(float64(variance[c])+b.epsilon))
			scaleShift(dst[r*inner:(r+1)*inner], src[r*inner:], mean[c], scale, beta[c])
		}
		roundTo(out.Type, dst[lo*inner:hi*inner])
	})
}

// scaleShift writes (src - mean) scale + shift.
func scaleShift[E real](dst, src []E, mean, scale, shift E) {
	for i := range dst {
		dst[i] = E((src[i]-mean)*scale) + shift
	}
}

// groupNorm is GroupNormalization (Wu and He, 2018): MVN over groups of channels and all that follows them, then scale (input 1) and bias
// (input 2) per channel.
type groupNorm struct {
	groups int
	mvn    mvn
}

func init() { register("GroupNormalization", newGroupNorm) }

func newGroupNorm(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	d.Required("num_groups", "epsilon")
	g := &groupNorm{d.Int("num_groups", 1), mvn{normalize: true, eps: d.Float("epsilon", 0)}}
	if d.Err() == nil && g.groups < 1 {
		return nil, fmt.Errorf("num_groups %d is not positive", g.groups)
	}
	return g, d.Err()
}

func (g *groupNorm) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 3, 3); err != nil {
		return nil, err
	}
	if err := wantFloats(in, 0, 1, 2); err != nil {
		return nil, err
	}
	x := in[0].Shape
	if x == nil {
		return []Spec{{in[0].Type, nil}}, nil
	}
	if len(x) < 2 || x[1]%g.groups != 0 {
		return nil, fmt.Errorf("input 0 has shape %v, want channels that num_groups %d divides", x, g.groups)
	}
	for i := 1; i < 3; i++ {
		if err := wantShape(in, i, x[1]); err != nil {
			return nil, err
		}
	}
	return []Spec{{in[0].Type, x}}, nil
}

func (g *groupNorm) MACs(in []Arg, _ []Spec) int64 { return 5 * int64(product(in[0].Shape)) }

func (g *groupNorm) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	if out[0].Type == tensor.F64 {
		evalGroupNorm[float64](g, w, in, out[0])
	} else {
		evalGroupNorm[float32](g, w, in, out[0])
	}
	return nil
}

func evalGroupNorm[E real](g *groupNorm, w *kernel.Workers, in []Operand, out *tensor.Tensor) {
	src, dst := tensor.Data[E](in[0].Tensor), tensor.Data[E](out)
	scale, bias := tensor.Data[E](in[1].Tensor), tensor.Data[E](in[2].Tensor)
	if len(dst) == 0 {
		return
	}
	channels, inner := out.Shape[1], product(out.Shape[2:])
	group := channels / g.groups
	w.For(len(dst)/(group*inner), max(1, cheapGrain/(group*inner)), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			at := r * group * inner
			row := dst[at : at+group*inner]
			normalizeRow(&g.mvn, row, src[at:at+len(row)])
			for c := range group {
				channel := r%g.groups*group + c
				part := row[c*inner : (c+1)*inner]
				scaleShift(part, part, 0, scale[channel], bias[channel])
			}
			roundTo(out.Type, row)
		}
	})
}
