package passes

import (
	"slices"

	"halfway/engine/graph"
	"halfway/engine/ops"
	"halfway/engine/tensor"
)

// partialLimit is the number of elements up to which values that are known in part are followed: enough for shapes.
const partialLimit = 64

// A partial is a value of few elements, some of which depend on dimensions that are not known.
type partial struct {
	trials  [trials]*tensor.Tensor
	symbols []symbol // of each element; 0 of one that is known and of one that was computed from several
}

// inferPartly finds what follows for the shapes of n's outputs where dimensions of its inputs are not known: an operation is asked for its shapes
// with several sizes in their place. What is the same for all of them is known; what is in all of them a size that an input has gets that
// one's symbol. It returns false when the operation needs to know more.
func (r *rewriter) inferPartly(n *graph.Node, op ops.Op) bool {
	in := make([][]dim, len(n.In))
	for i, p := range n.In {
		in[i] = r.dims(p)
	}
	if rule := partialRules[n.Op]; rule != nil {
		if out := rule(r, n, in); out != nil {
			n.Out[0].Type = n.In[0].Type()
			r.setDims(n, 0, out)
			return true
		}
	}
	r.unify(n, in)
	var specs [trials][]ops.Spec
	for t := range trials {
		var err error
		if specs[t], err = op.Infer(r.trialArgs(n, in, t)); err != nil {
			return false
		}
	}
	pool := r.pool(n, in)
	for o := range min(len(specs[0]), len(n.Out)) {
		n.Out[o].Type = specs[0][o].Type
		if d := r.outputDims(n, pool, o, specs); d != nil {
			r.setDims(n, o, d)
		}
	}
	return true
}

// trialArgs describes the inputs of n with the sizes of one trial.
func (r *rewriter) trialArgs(n *graph.Node, in [][]dim, trial int) []ops.Arg {
	args := make([]ops.Arg, len(n.In))
	for i, p := range n.In {
		args[i] = ops.Arg{Type: p.Type(), Value: r.trialValue(p, trial)}
		if in[i] == nil {
			continue
		}
		args[i].Shape = make([]int, len(in[i]))
		for k, d := range in[i] {
			args[i].Shape[k] = r.at(d, trial)
		}
	}
	return args
}

// trialValue is the value at p in one trial, nil when it is not known or not small.
func (r *rewriter) trialValue(p graph.Port, trial int) *tensor.Tensor {
	if v := r.value(p); v != nil {
		return v
	}
	if v := r.partialAt(p); v != nil {
		return v.trials[trial]
	}
	return nil
}

func (r *rewriter) partialAt(p graph.Port) *partial {
	if list := r.partials[p.Node]; p.Out < len(list) {
		return list[p.Out]
	}
	return nil
}

// A pool is what sizes of an output may be equal to.
type pool []symbol

func (r *rewriter) pool(n *graph.Node, in [][]dim) pool {
	var list pool
	for _, dims := range in {
		for _, d := range dims {
			if d.symbol != 0 {
				list = append(list, d.symbol)
			}
		}
	}
	for _, p := range n.In {
		if v := r.partialAt(p); v != nil {
			for _, s := range v.symbols {
				if s != 0 {
					list = append(list, s)
				}
			}
		}
	}
	return list
}

// fromPool returns the symbol in the pool that has these sizes, 0 when there is none.
func (r *rewriter) fromPool(list pool, v sample) symbol {
	for _, s := range list {
		if r.symbols.sample(s) == v {
			return s
		}
	}
	return 0
}

// resized are operations whose dimensions behind the channels are computed, so that the plugin knows nothing of them even where they stay the same.
var resized = []string{"Convolution", "GroupConvolution", "ConvolutionBackpropData", "GroupConvolutionBackpropData", "MaxPool", "AvgPool", "Interpolate"}

