package ops

import (
	"fmt"
	"math"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

func init() { register("ScaledDotProductAttention", newAttention) }

// attention is ScaledDotProductAttention-13: softmax(query x key^T * scale + mask) x value, over query [N..., L, E], key [N..., S, E] and value
// [N..., S, V], whose leading dimensions broadcast. Input 3 is a mask [..., L, S], boolean (false is left out) or added, ignored when causal or
// a scalar; input 4 a scale in place of 1/sqrt(E); input 5 a sink [..., L, 1] that takes part in the softmax alone.
type attention struct{ causal bool }

// RoundsOperands makes it a Rounder: where the query is to be rounded, the plugin's kernel holds the weights of the values on the same grid.
func (a *attention) RoundsOperands() {}

func newAttention(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	a := &attention{causal: d.Bool("causal", false)}
	return a, d.Err()
}

func (a *attention) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 3, 6); err != nil {
		return nil, err
	}
	if err := wantFloats(in, 0, 1, 2); err != nil {
		return nil, err
	}
	if in[0].Type == tensor.F64 {
		return nil, fmt.Errorf("elements of f64 are not supported")
	}
	for i := 3; i < len(in); i++ { // a mask may be boolean
		if t := in[i].Type; (!t.IsFloat() || t == tensor.F64) && (i != 3 || t != tensor.Bool) {
			return nil, fmt.Errorf("input %d is %s, want %s", i, t, in[0].Type)
		}
	}
	if err := wantAlike(in, 4, 5); err != nil {
		return nil, err
	}
	if len(in) > 3 && in[3].Type != tensor.Bool {
		if err := wantAlike(in, 3); err != nil {
			return nil, err
		}
	}
	if !shapesKnown(in) {
		return []Spec{{Type: in[0].Type}}, nil
	}
	s, err := a.sizes(in)
	if err != nil {
		return nil, err
	}
	return []Spec{{in[0].Type, append(slices.Clone(s.batch), s.rows, s.values)}}, nil
}

// attentionSizes are the sizes of one attention.
type attentionSizes struct {
	batch                     []int
	rows, keys, depth, values int
}

func (a *attention) sizes(in []Arg) (s attentionSizes, err error) {
	q, k, v := in[0].Shape, in[1].Shape, in[2].Shape
	if len(q) < 2 || len(k) < 2 || len(v) < 2 {
		return s, fmt.Errorf("query, key and value have shapes %v, %v and %v, want at least 2 dimensions", q, k, v)
	}
	s.rows, s.depth = q[len(q)-2], q[len(q)-1]
	s.keys, s.values = v[len(v)-2], v[len(v)-1]
	if k[len(k)-1] != s.depth || k[len(k)-2] != s.keys {
		return s, fmt.Errorf("shapes %v, %v and %v of query, key and value do not fit", q, k, v)
	}
	s.batch, err = broadcastShapes(batchOf(q), batchOf(k))
	if err == nil {
		s.batch, err = broadcastShapes(s.batch, batchOf(v))
	}
	if err == nil && a.masked(in) {
		err = fits(in[3].Shape, append(slices.Clone(s.batch), s.rows, s.keys))
	}
	if err == nil && len(in) > 4 && product(in[4].Shape) != 1 {
		err = fmt.Errorf("scale has shape %v, want one element", in[4].Shape)
	}
	if err == nil && len(in) > 5 {
		err = fits(in[5].Shape, append(slices.Clone(s.batch), s.rows, 1))
	}
	return s, err
}

// fits checks that shape broadcasts to target.
func fits(shape, target []int) error {
	if out, err := broadcastShapes(shape, target); err != nil || !slices.Equal(out, target) {
		return fmt.Errorf("shape %v does not broadcast to %v", shape, target)
	}
	return nil
}

// masked reports whether input 3 counts.
func (a *attention) masked(in []Arg) bool { return !a.causal && len(in) > 3 && len(in[3].Shape) > 0 }

// MACs counts both products.
func (a *attention) MACs(in []Arg, _ []Spec) int64 {
	s, err := a.sizes(in)
	if err != nil {
		return 0
	}
	return macs(s.batch, s.rows) * int64(s.keys) * int64(s.depth+s.values)
}

// attentionRows is the number of rows of scores that are held at a time.
const attentionRows = 60

// Scratch is that of the scores.
func (a *attention) Scratch(in []Arg, _ []Spec, threads int) int64 {
	s, err := a.sizes(in)
	if err != nil {
		return 0
	}
	return MemoryOf(4, threads, min(s.rows, attentionRows), s.keys)
}

