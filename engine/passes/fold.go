package passes

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"sync"

	"halfway/engine/graph"
	"halfway/engine/ops"
	"halfway/engine/tensor"
)

// constantFolding replaces what depends on constants alone, and shapes that are known, by constants of the same name; a node with several
// outputs becomes the constants name.0, name.1 and so on. A constant is made of all that it was computed from, but a ShapeOf is not made of
// what it measures; so is what depends on constants and shapes alone and stays, because it is not evaluated or a shape is not known. Small constants
// are computed at once, large ones when they are needed. Source: ConstantFolding.
func constantFolding(r *rewriter) {
	shapesOnly := map[*graph.Node]bool{} // depends on constants and shapes alone
	r.each(func(n *graph.Node) {
		if n.Op == "ConvertLike" && isConstant(n.In[0]) { // only the type of the other input matters
			n.Op, n.Attrs = "Convert", graph.Attrs{"destination_type": n.In[1].Type().String()}
			r.setAll(n, n.In[0])
		}
		if notFolded[n.Op] || r.unfold[n.ID] || len(n.In) == 0 {
			return
		}
		if n.Op != "ShapeOf" {
			sources := []*graph.Node{n}
			for _, p := range n.In {
				if !isConstant(p) && !shapesOnly[p.Node] {
					return
				}
				sources = append(sources, p.Node)
			}
			r.inherit(n, sources...)
		}
		shapesOnly[n] = true
		if !notEvaluated[n.Op] {
			r.replaceByConstants(n)
		}
	})
}

// replaceByConstants puts constants in the place of n's outputs where their values are known: its inputs are constants, it measures a shape that is
// known, or its value does not depend on the dimensions that are not.
func (r *rewriter) replaceByConstants(n *graph.Node) {
	if r.foldable(n) {
		for o, c := range r.fold(n) {
			r.redirect(graph.Port{Node: n, Out: o}, port(c))
		}
		return
	}
	for o := range n.Out {
		p := graph.Port{Node: n, Out: o}
		if v := r.askedValue(p); v != nil && v.constant() {
			r.redirect(p, port(r.constantOf(n, o, func() (*tensor.Tensor, error) { return v.trials[0], nil })))
		}
	}
}

// notFolded are operations without inputs that decide their value, or with effects, and FakeQuantize, which the plugin folds by itself.
var notFolded = map[string]bool{"Constant": true, "Parameter": true, "Result": true, "Assign": true, "ReadValue": true, "RandomUniform": true,
	"Multinomial": true, "FakeQuantize": true, "If": true, "Loop": true, "TensorIterator": true}

// notEvaluated are operations that OpenVINO has no evaluation of: they stay, made of what they would have been computed from. Source: what its
// ConstantFolding leaves of each operation on constants.
var notEvaluated = map[string]bool{"AdaptiveAvgPool": true, "AvgPool": true, "BatchNormInference": true, "BitwiseAnd": true, "Bucketize": true,
	"Convolution": true, "ConvolutionBackpropData": true, "DFT": true, "Einsum": true, "Elu": true, "EmbeddingBagOffsetsSum": true,
	"GatherElements": true, "GatherND": true, "GroupConvolution": true, "GroupNormalization": true, "HardSigmoid": true,
	"IsFinite": true, "IsInf": true, "IsNaN": true, "LRN": true, "LogSoftmax": true, "NonMaxSuppression": true, "NormalizeL2": true,
	"RDFT": true, "ReverseSequence": true, "Roll": true, "ScaledDotProductAttention": true, "SearchSorted": true, "Selu": true, "SoftSign": true,
	"Unique": true}

func (r *rewriter) foldable(n *graph.Node) bool {
	if notFolded[n.Op] || r.unfold[n.ID] || len(n.In) == 0 {
		return false
	}
	if n.Op == "ShapeOf" {
		return static(shape(n.In[0]))
	}
	for _, p := range n.In {
		if p.Node.Op != "Constant" || p.Type() == tensor.Invalid {
			return false
		}
	}
	for _, o := range n.Out {
		if !static(o.Shape) {
			return false
		}
	}
	return true
}