// outputDims returns the dimensions of output o that follow from its shapes in all trials; nil when its rank does not.
func (r *rewriter) outputDims(n *graph.Node, list pool, o int, specs [trials][]ops.Spec) []dim {
	first := specs[0][o].Shape
	for t := range trials {
		if s := specs[t][o].Shape; s == nil || len(s) != len(first) {
			return nil
		}
	}
	d := make([]dim, len(first))
	for i := range first {
		var v sample
		for t := range trials {
			v[t] = specs[t][o].Shape[i]
		}
		d[i] = known(v[0])
		if v == (sample{v[0], v[0], v[0]}) {
			continue
		}
		d[i] = dim{size: -1}
		if i < 2 || !isOp(n, resized...) {
			d[i].symbol = r.fromPool(list, v)
		}
		if d[i].symbol == 0 {
			d[i].symbol = r.symbols.add(v)
		}
	}
	return d
}

// partly reports whether something of n's inputs is known in part only.
func (r *rewriter) partly(n *graph.Node) bool {
	for _, p := range n.In {
		if s := shape(p); s != nil && !static(s) || r.partialAt(p) != nil {
			return true
		}
	}
	return false
}

// evaluatePartly finds the values of n's outputs in all trials.
func (r *rewriter) evaluatePartly(n *graph.Node, op ops.Op) []*partial {
	for _, o := range n.Out {
		if e := elements(o.Shape); e < 0 || e > partialLimit {
			return nil
		}
	}
	in := make([][]dim, len(n.In))
	for i, p := range n.In {
		in[i] = r.dims(p)
	}
	list := make([]*partial, len(n.Out))
	for o := range list {
		list[o] = &partial{}
	}
	for t := range trials {
		values := trialOutputs(n, op, r.trialArgs(n, in, t))
		if len(values) != len(list) {
			return nil
		}
		for o, v := range values {
			list[o].trials[t] = v
		}
	}
	pool := r.pool(n, in)
	for _, v := range list {
		v.symbols = r.nameElements(v, pool, slices.Contains(symbolic, n.Op))
	}
	return list
}

// trialOutputs evaluates n; nil where a value is missing or does not suit.
func trialOutputs(n *graph.Node, op ops.Op, args []ops.Arg) []*tensor.Tensor {
	if f, ok := op.(ops.Folder); ok {
		if v := f.Fold(args); v != nil {
			return []*tensor.Tensor{v}
		}
		return nil
	}
	in := make([]*tensor.Tensor, len(args))
	for i, a := range args {
		if in[i] = a.Value; a.Value == nil {
			return nil
		}
	}
	out, err := run(op, in, n.Out)
	if err != nil {
		return nil
	}
	return out
}

// symbolic are the operations that carry the symbols of elements along. Source: the operations of OpenVINO with evaluate_symbol.
var symbolic = []string{"Abs", "Broadcast", "Concat", "Convert", "Gather", "Pad", "Reshape", "ScatterElementsUpdate", "ScatterNDUpdate", "ScatterUpdate",
	"ShapeOf", "Slice", "Split", "Squeeze", "StridedSlice", "Tile", "Transpose", "Unsqueeze", "VariadicSplit"}

// nameElements finds the symbols of the elements of v. Those that none of the pool equals get new ones, where the operation carries symbols and some
// element has one.
func (r *rewriter) nameElements(v *partial, list pool, carries bool) []symbol {
	names := make([]symbol, v.trials[0].Len())
	if !carries || len(list) == 0 {
		return names
	}
	var samples [trials][]float64
	for t := range trials {
		if samples[t] = asNumbers(v.trials[t]); len(samples[t]) != len(names) {
			return names
		}
	}
	some := false
	each := func(f func(i int, s sample)) {
		for i := range names {
			if s := (sample{int(samples[0][i]), int(samples[1][i]), int(samples[2][i])}); s != (sample{s[0], s[0], s[0]}) {
				f(i, s)
			}
		}
	}
	each(func(i int, s sample) {
		names[i] = r.fromPool(list, s)
		some = some || names[i] != 0
	})
	if some {
		each(func(i int, s sample) {
			if names[i] == 0 {
				names[i] = r.symbols.add(s)
			}
		})
	}
	return names
}

// constant reports whether nothing of v depends on what is not known.
func (v *partial) constant() bool {
	first := tensor.Digest(v.trials[0])
	return slices.Equal(first, tensor.Digest(v.trials[1])) && slices.Equal(first, tensor.Digest(v.trials[2]))
}
