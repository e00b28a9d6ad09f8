package ops

import (
	"fmt"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

func init() { register("ScaledDotProductAttentionWithKVCache", newCachedAttention) }

// cachedAttention is the plugin's ScaledDotProductAttentionWithKVCache, [B, H, L, S] throughout: attention whose keys and values are those of the
// cache, in the order of the beams, and then the new ones; these are outputs 1 and 2. Inputs are those of ScaledDotProductAttention, then the
// beams [B], past keys and past values [P, H, T, S]. Heads of keys and values may be shared by several heads of the query. A causal one lets
// the last query see all keys.
// https://github.com/openvinotoolkit/openvino/blob/master/src/plugins/intel_cpu/src/transformations/cpu_opset/common/op/sdpa.cpp
type cachedAttention struct {
	attention
	flat bool // the output is [B, L, H*S]
}

func newCachedAttention(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	c := &cachedAttention{attention: attention{causal: d.Bool("config.is_causal", false)}, flat: d.Bool("config.output_BLHxS", false)}
	switch {
	case d.Err() != nil:
		return nil, d.Err()
	case !d.Bool("config.fuse_concat", true) || d.Bool("config.fuse_causal_attn", false):
		return nil, fmt.Errorf("config.fuse_concat=false and config.fuse_causal_attn=true are not supported")
	case n.Attrs["config.permute_axes"] != "":
		return nil, fmt.Errorf("config.permute_axes=%q is not supported: only [batch, heads, length, size] is", n.Attrs["config.permute_axes"])
	}
	return c, nil
}

func (c *cachedAttention) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 6, 9); err != nil {
		return nil, err
	}
	n := len(in) - 3
	if err := wantFloats(in, 0, 1, 2, n+1, n+2); err != nil {
		return nil, err
	}
	if err := wantIntegers(in, n); err != nil {
		return nil, err
	}
	for i := range in {
		if i < 3 || i > n {
			if err := wantRank(in, i, 4); err != nil {
				return nil, err
			}
		}
	}
	t := in[0].Type
	if !shapesKnown(in) {
		if _, err := c.attention.Infer(in[:n]); err != nil {
			return nil, err
		}
		return []Spec{{Type: t}, {Type: t}, {Type: t}}, nil
	}
	keys, err := present(in[n].Shape, in[n+1].Shape, in[1].Shape)
	if err != nil {
		return nil, err
	}
	values, err := present(in[n].Shape, in[n+2].Shape, in[2].Shape)
	if err != nil {
		return nil, err
	}
	specs, err := c.inner(in[:n], keys, values)
	if err != nil {
		return nil, err
	}
	return append(specs, Spec{t, keys}, Spec{t, values}), nil
}

// present is the shape of the cache after this step: past rows that the beams choose, then added ones.
func present(beams, past, added []int) ([]int, error) {
	if len(beams) != 1 || beams[0] != added[0] || past[1] != added[1] || past[3] != added[3] {
		return nil, fmt.Errorf("a cache of shape %v, beams of shape %v and an addition of shape %v do not fit", past, beams, added)
	}
	shape := []int{added[0], added[1], past[2] + added[2], added[3]}
	_, err := tensor.Elements(shape)
	return shape, err
}

// inner is the attention's output over keys and values of these shapes.
func (c *cachedAttention) inner(in []Arg, keys, values []int) ([]Spec, error) {
	in = slices.Clone(in)
	in[1].Shape, in[2].Shape = keys, values
	grouped, err := groupHeads(in)
	if err != nil {
		return nil, err
	}
	specs, err := c.attention.Infer(grouped)
	if err != nil {
		return nil, err
	}
	q := in[0].Shape
	specs[0].Shape = []int{q[0], q[1], q[2], values[3]}
	if c.flat {
		specs[0].Shape = []int{q[0], q[2], q[1] * values[3]}
	}
	return specs, nil
}

