package passes

import (
	"math"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// A precisionSet is a set of the types that quantized values may have.
type precisionSet uint8

const (
	allowU8 precisionSet = 1 << iota
	allowI8
)

// A precisionGroup is what is common to values that operations which keep the type of their input join.
type precisionGroup struct {
	allowed   precisionSet
	aligned   bool // a Convolution needs one scale for all of them
	levels    int
	low, high float64 // of all output ranges; NaN while there is none
	narrow    [2]float64
}

// precisionGroups joins the outputs of nodes, by id.
type precisionGroups struct {
	parent []int
	group  []precisionGroup
}

func newPrecisionGroups(n int) *precisionGroups {
	g := &precisionGroups{make([]int, n), make([]precisionGroup, n)}
	for i := range g.parent {
		g.parent[i] = i
		g.group[i] = precisionGroup{allowed: allowU8 | allowI8, low: math.NaN(), high: math.NaN()}
	}
	return g
}

// of returns the group of a node.
func (g *precisionGroups) of(n *graph.Node) *precisionGroup { return &g.group[g.root(n.ID)] }

func (g *precisionGroups) root(i int) int {
	for g.parent[i] != i {
		g.parent[i] = g.parent[g.parent[i]]
		i = g.parent[i]
	}
	return i
}

func (g *precisionGroups) join(a, b *graph.Node) {
	x, y := g.root(a.ID), g.root(b.ID)
	if x != y {
		g.parent[x] = y
		g.group[y].allowed &= g.group[x].allowed
	}
}

// lowered are the operations that quantized values may go into. Source: MarkupPrecisions::isSupported.
var lowered = opSet("Add", "AvgPool", "BatchToSpace", "Broadcast", "Clamp", "Concat", "Convert", "Convolution", "ConvolutionBackpropData", "DepthToSpace",
	"FakeQuantize", "Gather", "GroupConvolution", "Interpolate", "MatMul", "MaxPool", "Multiply", "MVN", "NormalizeL2", "Pad", "PRelu", "ReduceMax",
	"ReduceMean", "ReduceMin", "ReduceSum", "Relu", "Reshape", "Result", "ShuffleChannels", "Slice", "SpaceToBatch", "Split", "Squeeze", "StridedSlice",
	"Subtract", "Tile", "Transpose", "Unsqueeze", "VariadicSplit", "LSTMSequence", "GRUSequence")

// preserving are the operations that give values of the type that they read. Source: MarkupPrecisions::isPrecisionPreserved.
var preserving = opSet("BatchToSpace", "Broadcast", "Concat", "DepthToSpace", "Gather", "MaxPool", "Pad", "ReduceMax", "ReduceMin", "Relu", "Reshape",
	"ShuffleChannels", "Slice", "SpaceToBatch", "Split", "Squeeze", "StridedSlice", "Tile", "Transpose", "Unsqueeze", "VariadicSplit")

func opSet(ops ...string) map[string]bool {
	m := map[string]bool{}
	for _, op := range ops {
		m[op] = true
	}
	return m
}

// preserves reports whether n gives values of the type that it reads.
func preserves(n *graph.Node) bool {
	return preserving[n.Op] || n.Op == "Interpolate" && n.Attrs["mode"] == "nearest"
}

// keepsType is preserves, with averages that are computed with in integers.
func (l *lowering) keepsType(n *graph.Node) bool {
	return preserves(n) || n.Op == "AvgPool" && l.computedLow(n)
}

// computedLow reports whether a FakeQuantize reads n, or what computes with integers, through operations that keep the type.
// Source: MarkupAvgPoolPrecisionPreserved.
func (l *lowering) computedLow(n *graph.Node) bool {
	return slices.ContainsFunc(l.r.readers(n), func(u use) bool {
		switch u.node.Op {
		case "MatMul":
			return true
		case "Convolution", "GroupConvolution", "ConvolutionBackpropData":
			return l.quantizedWeights(u.node)
		}
		return preserves(u.node) && l.computedLow(u.node)
	})
}

// markPrecisions finds which types the readers of quantized values allow, through operations that keep them, and which values need one scale.
// Source: MarkupCanBeQuantized, MarkupPrecisions, PropagatePrecisions, AlignQuantizationIntervals, AlignQuantizationParameters.
func (l *lowering) markPrecisions() {
	r := l.r
	l.precisions = newPrecisionGroups(len(r.Nodes))
	order, err := r.Order()
	if err != nil {
		r.fail(err)
		return
	}
	concat := false
	for _, n := range order {
		concat = concat || n.Op == "Concat"
		if l.keepsType(n) && l.movable(n) {
			for _, p := range n.In {
				if !l.isConstantPath(p.Node) {
					l.precisions.join(n, p.Node)
				}
			}
		}
	}
	for _, n := range order {
		for i, p := range n.In {
			if allowed := l.allows(n, i); allowed != 0 { // who computes in floats dequantizes for itself
				l.precisions.of(p.Node).allowed &= allowed
			}
		}
	}
	if concat {
		l.alignIntervals(order)
	}
}

// movable reports whether dequantizations in front of n have constants that may be moved.
func (l *lowering) movable(n *graph.Node) bool {
	d := l.r.dequantization(n.In[0])
	return d.empty() || d.perChannel()
}

// allows returns the types that input i of n may have.
func (l *lowering) allows(n *graph.Node, i int) precisionSet {
	all := allowU8 | allowI8
	switch n.Op {
	case "Convolution", "GroupConvolution", "ConvolutionBackpropData":
		if !l.quantizedWeights(n) {
			return 0
		}
	}
	if !lowered[n.Op] || !l.movable(n) {
		if i == 0 {
			return 0
		}
		return all
	}
	switch n.Op {
	case "Convolution", "GroupConvolution":
		if i == 0 && (n.Op == "Convolution" || len(shape(n.In[0])) != 5) {
			return allowU8
		}
	case "LSTMSequence", "GRUSequence":
		if i < 2 {
			return allowU8
		}
		return all
	}
	if i == 1 && isOp(n, weighted...) {
		return allowI8
	}
	return all
}

// alignIntervals joins the output ranges of FakeQuantizes that lead to one Convolution through operations that keep the type.
func (l *lowering) alignIntervals(order []*graph.Node) {
	kept := map[*graph.Node]bool{} // operations of quantized values alone
	for _, n := range order {
		if preserves(n) && l.allQuantized(n) {
			kept[n] = true
		}
	}
	for _, n := range order {
		if n.Op == "FakeQuantize" {
			l.joinInterval(n)
		}
		if isOp(n, "Convolution", "ConvolutionBackpropData") {
			for p := n.In[0].Node; preserves(p); p = p.In[0].Node {
				if kept[p] {
					l.precisions.of(p).aligned = true
				}
			}
		}
	}
}

// allQuantized reports whether n reads FakeQuantizes alone, constants left out.
func (l *lowering) allQuantized(n *graph.Node) bool {
	some := false
	for _, p := range n.In {
		data := l.r.dequantization(p).data
		if isConstant(data) {
			continue
		}
		if data.Node.Op != "FakeQuantize" {
			return false
		}
		some = true
	}
	return some
}

// joinInterval takes the output range of fq into that of its group. Source: IntervalsAlignmentAttribute.
func (l *lowering) joinInterval(fq *graph.Node) {
	r := l.r
	if !r.quantizesTo8(fq) || l.isConstantPath(fq) || !r.same(fq.In[3]) || !r.same(fq.In[4]) {
		return
	}
	lows, _ := r.numbers(fq.In[3])
	highs, _ := r.numbers(fq.In[4])
	low, high := lows[0], highs[0]
	g, levels := l.precisions.of(fq), number(fq, "levels", 0)
	if math.IsNaN(g.low) {
		g.low, g.high, g.levels, g.narrow = low, high, levels, [2]float64{low, high}
		return
	}
	if g.levels != levels {
		g.levels = 0
	}
	g.low, g.high = min(g.low, low), max(g.high, high)
	if math.Abs(high-low) < math.Abs(g.narrow[1]-g.narrow[0]) {
		g.narrow = [2]float64{low, high}
	}
}

// quantizedRange are the numbers that a type holds of so many levels.
func quantizedRange(t tensor.DType, levels int) (low, high float32) {
	if t == tensor.U8 {
		return 0, float32(levels - 1)
	}
	return -float32(levels / 2), float32((levels - 1) / 2)
}

// preferred is the type that output ranges suggest: Invalid where they need a zero point in any. Source: getPrecisionDetails.
func preferred(levels int, low, high []float64) (t tensor.DType, zeroPoint bool) {
	const zero, asymmetry = 1e-6, 0.002
	ratio := -1.0
	if levels == 16 || levels == 256 {
		ratio = -float64(levels) / float64(levels-2)
	}
	signed, unsigned, normal := true, true, false
	for i := range low {
		if math.Abs(low[i]) < zero && math.Abs(high[i]) < zero {
			continue
		}
		normal = true
		if math.Signbit(low[i]) != math.Signbit(high[i]) && math.Abs(low[i]) >= zero {
			unsigned = false
			actual := low[i] / high[i]
			zeroPoint = zeroPoint || high[i] == 0 || math.Abs((actual-ratio)/min(actual, ratio)) > asymmetry
			continue
		}
		signed = false
		zeroPoint = zeroPoint || math.Abs(low[i]) >= zero
	}
	if !normal {
		signed = false
		for _, v := range low {
			signed = signed || v < 0
		}
		unsigned = !signed
	}
	switch {
	case zeroPoint || signed == unsigned:
		return tensor.Invalid, zeroPoint
	case signed:
		return tensor.I8, false
	}
	return tensor.U8, false
}

// choose is the type to quantize to, of those allowed, and whether that needs a zero point; Invalid where none is allowed.
func choose(allowed precisionSet, levels int, low, high []float64) (t tensor.DType, zeroPoint bool) {
	best, zeroPoint := preferred(levels, low, high)
	switch allowed {
	case 0:
		return tensor.Invalid, false
	case allowU8:
		return tensor.U8, best != tensor.U8
	case allowI8:
		return tensor.I8, best != tensor.I8
	}
	if best == tensor.Invalid {
		return tensor.U8, true
	}
	return best, zeroPoint
}

// allow narrows the types of a group to one.
func (g *precisionGroup) allow(t tensor.DType) {
	g.allowed = map[tensor.DType]precisionSet{tensor.U8: allowU8, tensor.I8: allowI8}[t]
}
