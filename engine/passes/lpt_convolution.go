package passes

import (
	"math"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// quantizedWeights reports whether the weights of n, a convolution, are quantized: by a FakeQuantize, or as 8-bit constants that are scaled by
// output channel. Source: WeightableLayerTransformation::isQuantizedStatic.
func (l *lowering) quantizedWeights(n *graph.Node) bool {
	p := n.In[1]
	if n.Op == "GroupConvolution" && p.Node.Op == "Reshape" {
		p = p.Node.In[0]
	}
	if p.Node.Op == "FakeQuantize" {
		return l.r.quantizesTo8(p.Node)
	}
	d := l.r.dequantization(p)
	return !d.empty() && isConstant(d.data) && d.low() && weightsChannelwise(n, p.Node != n.In[1].Node, d)
}

// weightsChannelwise reports whether the constants of d vary along the output channels of n's weights alone.
func weightsChannelwise(n *graph.Node, reshaped bool, d dequantization) bool {
	axes := []int{0}
	switch {
	case n.Op == "ConvolutionBackpropData":
		axes[0] = 1
	case n.Op == "GroupConvolution" && !reshaped:
		axes = append(axes, 1)
	}
	fine := func(step *graph.Node, c graph.Port) bool {
		if step == nil || elements(shape(c)) == 1 {
			return true
		}
		s, channels := shape(c), 1
		for _, a := range axes {
			if a >= len(s) {
				return false
			}
			channels *= s[a]
		}
		return elements(s) == channels
	}
	return fine(d.subtract, d.zero) && fine(d.multiply, d.scale)
}

// convolution makes n compute with integers, and puts the scales of its input and its weights behind it.
// Source: ConvolutionTransformation, GroupConvolutionTransformation, ConvolutionBackpropDataTransformation.
func (l *lowering) convolution(n *graph.Node) {
	r := l.r
	w := n.In[1].Node
	if w.Op == "Reshape" {
		w = w.In[0].Node
	}
	if n.In[0].Node.Op != "Multiply" || !isOp(w, "Multiply", "FakeQuantize") {
		return
	}
	d := r.dequantization(n.In[0])
	if s := shape(d.data); len(s) < 3 || s[1] < 0 || n.Out[0].Shape == nil {
		return
	}
	if n.Op == "ConvolutionBackpropData" && (d.subtract != nil || len(n.In) > 2) {
		return
	}
	ok := d.multiply != nil && d.low() && d.perChannel() && l.quantizedWeights(n) && l.inputScales(n, d) != nil && r.zeroFits(d)
	var weights lowWeights
	if ok {
		weights, ok = l.lowWeights(n)
	}
	if !ok {
		l.foldWeights(n)
		return
	}
	r.separate(n)
	d = r.dequantization(n.In[0])
	input := d.data
	if d.subtract != nil {
		input = r.shiftedInput(n, d)
	}
	scale := r.outputScales(n, l.inputScales(n, d), weights.scale)
	users := slices.Clone(r.readers(n))
	r.set(n, 1, weights.values)
	r.set(n, 0, input)
	relaxedInF32(n, tensor.F32)
	mul := r.relaxedArithmetic("Multiply", r.generated("Multiply"), port(n), scale, n)
	r.readBy(users, port(n), port(mul))
	r.nameOfResult(mul, n)
}

// inputScales are the scales of the input of n by group; nil where they differ inside of one.
func (l *lowering) inputScales(n *graph.Node, d dequantization) []float64 {
	v, ok := l.r.numbers(d.scale)
	if !ok || len(v) == 0 {
		return nil
	}
	groups := 1
	if n.Op == "GroupConvolution" {
		groups = shape(n.In[1])[0]
	}
	if len(v) == 1 || groups < 1 || len(v)%groups != 0 {
		groups = 1
	}
	per := len(v) / groups
	scales := make([]float64, groups)
	for i, x := range v {
		if x != v[i/per*per] {
			return nil
		}
		scales[i/per] = x
	}
	return scales
}

// zeroFits reports whether the zero points of d are numbers of the quantized type. Source: NetworkHelper::checkZeroPoint.
func (r *rewriter) zeroFits(d dequantization) bool {
	if d.subtract == nil {
		return true
	}
	v, ok := r.numbers(d.zero)
	low, high := quantizedRange(d.data.Type(), 256)
	return ok && !slices.ContainsFunc(v, func(x float64) bool { return x < float64(low)-0.5 || x > float64(high)+0.5 })
}

// shiftedInput makes the subtraction of a zero point before n one of integers, by channel; it goes where the zero point is none.
// Source: NetworkHelper::optimizeSubtract.
func (r *rewriter) shiftedInput(n *graph.Node, d dequantization) graph.Port {
	zero := r.rounded(d.zero, d.data.Type())
	if r.uniform(zero, 0) {
		return d.data
	}
	s := shape(d.data)
	to := ones(len(s))
	to[1] = s[1]
	zero = r.folded("Broadcast", "opset1", graph.Attrs{"mode": "numpy"}, zero, r.ints(1, to...))
	r.setAll(d.subtract, d.data, zero)
	d.subtract.Attrs = numpyBroadcast
	relaxed(d.subtract, tensor.F32)
	return port(d.subtract)
}

// rounded is a constant in an 8-bit type; halves are rounded away from zero.
func (r *rewriter) rounded(p graph.Port, t tensor.DType) graph.Port {
	if p.Type() == t {
		return r.copied(p)
	}
	v, _ := r.numbers(p)
	low, high := quantizedRange(t, 256)
	values := make([]float64, len(v))
	for i, x := range v {
		values[i] = min(max(math.Round(x), float64(low)), float64(high))
	}
	return r.bytes(t, slices.Clone(shape(p)), values)
}

// lowWeights are weights as integers, and their scales.
type lowWeights struct {
	values, scale graph.Port
}

// lowWeights makes integers of the weights of n.
func (l *lowering) lowWeights(n *graph.Node) (lowWeights, bool) {
	r, p := l.r, n.In[1]
	var reshape *graph.Node
	if p.Node.Op == "Reshape" {
		reshape, p = p.Node, p.Node.In[0]
	}
	w, ok := l.integers(p)
	if ok && reshape != nil {
		w.values = r.refolded(reshape, w.values)
	}
	return w, ok
}

// refolded is a constant after a Reshape.
func (r *rewriter) refolded(reshape *graph.Node, p graph.Port) graph.Port {
	c := r.folded(reshape.Op, reshape.Opset, reshape.Attrs, p, reshape.In[1])
	r.inherit(c.Node, reshape)
	return c
}

// integers makes i8 constants of what leads to p: a FakeQuantize of constants, or 8-bit constants that are scaled.
func (l *lowering) integers(p graph.Port) (lowWeights, bool) {
	r := l.r
	if fq := p.Node; fq.Op == "FakeQuantize" {
		return r.integersOf(fq)
	}
	d := r.dequantization(p)
	if d.multiply == nil || !isConstant(d.data) || !d.low() || !r.zeroFits(d) {
		return lowWeights{}, false
	}
	w := lowWeights{d.data, d.scale}
	if d.subtract != nil && !r.uniform(d.zero, 0) {
		w.values = r.shiftedWeights(d)
	}
	return w, true
}

// shiftedWeights subtracts the zero point of weights from the integers.
func (r *rewriter) shiftedWeights(d dequantization) graph.Port {
	zero := r.rounded(d.zero, d.data.Type())
	s := r.relaxedArithmetic("Subtract", d.subtract.Name, d.data, zero, d.subtract)
	s.Out[0].Type, s.Out[0].Shape = tensor.F32, shape(d.data)
	r.unfold[s.ID] = true
	return port(s)
}

// integersOf makes i8 constants of a FakeQuantize of constants.
func (r *rewriter) integersOf(fq *graph.Node) (lowWeights, bool) {
	if number(fq, "levels", 0) == 15 {
		return lowWeights{}, false // the plugin takes these for activations alone
	}
	low, known := r.numbers(fq.In[3])
	high, _ := r.numbers(fq.In[4])
	if !known || !r.quantizesTo8(fq) || !r.allConstant(fq) || !slices.Equal(shape(fq.In[3]), shape(fq.In[4])) {
		return lowWeights{}, false
	}
	levels := number(fq, "levels", 0)
	_, zeroPoint := choose(allowI8, levels, low, high)
	q := r.quantization(fq, tensor.I8, levels, zeroPoint)
	made := r.make(fq.Op, fq.Opset, fq.Attrs, fq.In[0], fq.In[1], fq.In[2], q.low, q.high)
	relaxed(made, tensor.I8)
	made.Name = fq.Name
	values := port(r.fold(made)[0])
	w := lowWeights{values, q.scale}
	if q.zero.Node == nil {
		return w, true
	}
	zero := r.rounded(q.zero, tensor.I8)
	v, _ := r.numbers(q.zero)
	if slices.ContainsFunc(v, func(x float64) bool { return x < -128.5 || x > 127.5 }) {
		return lowWeights{}, false
	}
	if !r.uniform(zero, 0) {
		s := r.relaxedArithmetic("Subtract", fq.Name+"/DequantizationSubtract", values, zero, fq, fq.In[0].Node, fq.In[1].Node, fq.In[2].Node)
		r.unfold[s.ID] = true
		w.values = port(s)
	}
	return w, true
}

// allConstant reports whether n reads constants alone.
func (r *rewriter) allConstant(n *graph.Node) bool {
	return !slices.ContainsFunc(n.In, func(p graph.Port) bool { return !isConstant(p) })
}

// outputScales are the products of the scales of input and weights by output channel, as one number where they are the same.
func (r *rewriter) outputScales(n *graph.Node, input []float64, weights graph.Port) graph.Port {
	w, _ := r.numbers(weights)
	channels := n.Out[0].Shape[1]
	product := make([]float32, channels)
	for c := range product {
		of := w[min(c, len(w)-1)]
		if len(w) > 1 && len(w) < channels {
			of = w[c*len(w)/channels]
		}
		product[c] = float32(input[c*len(input)/channels]) * float32(of)
	}
	s := ones(len(n.Out[0].Shape))
	s[1] = channels
	return r.scalarIfSame(r.vector(s, product))
}

// foldWeights makes floats of the weights of n, which stays as it is.
func (l *lowering) foldWeights(n *graph.Node) {
	r, p := l.r, n.In[1]
	switch {
	case p.Node.Op == "Reshape" && p.Node.In[0].Node.Op == "FakeQuantize" && r.allConstant(p.Node.In[0].Node):
		r.set(p.Node, 0, port(r.fold(p.Node.In[0].Node)[0]))
	case p.Node.Op == "FakeQuantize" && r.allConstant(p.Node):
		r.set(n, 1, port(r.fold(p.Node)[0]))
	}
}