// fold computes n, which is foldable, and returns a constant for each output; nil where its operation is not one that can run here.
func (r *rewriter) fold(n *graph.Node) []*graph.Node {
	op, err := ops.Bind(n)
	if err != nil {
		return nil
	}
	values := r.evaluate(n, op, r.args(n), valueLimit)
	if r.err != nil {
		return nil
	}
	compute := func() ([]*tensor.Tensor, error) { return values, nil }
	var from []*tensor.Raw
	if values == nil {
		compute = postponed(n, op)
		for _, p := range n.In {
			from = append(from, p.Node.Value)
		}
	}
	scratch := ops.ScratchOf(op, r.args(n), specsOf(n.Out), 1)
	constants := make([]*graph.Node, len(n.Out))
	for o := range n.Out {
		constants[o] = r.constantOf(n, o, func() (*tensor.Tensor, error) {
			t, err := compute()
			if err != nil {
				return nil, err
			}
			return t[o], nil
		})
		raw := constants[o].Value
		raw.From, raw.Takes = from, ops.Together(ops.MemoryOf(raw.Type.KeptBytes(), raw.Shape...), scratch)
	}
	return constants
}

// constantOf adds a constant for output o of n, whose value compute returns.
func (r *rewriter) constantOf(n *graph.Node, o int, compute func() (*tensor.Tensor, error)) *graph.Node {
	out := n.Out[o]
	raw := &tensor.Raw{Type: out.Type, Shape: out.Shape, Compute: compute}
	name := n.Name
	if len(n.Out) > 1 {
		name += "." + strconv.Itoa(o)
	}
	c := r.add(&graph.Node{Op: "Constant", Opset: "opset1", Name: name, Value: raw, Fused: []string{},
		Out: []graph.Output{{Type: raw.Type, Shape: raw.Shape, Names: out.Names}}})
	r.inherit(c, n)
	return c
}

func specsOf(outputs []graph.Output) []ops.Spec {
	specs := make([]ops.Spec, len(outputs))
	for o, out := range outputs {
		specs[o] = ops.Spec{Type: out.Type, Shape: out.Shape}
	}
	return specs
}

// postponed returns a function that evaluates n, whose inputs are constants, once.
func postponed(n *graph.Node, op ops.Op) func() ([]*tensor.Tensor, error) {
	inputs := make([]*tensor.Raw, len(n.In))
	for i, p := range n.In {
		inputs[i] = p.Node.Value
	}
	name, kind, out := n.Name, n.Op, n.Out
	return sync.OnceValues(func() ([]*tensor.Tensor, error) {
		in := make([]*tensor.Tensor, len(inputs))
		for i, raw := range inputs {
			var err error
			if in[i], err = raw.Decode(); err != nil {
				return nil, err
			}
		}
		values, err := run(op, in, out)
		if err != nil {
			return nil, fmt.Errorf("node %q (%s): %w", name, kind, err)
		}
		return values, nil
	})
}

// ints adds a constant of 64-bit integers, of rank 1, or a scalar when rank is 0.
func (r *rewriter) ints(rank int, values ...int) graph.Port {
	raw := &tensor.Raw{Type: tensor.I64}
	for _, v := range values {
		raw.Bytes = binary.LittleEndian.AppendUint64(raw.Bytes, uint64(v))
	}
	return r.constant(raw, rank, len(values))
}

// floats adds a constant of f32, of rank 1, or a scalar when rank is 0.
func (r *rewriter) floats(rank int, values ...float32) graph.Port {
	raw := &tensor.Raw{Type: tensor.F32}
	for _, v := range values {
		raw.Bytes = binary.LittleEndian.AppendUint32(raw.Bytes, math.Float32bits(v))
	}
	return r.constant(raw, rank, len(values))
}

func (r *rewriter) constant(raw *tensor.Raw, rank, length int) graph.Port {
	raw.Shape = []int{}
	if rank == 1 {
		raw.Shape = []int{length}
	}
	return graph.Port{Node: r.add(&graph.Node{Op: "Constant", Opset: "opset1", Name: r.generated("Constant"), Value: raw, Fused: []string{},
		Out: []graph.Output{{Type: raw.Type, Shape: raw.Shape}}})}
}

// folded is make, but a node whose inputs are all constants becomes a constant itself.
func (r *rewriter) folded(op, opset string, attrs graph.Attrs, in ...graph.Port) graph.Port {
	n := r.make(op, opset, attrs, in...)
	if r.foldable(n) && !notEvaluated[op] {
		if c := r.fold(n); c != nil {
			n = c[0]
		}
	}
	return graph.Port{Node: n}
}
