package passes

import (
	"math"
	"slices"
	"strconv"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// fakeQuantize makes n give integers, which a dequantization makes numbers of, and takes arithmetic before it into its input range.
// Source: FakeQuantizeDecompositionTransformation, FakeQuantizeTransformation.
func (l *lowering) fakeQuantize(n *graph.Node) {
	l.fuseConvertBehind(n)
	l.decompose(n)
	for l.fuseBefore(n) {
	}
}

// fuseConvertBehind makes n give the integers that a Convert, which alone reads it, makes of its result.
func (l *lowering) fuseConvertBehind(n *graph.Node) {
	c := l.r.only(n)
	if !l.r.quantizesTo8(n) || c == nil || c.Op != "Convert" || !isByte(c.Out[0].Type) {
		return
	}
	relaxed(n, c.Out[0].Type)
	l.r.redirect(port(c), port(n))
	if n.Fused == nil {
		n.Fused = []string{n.Name}
	}
	n.Name = c.Name
}

// decompose makes n give integers where its readers can compute with them.
func (l *lowering) decompose(n *graph.Node) {
	r := l.r
	if !r.quantizesTo8(n) || n.Out[0].Type != tensor.F32 || n.ID >= len(l.constant) {
		return
	}
	low, _ := r.numbers(n.In[3])
	high, _ := r.numbers(n.In[4])
	if len(low) != len(high) {
		return
	}
	g, levels := l.precisions.of(n), number(n, "levels", 0)
	t, zeroPoint := choose(g.allowed, levels, low, high)
	if t == tensor.Invalid {
		return
	}
	if g.aligned && !math.IsNaN(g.low) && r.same(n.In[3]) && r.same(n.In[4]) && l.readByPreserving(n) {
		if g.levels != 0 && l.quantizeInGroup(n, g, t, low[0], high[0]) {
			g.allow(t)
		}
		return
	}
	g.allow(t)
	q := r.quantization(n, t, levels, zeroPoint)
	r.quantizeTo(n, t, q.low, q.high, levels, q)
}

// readByPreserving reports whether an operation that keeps the type reads n.
func (l *lowering) readByPreserving(n *graph.Node) bool {
	return slices.ContainsFunc(l.r.readers(n), func(u use) bool { return preserves(u.node) })
}

// A quantization is how integers stand for the output range of a FakeQuantize.
type quantization struct {
	low, high   graph.Port // integers, as f32
	zero, scale graph.Port // zero has no node where it is none
}

// quantization finds the integers of type t that stand for the output range of fq. Source: NetworkHelper::decomposeFakeQuantize.
func (r *rewriter) quantization(fq *graph.Node, t tensor.DType, levels int, zeroPoint bool) quantization {
	lo, hi := quantizedRange(t, levels)
	low, _ := r.numbers(fq.In[3])
	high, _ := r.numbers(fq.In[4])
	s := shape(fq.In[3])
	n := len(low)
	lows, highs, zeros, scales := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
	anyZero := false
	for i := range low {
		a, b := float32(low[i]), float32(high[i])
		lows[i], highs[i] = lo, hi
		if a == b {
			scales[i], lows[i], highs[i] = 1, b, b
			continue
		}
		zeros[i] = (float32(lo*b) - float32(hi*a)) / (b - a)
		scales[i] = (b - a) / (hi - lo)
		if m := float32(math.Abs(float64(scales[i]))); m < 1e-32 || m > 1e32 {
			scales[i] = float32(math.Copysign(float64(min(max(m, 1e-32), 1e32)), float64(scales[i])))
		}
		anyZero = anyZero || math.Abs(float64(zeros[i])) > 1e-32
	}
	q := quantization{low: r.scalarIfSame(r.vector(s, lows)), high: r.scalarIfSame(r.vector(s, highs)), scale: r.vector(s, scales)}
	if zeroPoint && anyZero {
		q.zero = r.vector(s, zeros)
	}
	return q
}

// vector adds a constant of f32.
func (r *rewriter) vector(s []int, values []float32) graph.Port {
	p := r.floats(1, values...)
	if slices.Equal(s, shape(p)) {
		return p
	}
	return r.reshapedConstant(p, slices.Clone(s))
}

// quantizeTo makes fq give integers of type t between low and high, and puts a dequantization behind it.
func (r *rewriter) quantizeTo(fq *graph.Node, t tensor.DType, low, high graph.Port, levels int, q quantization) {
	users := slices.Clone(r.readers(fq))
	r.setAll(fq, fq.In[0], r.copied(fq.In[1]), r.copied(fq.In[2]), low, high)
	relaxed(fq, t)
	fq.Attrs["levels"] = strconv.Itoa(levels)
	last := r.toF32(fq.Name+"/DequantizationConvert", port(fq), fq)
	if q.zero.Node != nil {
		last = port(r.relaxedArithmetic("Subtract", fq.Name+"/DequantizationSubtract", last, q.zero, fq))
	}
	last = port(r.relaxedArithmetic("Multiply", fq.Name+"/DequantizationMultiply", last, q.scale, fq))
	r.readBy(users, port(fq), last)
	r.nameOfResult(last.Node, fq)
}

// quantizeInGroup makes fq, whose output range is low to high, give integers of the scale of its group. False where too few levels would be left.
// Source: decomposeFakeQuantize with an IntervalsAlignmentAttribute, NetworkHelper::calculateLevels.
func (l *lowering) quantizeInGroup(fq *graph.Node, g *precisionGroup, t tensor.DType, low, high float64) bool {
	if g.low == g.high {
		return false
	}
	r := l.r
	lo, hi := quantizedRange(t, g.levels)
	from, to := float32(g.low), float32(g.high)
	scale, inverse := (to-from)/(hi-lo), (hi-lo)/(to-from)
	shift := from - float32(lo*scale)
	level := func(v float64) float32 { return float32(math.Round(float64((float32(v) - shift) * inverse))) }
	if int(math.Abs(float64(level(g.narrow[1])-level(g.narrow[0]))))+1 <= 2 {
		return false
	}
	first, last := level(low), level(high)
	levels := int(math.Abs(float64(last-first))) + 1
	if levels <= 2 {
		return false
	}
	q := quantization{scale: r.floats(0, scale)}
	if zero := float32(math.Round(float64(-shift * inverse))); math.Abs(float64(zero)) > 1e-6 {
		q.zero = r.floats(0, zero)
	}
	r.quantizeTo(fq, t, r.floats(0, first), r.floats(0, last), levels, q)
	return true
}

// fuseBefore takes the arithmetic by a constant, or the Convert, before n into its input range. Source: FakeQuantizeTransformation::fuseElementwise.
func (l *lowering) fuseBefore(n *graph.Node) bool {
	r, before := l.r, n.In[0].Node
	if before.Op == "Convert" {
		if before.In[0].Type() == tensor.I32 || isConstant(before.In[0]) {
			return false
		}
		r.inherit(n, n, before)
		r.set(n, 0, before.In[0])
		return true
	}
	inverse := map[string]string{"Multiply": "Divide", "Subtract": "Add", "Add": "Subtract"}[before.Op]
	if inverse == "" || l.bias[before] || !r.constantRanges(n) || len(before.In) != 2 {
		return false
	}
	value, c, ok := withConstant(before)
	if !ok || before.Op == "Subtract" && value != before.In[0] || !r.channelwise(before, value, c) {
		return false
	}
	v, known := r.numbers(c)
	if !known || before.Op == "Multiply" && slices.ContainsFunc(v, func(x float64) bool { return x <= 0 }) {
		return false
	}
	by := r.asF32(c)
	low, high := r.folded(inverse, "opset1", numpyBroadcast, n.In[1], by), r.folded(inverse, "opset1", numpyBroadcast, n.In[2], by)
	if !r.finite(low) || !r.finite(high) {
		return false
	}
	rank := len(n.Out[0].Shape)
	r.inherit(n, n, before)
	r.setAll(n, value, r.batched(low, rank), r.batched(high, rank), n.In[3], n.In[4])
	return true
}

// channelwise reports whether the constant of n is one number, or varies along the first two dimensions alone.
// Source: FakeQuantizeTransformation::checkElementwise.
func (r *rewriter) channelwise(n *graph.Node, value, c graph.Port) bool {
	s := shape(c)
	if elements(s) == 1 {
		return true
	}
	if !slices.Equal(shape(value), n.Out[0].Shape) {
		return false
	}
	s = append(ones(max(len(n.Out[0].Shape)-len(s), 0)), s...)
	for _, d := range s[min(2, len(s)):] {
		if d != 1 {
			return false
		}
	}
	return true
}

func (r *rewriter) finite(p graph.Port) bool {
	v, ok := r.numbers(p)
	return ok && !slices.ContainsFunc(v, func(x float64) bool { return math.IsInf(x, 0) })
}

// batched puts a dimension of one in front of a constant of more than one dimension but fewer than rank.
func (r *rewriter) batched(p graph.Port, rank int) graph.Port {
	if s := shape(p); len(s) > 1 && len(s) < rank {
		return r.reshapedConstant(p, append([]int{1}, s...))
	}
	return p
}
