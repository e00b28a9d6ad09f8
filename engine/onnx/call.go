package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"

	"halfway/engine/graph"
	"halfway/engine/ops"
	"halfway/engine/tensor"
)

// A call is one node on its way to OpenVINO operations. Its methods end the translation of the node where something is wrong (fail).
type call struct {
	*scope
	node  *nodeProto
	in    []graph.Port // a zero Port for an optional input that is not given
	opset int          // version of the node's domain
}

// failure is the panic that ends the translation of a node; scope.node makes an error of it.
type failure struct{ error }

// fail ends the translation of the node with an error.
func (c *call) fail(format string, args ...any) { panic(failure{fmt.Errorf(format, args...)}) }

// check ends the translation of the node if err is one.
func (c *call) check(err error) {
	if err != nil {
		panic(failure{err})
	}
}

// checkIn is check where the error lies in a part of the node.
func (c *call) checkIn(part string, err error) {
	if err != nil {
		c.fail("%s: %w", part, err)
	}
}

// dtype is the element type of an ONNX code.
func (c *call) dtype(code int64) tensor.DType {
	t, err := dtypeOf(code)
	c.check(err)
	return t
}

// has reports whether input i is given.
func (c *call) has(i int) bool { return i < len(c.in) && c.in[i].Node != nil }

// input returns input i, which must be given.
func (c *call) input(i int) graph.Port {
	if !c.has(i) {
		c.fail("input %d is missing", i)
	}
	return c.in[i]
}

// op adds an operation of one output and returns that.
func (c *call) op(name string, attrs graph.Attrs, in ...graph.Port) graph.Port {
	return c.many(name, 1, attrs, in...)[0]
}

// opsets are the versions of the operations that are added, where they are not opset1.
var opsets = map[string]string{"AvgPool": "opset14", "BatchNormInference": "opset5", "BitwiseAnd": "opset13", "BitwiseLeftShift": "opset15",
	"BitwiseNot": "opset13", "BitwiseOr": "opset13", "BitwiseRightShift": "opset15", "BitwiseXor": "opset13", "Broadcast": "opset3",
	"Col2Im": "opset15", "CumSum": "opset3", "DFT": "opset7", "IDFT": "opset7", "RDFT": "opset9", "IRDFT": "opset9", "NonMaxSuppression": "opset9", "ROIAlign": "opset9", "Einsum": "opset7", "Eye": "opset9", "GRUSequence": "opset5", "Gather": "opset8", "GatherElements": "opset6",
	"GatherND": "opset8", "Gelu": "opset7", "GridSample": "opset9", "HSwish": "opset4", "Interpolate": "opset11", "IsFinite": "opset10",
	"IsInf": "opset10", "IsNaN": "opset10", "LSTMSequence": "opset5", "LogSoftmax": "opset5", "MVN": "opset6", "MaxPool": "opset14",
	"Mish": "opset4", "NonZero": "opset3", "Pad": "opset12", "RNNSequence": "opset5", "Range": "opset4", "ReduceL1": "opset4",
	"ReduceL2": "opset4", "Round": "opset5", "ScatterElementsUpdate": "opset12", "ScatterNDUpdate": "opset15", "ShapeOf": "opset3",
	"Slice": "opset8", "SoftPlus": "opset4", "SoftSign": "opset9", "ScaledDotProductAttention": "opset13", "Softmax": "opset8", "Swish": "opset4", "TopK": "opset11",
	"Asinh": "opset4", "BitCast": "onnx", "CumProd": "onnx", "Det": "onnx", "Resize": "onnx", "TfIdfVectorizer": "onnx", "Acosh": "opset4", "Atanh": "opset4", "Unique": "opset10"}

// many adds an operation and returns its outputs, of which there are so many.
func (c *call) many(name string, outputs int, attrs graph.Attrs, in ...graph.Port) []graph.Port {
	ports := make([]graph.Port, max(outputs, 1))
	args := make([]ops.Arg, len(in))
	for i, p := range in {
		if p.Node == nil {
			c.fail("input %d of %s is missing", i, name)
		}
		if c.isSequence(p) {
			c.fail("input %d of %s is a sequence", i, name)
		}
		args[i] = c.known[p]
	}
	n := &graph.Node{Op: name, Opset: "opset1", Name: c.node.label(), Attrs: attrs, In: in, Out: make([]graph.Output, outputs)}
	if v, ok := opsets[name]; ok {
		n.Opset = v
	}
	op, err := ops.Bind(n)
	c.check(err)
	out, err := ops.Known(op, args)
	if err != nil {
		c.fail("%s: %w", name, err)
	}
	if len(out) < outputs {
		c.fail("%s has %d outputs, expected %d", name, len(out), outputs)
	}
	c.g.Insert(n)
	n.Name = fmt.Sprintf("%s_%d", name, n.ID)
	for o, a := range out[:outputs] {
		n.Out[o] = graph.Output{Type: a.Type, Shape: a.Shape}
		ports[o] = graph.Port{Node: n, Out: o}
		c.known[ports[o]] = a
	}
	c.learn(n, op, args)
	return ports
}