func (a *attention) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	args := make([]Arg, len(in))
	for i, o := range in {
		args[i] = Arg{Type: o.Type, Shape: o.Shape}
	}
	s, err := a.sizes(args)
	if err != nil || out[0].Len() == 0 {
		return err
	}
	r := attentionRun{attentionSizes: s, causal: a.causal, scale: float32(1 / math.Sqrt(float64(s.depth))), out: out[0].F32s(),
		round: typeGrid(out[0].Type), weights: in[0].Round}
	for i := range r.parts {
		r.parts[i] = part{onGrid(in[i]).F32s(), batchIndex(s.batch, batchOf(in[i].Shape))}
	}
	if a.masked(args) {
		r.mask = newAttentionMask(in[3], append(slices.Clone(s.batch), s.rows, s.keys))
	}
	if len(in) > 4 {
		r.scale = onGrid(in[4]).F32s()[0]
	}
	if len(in) > 5 {
		r.sink = newAttentionMask(in[5], append(slices.Clone(s.batch), s.rows, 1))
	}
	blocks := (s.rows + attentionRows - 1) / attentionRows
	w.For(product(s.batch)*blocks, 1+1<<14/max(min(s.rows, attentionRows)*s.keys*(s.depth+s.values), 1), func(lo, hi int) {
		scores := make([]float32, min(s.rows, attentionRows)*s.keys)
		for i := lo; i < hi; i++ {
			r.block(scores, i/blocks, i%blocks*attentionRows)
		}
	})
	return nil
}

// onGrid returns an operand of floats with its rounding done.
func onGrid(o Operand) Operand {
	if o.Round != tensor.BF16 && o.Round != tensor.F16 || !o.Type.IsFloat() {
		return o
	}
	t := o.Tensor.Clone()
	kernel.RoundTo(t.F32s(), o.Round)
	return Operand{Tensor: t, Round: tensor.F32}
}

// part is query, key or value: its elements and, by batch position, which of its matrices is read.
type part struct {
	data  []float32
	index []int
}

// attentionRun is one evaluation.
type attentionRun struct {
	attentionSizes
	parts      [3]part
	mask, sink *attentionMask
	causal     bool
	scale      float32
	out        []float32
	round      tensor.DType // of the output
	weights    tensor.DType // of the scores behind the softmax
}

// block computes up to attentionRows rows of one batch position, from row on; scores is scratch.
func (r *attentionRun) block(scores []float32, b, row int) {
	n, keys := min(attentionRows, r.rows-row), r.keys
	if r.causal {
		keys = min(keys, row+n) // later ones are left out in all of these rows
	}
	q := kernel.RowMajor(r.parts[0].matrix(b, r.rows*r.depth)[row*r.depth:], n, r.depth)
	k := kernel.RowMajor(r.parts[1].matrix(b, r.keys*r.depth), keys, r.depth).Transposed()
	v := kernel.RowMajor(r.parts[2].matrix(b, r.keys*r.values), keys, r.values)
	scores = scores[:n*keys]
	kernel.MultiplySerial(scores, q, k, kernel.Epilogue{})
	for i := range n {
		r.weigh(scores[i*keys:][:keys], b, row+i)
	}
	kernel.MultiplySerial(r.out[(b*r.rows+row)*r.values:], kernel.RowMajor(scores, n, keys), v, kernel.Epilogue{Round: r.round})
}

func (p *part) matrix(b, size int) []float32 { return p.data[p.index[b]*size:] }

// weigh turns the scores of one row into its softmax.
func (r *attentionRun) weigh(scores []float32, b, row int) {
	for j := range scores {
		scores[j] *= r.scale
	}
	if r.mask != nil {
		r.mask.add(scores, b, row)
	}
	if r.causal {
		for j := row + 1; j < len(scores); j++ {
			scores[j] = float32(math.Inf(-1))
		}
	}
	most, rest := float32(math.Inf(-1)), float32(math.Inf(-1))
	if r.sink != nil {
		sink := []float32{0}
		r.sink.add(sink, b, row)
		most, rest = sink[0], sink[0]
	}
	for _, s := range scores {
		most = max(most, s)
	}
	sum := float32(math.Exp(float64(rest - most)))
	if r.sink == nil {
		sum = 0
	}
	for j := range scores {
		scores[j] -= most
	}
	kernel.Exp(scores, scores)
	for _, s := range scores {
		sum += s
	}
	scale := 1 / sum
	for j := range scores {
		scores[j] *= scale
	}
	roundTo(r.weights, scores)
}

// attentionMask is an operand that broadcasts to [batch..., rows, columns].
type attentionMask struct {
	values                     []float32 // nil for a boolean mask
	keep                       []bool
	index                      []int // by batch position: which of its matrices, of size elements
	size, rowStep, columnsStep int
}

func newAttentionMask(o Operand, target []int) *attentionMask {
	shape := append(repeat(1, max(2-len(o.Shape), 0)), o.Shape...)
	n := len(shape)
	m := &attentionMask{index: batchIndex(batchOf(target), batchOf(shape)), size: shape[n-2] * shape[n-1]}
	if shape[n-1] > 1 {
		m.columnsStep = 1
	}
	if shape[n-2] > 1 {
		m.rowStep = shape[n-1]
	}
	if keep, ok := o.Any().([]bool); ok {
		m.keep = keep
	} else {
		m.values = onGrid(o).F32s()
	}
	return m
}

// add applies the mask's row to scores.
func (m *attentionMask) add(scores []float32, b, row int) {
	at := m.index[b]*m.size + row*m.rowStep
	for j := range scores {
		switch i := at + j*m.columnsStep; {
		case m.values != nil:
			scores[j] += m.values[i]
		case !m.keep[i]:
			scores[j] = float32(math.Inf(-1))
		}
	}
}
