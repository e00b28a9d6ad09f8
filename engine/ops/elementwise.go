package ops

import (
	"fmt"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// integer is a Go type that integer elements are kept in.
type integer interface {
	int64 | int32 | int16 | int8 | uint64 | uint32 | uint16 | uint8
}

// number is a Go type that elements with arithmetic are kept in.
type number interface{ real | integer }

// saturated is v, limited to what E has.
func saturated[E int8 | uint8](v int) E { return E(min(max(v, int(lowest[E]())), int(^lowest[E]()))) }

// grains are numbers of elements that are worth a thread.
const (
	cheapGrain     = 1 << 15 // a few instructions each
	expensiveGrain = 1 << 12 // a mathematical function each
)

// wantWide checks that input i has a type to compute in: not boolean, and none of those that constants alone have.
func wantWide(in []Arg, i int) error {
	switch t := in[i].Type; {
	case t == tensor.Bool:
		return fmt.Errorf("input %d is boolean, want numbers", i)
	case t.Bits() < 8 || t == tensor.F8E8M0:
		return fmt.Errorf("input %d is %s: a Convert to a wider type is missing", i, t)
	}
	return nil
}

// pairwise is what operations of two operands that are broadcast to one shape share.
type pairwise struct {
	op string
	broadcasting
}

func decodePairwise(n *graph.Node) (pairwise, error) {
	d := n.Attrs.Decode()
	return pairwise{op: n.Op, broadcasting: decodeBroadcasting(d)}, d.Err()
}

// inferPairwise returns the operands' type and their common shape.
func (p pairwise) inferPairwise(in []Arg) (Spec, error) {
	if err := wantInputs(in, 2, 2); err != nil {
		return Spec{}, err
	}
	if in[0].Type != in[1].Type {
		return Spec{}, fmt.Errorf("inputs are %s and %s: their types must be the same", in[0].Type, in[1].Type)
	}
	shape, err := p.shape(in[0].Shape, in[1].Shape)
	return Spec{in[0].Type, shape}, err
}

// pairs calls loop on blocks of dst and of two operands that are broadcast to out's shape.
func pairs[R, E tensor.Element](w *kernel.Workers, b broadcasting, grain int, in []Operand, out *tensor.Tensor, loop func(dst []R, x, y []E)) error {
	dst := elements[R](out)
	xs, err := newSpread(elements[E](in[0].Tensor), in[0].Shape, out.Shape, b)
	if err != nil {
		return err
	}
	ys, err := newSpread(elements[E](in[1].Tensor), in[1].Shape, out.Shape, b)
	if err != nil {
		return err
	}
	w.For(len(dst), grain, func(lo, hi int) {
		x, y := xs.fork(), ys.fork()
		for at := lo; at < hi; at += block {
			end := min(at+block, hi)
			loop(dst[at:end], x.span(at, end), y.span(at, end))
			roundTo(out.Type, dst[at:end])
		}
	})
	return nil
}
