package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/x448/float16"

	"halfway/engine/tensor"
)

// f16Code is the code of TensorProto.DataType of f16.
const f16Code = 10

// f32Only are the operators that stay in f32: what does not take f16 by its definition or has no kernel for it, what makes a type of its own, and what
// holds graphs. Source: the operators' definitions, and the block list of onnxconverter-common's float16.
var f32Only = map[string]bool{"Cast": true, "CastLike": true, "Constant": true, "ConstantOfShape": true, "EyeLike": true, "RandomNormal": true,
	"RandomNormalLike": true, "RandomUniform": true, "RandomUniformLike": true, "Multinomial": true, "Bernoulli": true, "If": true, "Loop": true, "Scan": true,
	"SequenceMap": true, "NonMaxSuppression": true, "TopK": true, "RoiAlign": true, "Resize": true, "Upsample": true, "Range": true, "CumSum": true, "Min": true,
	"Max": true, "QuantizeLinear": true, "DequantizeLinear": true, "DynamicQuantizeLinear": true, "DFT": true, "STFT": true, "MelWeightMatrix": true,
	"HannWindow": true, "HammingWindow": true, "BlackmanWindow": true, "StringNormalizer": true, "TfIdfVectorizer": true}

// Half returns the model with the nodes that reduced tells, by what they are called in OpenVINO, in f16 and the others as they are, with Casts between
// them. Inputs and outputs keep their types. Types are the element types of the model's values by name, as far as they are known: a node of which one
// is not known stays in f32. Constants that only nodes in f16 read are stored in f16, rounded to nearest even. It also returns how many nodes are in
// f16.
func (m *Model) Half(reduced func(name string) bool, types map[string]tensor.DType) (b []byte, nodes int, err error) {
	w := &halver{rewriter: &rewriter{Model: m, taken: map[string]bool{}}, graph: m.proto.graph, types: types, half: map[string]string{},
		constants: map[string]*tensorProto{}}
	w.names(w.graph)
	err = tensor.Guard(func() error {
		if err := w.choose(reduced); err != nil {
			return err
		}
		b, err = rewriteFields(m.mapping.Bytes(), func(out []byte, f field) ([]byte, error) {
			if f.number != 7 {
				return appendField(out, f), nil
			}
			g, err := w.write(f.bytes)
			return appendMessage(out, 7, g), err
		})
		return err
	})
	if err == nil && len(b) > math.MaxInt32 {
		err = fmt.Errorf("it would have %d bytes, and a model in one file has at most 2 GiB", len(b))
	}
	if err != nil {
		return nil, 0, fmt.Errorf("f16 in model %s: %w", m.path, err)
	}
	return b, w.count, nil
}

// A halver writes a model with nodes in f16.
type halver struct {
	*rewriter
	graph     *graphProto
	types     map[string]tensor.DType
	constants map[string]*tensorProto // f32 initializers
	in        []bool                  // by node: whether it is in f16
	whole     map[string]bool         // values that something reads in f32
	half      map[string]string       // names of the f16 forms of values that are there already
	node      int
	count     int
	extra     []byte // initializers
}

// choose finds the nodes in f16, and the values that are read in f32.
func (w *halver) choose(reduced func(name string) bool) error {
	for _, t := range w.graph.initializers {
		w.types[t.name], _ = dtypeOf(t.dtype) // check has looked at it
		if t.dtype == f32Code {
			w.constants[t.name] = t
		}
	}
	w.whole = map[string]bool{}
	for _, v := range w.graph.outputs {
		w.whole[v.name] = true
	}
	for _, n := range w.graph.nodes {
		yes := n.domain == "" && !f32Only[n.op] && w.function(n) && w.floats(n) && w.called(n, reduced)
		w.in = append(w.in, yes)
		if yes {
			w.count++
			continue
		}
		for _, name := range n.inputs {
			w.whole[name] = true
		}
		for _, a := range n.attrs {
			if a.g != nil {
				w.captured(a.g)
			}
		}
	}
	return nil
}

// function reports whether the model does not define n's operator itself.
func (w *halver) function(n *nodeProto) bool { return w.proto.function(n) == nil }