// one is op as the only output of a translation.
func (c *call) one(name string, attrs graph.Attrs, in ...graph.Port) []graph.Port {
	return []graph.Port{c.op(name, attrs, in...)}
}

// kind is the element type of a value.
func (c *call) kind(p graph.Port) tensor.DType { return c.known[p].Type }

// shape is the shape of a value, nil when it is not known. Where only its rank is, that is an error, and every unknown dimension is 1.
func (c *call) shape(p graph.Port) []int {
	if dims := c.partial[p]; dims != nil && c.known[p].Shape == nil {
		c.fail("the shape of %q is only known while running (%v), and the translation depends on it", p.Node.Name, dims)
	}
	return c.known[p].Shape
}

// dim is the size of a value along an axis, which it must have.
func (c *call) dim(p graph.Port, axis int) int {
	shape := c.shape(p)
	if axis < 0 || axis >= len(shape) {
		c.fail("a shape of rank %d has no axis %d", len(shape), axis)
	}
	return shape[axis]
}

// space is the shape of a value behind batch and channels, which it must have.
func (c *call) space(p graph.Port) []int {
	shape := c.shape(p)
	if len(shape) < 2 {
		c.fail("a shape of rank %d has no channels", len(shape))
	}
	return shape[2:]
}

// rank is the rank of a value, which must be known.
func (c *call) rank(p graph.Port) int {
	shape := c.dims(p)
	switch {
	case p.Node == nil: // left out, or after an error
		c.fail("an input is missing")
	case shape == nil:
		c.fail("the shape of %q is not known, and the translation depends on it: give the shapes of the model's inputs (--shape)", p.Node.Name)
	}
	return len(shape)
}

// axis is an axis of p made non-negative.
func (c *call) axis(p graph.Port, axis int) int {
	rank := c.rank(p)
	if axis < -rank || axis > rank {
		c.fail("axis %d does not fit rank %d", axis, rank)
	}
	if axis < 0 {
		axis += rank
	}
	return axis
}

// ints are the values of an integer input that must be known before running; ok is false when they are not.
func (c *call) knownInts(p graph.Port) (values []int, ok bool) {
	a := c.known[p]
	if a.Value == nil {
		return nil, false
	}
	t, err := tensor.ConvertExact(a.Value, tensor.I64)
	if err != nil {
		return nil, false
	}
	for _, v := range tensor.Data[int64](t) {
		values = append(values, int(v))
	}
	return values, true
}

// i64s adds a constant vector.
func (c *call) i64s(values ...int) graph.Port { return c.raw(intsRaw(values, []int{len(values)})) }

// i64 adds a constant scalar.
func (c *call) i64(v int) graph.Port { return c.raw(intsRaw([]int{v}, []int{})) }

// scalar adds a constant scalar of a floating-point or integer type.
func (c *call) scalar(t tensor.DType, v float64) graph.Port {
	if t == tensor.F32 {
		return c.raw(floatsRaw([]float32{float32(v)}, []int{}))
	}
	wide := c.raw(&tensor.Raw{Type: tensor.F64, Shape: []int{}, Bytes: binary.LittleEndian.AppendUint64(nil, math.Float64bits(v))})
	if t == tensor.F64 {
		return wide
	}
	return c.convert(wide, t)
}

func (c *call) raw(r *tensor.Raw) graph.Port {
	p, err := c.constant("", r)
	if err != nil {
		c.fail("%w", err)
	}
	return p
}

// settled is a value of f32 as a constant where it is known.
func (c *call) settled(p graph.Port) graph.Port {
	v := c.known[p].Value
	if v == nil {
		return p
	}
	return c.raw(floatsRaw(v.F32s(), v.Shape))
}

// convert adds a Convert where p has another type.
func (c *call) convert(p graph.Port, t tensor.DType) graph.Port {
	if p.Node == nil || c.kind(p) == t {
		return p
	}
	return c.op("Convert", graph.Attrs{"destination_type": t.String()}, p)
}

// attr is the node's attribute, that of the function's call where it refers to one; nil when it is not given.
func (c *call) attr(name string) *attrProto {
	a := c.node.attrs[name]
	if a != nil && a.ref != "" {
		return c.attrs[a.ref]
	}
	return a
}

func (c *call) int(name string, otherwise int) int {
	if a := c.attr(name); a != nil {
		return int(a.i)
	}
	return otherwise
}

func (c *call) float(name string, otherwise float64) float64 {
	if a := c.attr(name); a != nil {
		return float64(a.f)
	}
	return otherwise
}

func (c *call) string(name, otherwise string) string {
	if a := c.attr(name); a != nil {
		return string(a.s)
	}
	return otherwise
}

// ints is a list of integers, nil when it is not given.
func (c *call) ints(name string) []int {
	a := c.attr(name)
	if a == nil {
		return nil
	}
	r := make([]int, len(a.ints))
	for i, v := range a.ints {
		r[i] = int(v)
	}
	return r
}

// list spells integers as an IR's data element does.
func list(values []int) string {
	s := make([]string, len(values))
	for i, v := range values {
		s[i] = strconv.Itoa(v)
	}
	return strings.Join(s, ",")
}

// number spells a float as an IR's data element does.
func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
