package passes

import (
	"math"
	"slices"
	"strconv"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// A movement is what moving a dequantization behind an operation makes of its constants.
type movement struct {
	zero, scale graph.Port   // zero has no node where the subtraction stays or there is none
	out         tensor.DType // of the operation
}

// A moveRule says how the dequantization d of input 0 moves behind n, if it does.
type moveRule func(l *lowering, n *graph.Node, d dequantization) (movement, bool)

// movedThrough are the operations with one quantized input. Sources: the transformation of each in the low precision transformations.
var movedThrough = map[string]moveRule{
	"AvgPool": averaged, "Clamp": clamped, "DepthToSpace": uniformScale, "Interpolate": nearest, "MaxPool": positive, "MVN": normalized, "Pad": padded,
	"ReduceMax": chosen, "ReduceMean": summed, "ReduceMin": chosen, "ReduceSum": summed, "Relu": rectified, "Reshape": reshaped, "ShuffleChannels": uniformScale, "Squeeze": onConstants, "StridedSlice": uniformScale,
	"Transpose": transposed, "Unsqueeze": onConstants, "Split": splitAll, "VariadicSplit": splitAll,
}

// moveThrough moves a dequantization of integers, or of floats by constants, behind n.
func (l *lowering) moveThrough(n *graph.Node, rule moveRule) {
	r := l.r
	d := r.dequantization(n.In[0])
	if d.multiply == nil || !d.perChannel() || n.Out[0].Shape == nil || n.Out[0].Type != tensor.F32 {
		return
	}
	if _, ok := rule(l, n, d); !ok {
		return
	}
	r.separate(n)
	d = r.dequantization(n.In[0])
	m, _ := rule(l, n, d)
	if isOp(n, "Split", "VariadicSplit") {
		r.moveAfterSplit(n, d)
		return
	}
	r.moveAfter(n, 0, d, m.zero, m.scale, m.out)
	switch {
	case n.Op == "Clamp":
		r.scaleBounds(n, m)
	case n.Op == "Pad" && len(n.In) > 3:
		r.set(n, 3, r.bytes(m.out, []int{}, []float64{0}))
	}
}

// unchanged moves both constants as they are; the operation keeps the type.
func (l *lowering) unchanged(d dequantization) movement {
	m := movement{scale: l.r.copied(l.r.asF32(d.scale)), out: d.data.Type()}
	if d.subtract != nil {
		m.zero = l.r.copied(l.r.asF32(d.zero))
	}
	return m
}

// uniform is unchanged, with constants of one value as scalars.
func (l *lowering) uniform(d dequantization) movement {
	m := l.unchanged(d)
	m.scale = l.r.scalarIfSame(m.scale)
	if m.zero.Node != nil {
		m.zero = l.r.scalarIfSame(m.zero)
	}
	return m
}

// alike reports whether both constants are one number.
func (l *lowering) alike(d dequantization) bool {
	return l.r.same(d.scale) && (d.subtract == nil || l.r.same(d.zero))
}

func uniformScale(l *lowering, _ *graph.Node, d dequantization) (movement, bool) {
	return l.unchanged(d), l.alike(d)
}

// positive needs scales that keep the order of numbers.
func positive(l *lowering, _ *graph.Node, d dequantization) (movement, bool) {
	return l.unchanged(d), !l.anyScale(d, func(v float64) bool { return v <= 0 })
}

func (l *lowering) anyScale(d dequantization, is func(v float64) bool) bool {
	v, ok := l.r.numbers(d.scale)
	return !ok || slices.ContainsFunc(v, is)
}

// rectified needs zero to stay zero.
func rectified(l *lowering, _ *graph.Node, d dequantization) (movement, bool) {
	return l.unchanged(d), d.subtract == nil && !l.anyScale(d, func(v float64) bool { return v < 0 })
}

// averaged gives floats but where integers are computed with again.
func averaged(l *lowering, n *graph.Node, d dequantization) (movement, bool) {
	m := l.unchanged(d)
	if !l.computedLow(n) {
		m.out = tensor.F32
	}
	return m, true
}

// summed needs constants that are the same along what is reduced, and gives floats. A sum has no zero point.
func summed(l *lowering, n *graph.Node, d dequantization) (movement, bool) {
	m := l.uniform(d)
	m.out = tensor.F32
	return m, l.alike(d) && (n.Op == "ReduceMean" || d.subtract == nil)
}

// normalized takes one scale away but for its sign.
func normalized(l *lowering, n *graph.Node, d dequantization) (movement, bool) {
	if d.subtract != nil || !l.alike(d) || l.anyScale(d, func(v float64) bool { return v == 0 }) {
		return movement{}, false
	}
	m := l.uniform(d)
	m.out = tensor.F32
	if v, _ := l.r.numbers(m.scale); flag(n, "normalize_variance") {
		m.scale = l.r.floats(0, float32(math.Copysign(1, v[0])))
	}
	return m, true
}

// chosen is an extreme: of one scale, that keeps the order.
func chosen(l *lowering, _ *graph.Node, d dequantization) (movement, bool) {
	return l.uniform(d), l.alike(d) && !l.anyScale(d, func(v float64) bool { return v <= 0 })
}

func nearest(l *lowering, n *graph.Node, d dequantization) (movement, bool) {
	return l.unchanged(d), n.Attrs["mode"] == "nearest"
}

// padded needs a padding that is the same before and behind the scale: of other values, or of zeros without a zero point.
func padded(l *lowering, n *graph.Node, d dequantization) (movement, bool) {
	if !l.alike(d) {
		return movement{}, false
	}
	zeros := d.subtract == nil && (len(n.In) < 4 || l.r.uniform(n.In[3], 0))
	return l.unchanged(d), n.Attrs["pad_mode"] != "constant" || zeros
}

// clamped moves uniform constants; the bounds are scaled with them.
func clamped(l *lowering, _ *graph.Node, d dequantization) (movement, bool) {
	m := l.unchanged(d)
	m.out = tensor.F32
	return m, l.alike(d) && !l.anyScale(d, func(v float64) bool { return v == 0 })
}

// scaleBounds makes the bounds of the Clamp n those of the values before a scale and zero point.
func (r *rewriter) scaleBounds(n *graph.Node, m movement) {
	v, _ := r.numbers(m.scale)
	attrs := n.Attrs.Decode()
	low, high := attrs.Float("min", 0)/v[0], attrs.Float("max", 0)/v[0]
	if v[0] < 0 {
		low, high = high, low
	}
	if m.zero.Node != nil {
		z, _ := r.numbers(m.zero)
		low, high = low+z[0], high+z[0]
	}
	n.Attrs = withAttr(withAttr(n.Attrs, "min", decimal(low)), "max", decimal(high))
}

// reshaped moves numbers of a channel where the channels stay dimension 1. Source: ReshapeTransformation.
func reshaped(l *lowering, n *graph.Node, d dequantization) (movement, bool) {
	r := l.r
	if l.alike(d) {
		return l.uniform(d), true
	}
	in, out := shape(n.In[0]), n.Out[0].Shape
	if !isConstant(n.In[1]) || len(in) < 2 || len(out) < 2 || in[0] != out[0] || !static(in) || !static(out) {
		return movement{}, false
	}
	first := 0
	for first < min(len(in), len(out)) && in[first] == out[first] {
		first++
	}
	if first < 1 || out[1]%in[1] != 0 || out[1] < in[1] {
		return movement{}, false
	}
	repeat := func(p graph.Port) graph.Port {
		if p.Node == nil || r.same(p) {
			return p
		}
		v, _ := r.numbers(p)
		list := make([]float32, out[1])
		for i := range list {
			list[i] = float32(v[i*len(v)/len(list)])
		}
		s := ones(len(out))
		s[1] = out[1]
		return r.vector(s, list)
	}
	m := l.unchanged(d)
	m.zero, m.scale = repeat(m.zero), repeat(m.scale)
	return m, true
}

// transposed moves numbers of a channel where the first two dimensions stay. Source: TransposeTransformation.
func transposed(l *lowering, n *graph.Node, d dequantization) (movement, bool) {
	if l.alike(d) {
		return l.uniform(d), true
	}
	m := l.unchanged(d)
	order, ok := l.r.integers(n.In[1])
	return m, ok && len(order) > 1 && order[0] == 0 && order[1] == 1
}

// onConstants does the operation on the constants too.
func onConstants(l *lowering, n *graph.Node, d dequantization) (movement, bool) {
	r, m := l.r, l.unchanged(d)
	apply := func(p graph.Port) graph.Port {
		if p.Node == nil || elements(shape(p)) == 1 {
			if p.Node != nil {
				return r.scalarIfSame(p)
			}
			return p
		}
		return r.folded(n.Op, n.Opset, n.Attrs, append([]graph.Port{p}, n.In[1:]...)...)
	}
	for _, p := range []graph.Port{m.zero, m.scale} {
		if p.Node != nil && elements(shape(p)) != 1 && (len(shape(p)) != len(shape(n.In[0])) || len(n.In) > 1 && !isConstant(n.In[1])) {
			return m, false
		}
	}
	m.zero, m.scale = apply(m.zero), apply(m.scale)
	return m, true
}

// splitAll moves constants that every output shares.
func splitAll(l *lowering, _ *graph.Node, d dequantization) (movement, bool) {
	return l.unchanged(d), l.alike(d)
}

// moveAfterSplit is moveAfter for a node with several outputs.
func (r *rewriter) moveAfterSplit(n *graph.Node, d dequantization) {
	users := slices.Clone(r.readers(n))
	r.set(n, 0, d.data)
	for o := range n.Out {
		from := graph.Port{Node: n, Out: o}
		n.Out[o].Type = d.data.Type()
		if !slices.ContainsFunc(users, func(u use) bool { return u.node.In[u.in] == from }) {
			continue
		}
		suffix := "." + strconv.Itoa(o)
		last := r.toF32(r.generated("Convert"), from, n)
		if d.subtract != nil {
			last = port(r.relaxedArithmetic("Subtract", d.subtract.Name+suffix, last, r.scalarIfSame(r.copied(d.zero)), n, d.subtract))
		}
		last = port(r.relaxedArithmetic("Multiply", d.multiply.Name+suffix, last, r.scalarIfSame(r.copied(d.scale)), n, d.multiply))
		r.readBy(users, from, last)
	}
}