// groupHeads puts the heads of the query that share keys and values along an axis of their own, 2, and the mask's too.
func groupHeads(in []Arg) ([]Arg, error) {
	heads, shared := in[0].Shape[1], in[1].Shape[1]
	if shared < 1 || heads%shared != 0 || in[2].Shape[1] != shared {
		return nil, fmt.Errorf("%d heads of queries can't share %d of keys and %d of values", heads, shared, in[2].Shape[1])
	}
	out := slices.Clone(in)
	for i, a := range in {
		s := a.Shape
		switch {
		case len(s) != 4 || i == 4:
			continue
		case i == 0 || i != 1 && i != 2 && s[1] == heads && heads != 1:
			out[i].Shape = []int{s[0], shared, heads / shared, s[2], s[3]}
		default:
			out[i].Shape = []int{s[0], s[1], 1, s[2], s[3]}
		}
	}
	return out, nil
}

// MACs counts both products.
func (c *cachedAttention) MACs(in []Arg, out []Spec) int64 {
	q, keys, values := in[0].Shape, out[1].Shape, out[2].Shape
	return macs(q[:3], keys[2]) * int64(keys[3]+values[3])
}

// Scratch is that of the scores and of a mask.
func (c *cachedAttention) Scratch(in []Arg, out []Spec, threads int) int64 {
	if out[1].Shape == nil {
		return 0
	}
	rows, keys := in[0].Shape[2], out[1].Shape[2]
	n := MemoryOf(4, threads, min(rows, attentionRows), keys)
	if c.causal {
		n = Together(n, MemoryOf(1, rows, keys))
	}
	return n
}

func (c *cachedAttention) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	n := len(in) - 3
	in = slices.Clone(in)
	for _, i := range []int{1, 2, n + 1, n + 2} { // the cache holds rounded elements
		in[i] = onGrid(in[i])
	}
	for i := range 2 {
		if err := appendCache(out[1+i], in[n].Tensor, in[n+1+i].Tensor, in[1+i].Tensor); err != nil {
			return err
		}
	}
	operands := slices.Clone(in[:n])
	operands[1].Tensor, operands[2].Tensor = out[1], out[2]
	if c.causal {
		operands = c.mask(operands, out[1].Shape[2])
	}
	grouped, err := groupHeads(argsOf(operands))
	if err != nil {
		return err
	}
	for i, a := range grouped {
		operands[i].Tensor = operands[i].Reshape(a.Shape...)
	}
	q := operands[0].Shape
	y := tensor.New(out[0].Type, append(slices.Clone(q[:4]), out[2].Shape[3])...)
	if err := (&attention{}).Eval(w, operands, []*tensor.Tensor{y}); err != nil {
		return err
	}
	c.store(out[0].F32s(), y.F32s(), in[0].Shape, out[2].Shape[3])
	return nil
}

// mask replaces the mask by one that hides what comes after each query, of which the last sees all keys.
func (c *cachedAttention) mask(in []Operand, keys int) []Operand {
	rows := in[0].Shape[2]
	m := tensor.New(tensor.Bool, 1, 1, rows, keys)
	for i := range rows {
		for j := range keys {
			tensor.Data[bool](m)[i*keys+j] = j <= keys-rows+i
		}
	}
	if len(in) < 4 {
		return append(in, Operand{Tensor: m, Round: tensor.F32})
	}
	in[3] = Operand{Tensor: m, Round: tensor.F32}
	return in
}

// store copies [B, H, L, S] to the output, which may be [B, L, H*S].
func (c *cachedAttention) store(dst, src []float32, q []int, size int) {
	if !c.flat {
		copy(dst, src)
		return
	}
	heads, rows := q[1], q[2]
	for at := range q[0] * heads * rows {
		b, h, l := at/(heads*rows), at/rows%heads, at%rows
		copy(dst[((b*rows+l)*heads+h)*size:][:size], src[at*size:])
	}
}

// appendCache writes the past rows that the beams choose and the added ones to out.
func appendCache(out, beams, past, added *tensor.Tensor) error {
	rows, err := positions(beams, past.Shape[0])
	if err != nil {
		return fmt.Errorf("beams: %w", err)
	}
	dst, old, fresh := out.F32s(), past.F32s(), added.F32s()
	before, after := past.Shape[2]*past.Shape[3], added.Shape[2]*added.Shape[3]
	heads := added.Shape[1]
	for i := range added.Shape[0] * heads {
		b, h := i/heads, i%heads
		to := dst[i*(before+after):][:before+after]
		copy(to, old[(rows[b]*heads+h)*before:][:before])
		copy(to[before:], fresh[i*after:][:after])
	}
	return nil
}
