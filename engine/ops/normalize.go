package ops

import (
	"math"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// normalizeL2 divides by the root of the sum of squares: NormalizeL2 along the axes of input 1, with eps added to the sum or as its lower bound
// (eps_mode); GRN along the channels, with bias added.
type normalizeL2 struct {
	eps   float64
	bound bool // eps is the sum's lower bound
	grn   bool
}

func init() {
	register("NormalizeL2", newNormalizeL2)
	register("GRN", newGRN)
}

func newNormalizeL2(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	d.Required("eps", "eps_mode")
	return &normalizeL2{eps: d.Float("eps", 0), bound: d.Enum("eps_mode", "add", "add", "max") == "max"}, d.Err()
}

func newGRN(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	d.Required("bias")
	return &normalizeL2{eps: d.Float("bias", 0), grn: true}, d.Err()
}

func (n *normalizeL2) Infer(in []Arg) ([]Spec, error) {
	want := 2
	if n.grn {
		want = 1
	}
	if err := wantInputs(in, want, want); err != nil {
		return nil, err
	}
	if err := wantFloats(in, 0); err != nil {
		return nil, err
	}
	if !n.grn {
		if err := wantIntegers(in, 1); err != nil {
			return nil, err
		}
	}
	if in[0].Shape != nil && (n.grn || in[1].Value != nil) {
		if _, err := n.axes(in[0].Shape, in[len(in)-1].Value); err != nil {
			return nil, err
		}
	}
	return []Spec{{in[0].Type, in[0].Shape}}, nil
}

func (n *normalizeL2) axes(shape []int, axes *tensor.Tensor) ([]int, error) {
	if n.grn {
		return normalizeAxes([]int{1}, len(shape))
	}
	return normalizeAxes(intValues(axes), len(shape))
}

func (n *normalizeL2) MACs(in []Arg, _ []Spec) int64 { return 2 * int64(product(in[0].Shape)) }

func (n *normalizeL2) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	axes, err := n.axes(in[0].Shape, in[len(in)-1].Tensor)
	if err != nil {
		return err
	}
	if len(axes) == 0 { // every element by itself: OpenVINO has 1 whatever its sign
		one := tensor.New(out[0].Type)
		storeFloats(one, []float64{1})
		fill(w, out[0], one)
		return nil
	}
	r := newReduction(in[0].Shape, axes)
	if out[0].Type == tensor.F64 {
		eachGroup(w, r, in[0].Tensor, out[0], func(dst, src []float64) { divideByNorm(n, dst, src) })
	} else {
		eachGroup(w, r, in[0].Tensor, out[0], func(dst, src []float32) { divideByNorm(n, dst, src) })
	}
	return nil
}

func divideByNorm[E real](n *normalizeL2, dst, src []E) {
	s := float64(sumSquares(src))
	if n.bound {
		s = max(s, n.eps)
	} else {
		s += n.eps
	}
	norm := E(math.Sqrt(s))
	for i, v := range src {
		dst[i] = v / norm
	}
}