// floats reports whether all types of n are known, and one of its results is f32.
func (w *halver) floats(n *nodeProto) bool {
	for _, name := range slices.Concat(n.inputs, n.outputs) {
		if name != "" && w.types[name] == tensor.Invalid {
			return false
		}
	}
	return slices.ContainsFunc(n.outputs, func(name string) bool { return w.types[name] == tensor.F32 })
}

// called reports whether n is one of the nodes that reduced tells.
func (w *halver) called(n *nodeProto, reduced func(name string) bool) bool {
	names := n.outputs
	if n.name != "" {
		names = append([]string{n.name}, names...)
	}
	return slices.ContainsFunc(names, reduced)
}

// captured marks what the nodes of a body read.
func (w *halver) captured(g *graphProto) {
	for _, v := range g.outputs {
		w.whole[v.name] = true
	}
	for _, n := range g.nodes {
		for _, name := range n.inputs {
			w.whole[name] = true
		}
		for _, a := range n.attrs {
			if a.g != nil {
				w.captured(a.g)
			}
		}
	}
}

func (w *halver) write(b []byte) ([]byte, error) {
	out, err := rewriteFields(b, func(out []byte, f field) ([]byte, error) {
		switch f.number {
		case 1:
			w.node++
			return w.edited(out, f.bytes, w.node-1)
		case 5:
			t, err := (&parser{}).parseTensor(f.bytes)
			switch {
			case err != nil:
				return out, err
			case w.gone(t.name):
				return out, nil
			case t.external != nil: // which lies beside the model's file
				raw, err := w.raw(t)
				if err != nil {
					return out, err
				}
				return appendTensor(out, t.name, t.dtype, t.dims, raw.Bytes), nil
			}
			return appendField(out, f), nil
		case 11: // old files list constants among the inputs
			if v, err := (&parser{}).parseValue(f.bytes); err != nil || w.gone(v.name) {
				return out, err
			}
		}
		return appendField(out, f), nil
	})
	return append(out, w.extra...), err
}

// gone reports whether a constant is written in f16 alone, if it is read at all.
func (w *halver) gone(name string) bool { return w.constants[name] != nil && !w.whole[name] }

// edited appends the i-th node of the file, in f16 with the Casts around it, or as it is.
func (w *halver) edited(out, message []byte, i int) ([]byte, error) {
	if !w.in[i] {
		return appendMessage(out, 1, message), nil
	}
	n := w.graph.nodes[i]
	in, made := -1, -1
	var behind []byte
	node, err := rewriteFields(message, func(b []byte, f field) ([]byte, error) {
		switch f.number {
		case 1:
			if in++; w.types[n.inputs[in]] == tensor.F32 {
				name, err := "", error(nil)
				out, name, err = w.reduced(out, n.inputs[in])
				return appendMessage(b, 1, []byte(name)), err
			}
		case 2:
			if made++; w.types[n.outputs[made]] == tensor.F32 {
				name := w.fresh(n.outputs[made] + "/f16")
				w.half[n.outputs[made]] = name
				behind = castNode(behind, name, n.outputs[made], f32Code)
				return appendMessage(b, 2, []byte(name)), nil
			}
		}
		return appendField(b, f), nil
	})
	return append(appendMessage(out, 1, node), behind...), err
}

// reduced appends what makes the f16 form of an f32 value, if it is not there yet, and returns its name.
func (w *halver) reduced(out []byte, value string) ([]byte, string, error) {
	if name, ok := w.half[value]; ok {
		return out, name, nil
	}
	name := w.fresh(value + "/f16")
	w.half[value] = name
	t := w.constants[value]
	if t == nil {
		return castNode(out, value, name, f16Code), name, nil
	}
	raw, err := w.raw(t)
	if err != nil {
		return out, name, err
	}
	values, err := raw.Decode()
	if err != nil {
		return out, name, err
	}
	elements := make([]byte, 0, 2*values.Len())
	for _, v := range values.F32s() {
		elements = binary.LittleEndian.AppendUint16(elements, float16.Fromfloat32(v).Bits())
	}
	w.extra = appendTensor(w.extra, name, f16Code, t.dims, elements)
	return out, name, nil
}

// NodeName is what a node of OpenVINO's graph is called in the file, without what its reader adds for a part of it.
func NodeName(name string) string { return strings.TrimSuffix(name, "/WithoutBiases") }

// Nodes is the number of nodes of the main graph.
func (m *Model) Nodes() int { return len(m.proto.graph.nodes) }
