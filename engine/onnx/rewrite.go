package onnx

import (
	"fmt"
	"path/filepath"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"halfway/engine/tensor"
)

// A Read is an input of a node of the main graph: the node's place in the file, and the input's among the node's.
type Read struct{ Node, Input int }

// An Edit says where the values of the main graph are rounded to the grid of Type, each by a pair of Casts. A graph and its edited form have the
// same inputs and outputs.
type Edit struct {
	Type   tensor.DType    // BF16, which takes opset 13, or F16
	Values map[string]bool // values that are rounded where they are made, so for all readers
	Reads  map[Read]bool   // values that are rounded for one reader
}

// castCodes are the codes of TensorProto.DataType that pairs of Casts go through.
var castCodes = map[tensor.DType]int64{tensor.BF16: 16, tensor.F16: 10}

const (
	f32Code   = 1
	bf16Opset = 13 // of Cast to bfloat16
)

// referenced is the number of bytes from which on a tensor is not copied.
const referenced = 1024

// CanRound says why no pairs of Casts to t can be put into the model; nil where they can.
func (m *Model) CanRound(t tensor.DType) error {
	if castCodes[t] == 0 {
		return fmt.Errorf("values cannot be rounded to %s: bf16 and f16 can", t)
	}
	if v := m.proto.opset(""); t == tensor.BF16 && v < bf16Opset {
		return fmt.Errorf("the model has opset %d, but bfloat16 is known to Cast from opset %d on; convert the model: python -c \"import onnx, "+
			"onnx.version_converter as v; onnx.save(v.convert_version(onnx.load('%s'), %d), 'opset%d.onnx')\"", v, bf16Opset, filepath.Base(m.path),
			bf16Opset, bf16Opset)
	}
	for _, p := range m.proto.graph.initializers {
		if kind := elementTypes[p.dtype]; kind == tensor.F16 || kind == tensor.BF16 {
			return fmt.Errorf("the initializer %q is %s: only a model in f32 has an f32 reference", p.name, kind)
		}
	}
	return nil
}

// Rewrite returns the model with the edit. Tensors of 1 KiB and more stay in the model's own files, as external data whose location is relative to
// the model's folder; so the result is small, whatever the model's size.
func (m *Model) Rewrite(e Edit) (b []byte, err error) {
	w := &rewriter{Model: m, Edit: e, made: map[string]bool{}, taken: m.proto.graph.names()}
	err = tensor.Guard(func() error {
		b, err = rewriteFields(m.mapping.Bytes(), func(out []byte, f field) ([]byte, error) {
			if f.number != 7 {
				return appendField(out, f), nil
			}
			g, err := w.graph(f.bytes)
			return appendMessage(out, 7, g), err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("rewrite model %s: %w", m.path, err)
	}
	return b, nil
}

// names are those of all values that the nodes of g make or read.
func (g *graphProto) names() map[string]bool {
	names := map[string]bool{}
	for _, n := range g.nodes {
		for _, list := range [][]string{n.inputs, n.outputs} {
			for _, name := range list {
				names[name] = true
			}
		}
	}
	return names
}

// rewriteFields is the message b with each field as write appends it.
func rewriteFields(b []byte, write func(out []byte, f field) ([]byte, error)) (out []byte, err error) {
	err = eachField(b, func(f field) (err error) {
		out, err = write(out, f)
		return err
	})
	return out, err
}

func appendField(b []byte, f field) []byte {
	b = protowire.AppendTag(b, f.number, f.kind)
	switch f.kind {
	case protowire.VarintType:
		return protowire.AppendVarint(b, f.value)
	case protowire.Fixed32Type:
		return protowire.AppendFixed32(b, uint32(f.value))
	case protowire.Fixed64Type:
		return protowire.AppendFixed64(b, f.value)
	}
	return protowire.AppendBytes(b, f.bytes)
}

func appendMessage(b []byte, number protowire.Number, message []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, number, protowire.BytesType), message)
}

func appendInt(b []byte, number protowire.Number, v int64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, number, protowire.VarintType), uint64(v))
}

// A rewriter writes an edited main graph.
type rewriter struct {
	*Model
	Edit
	node  int             // place of the node that is next
	made  map[string]bool // values whose rounded form is there already
	taken map[string]bool // names
}

func (w *rewriter) graph(b []byte) ([]byte, error) {
	return rewriteFields(b, func(out []byte, f field) ([]byte, error) {
		switch f.number {
		case 1:
			w.node++
			return w.edited(out, f.bytes, w.proto.graph.nodes[w.node-1], w.node-1)
		case 5:
			t, err := w.tensor(f.bytes)
			return appendMessage(out, 5, t), err
		}
		return appendField(out, f), nil
	})
}

// edited appends node n, the i-th of the file, and the Casts before and behind it.
func (w *rewriter) edited(out, message []byte, n *nodeProto, i int) ([]byte, error) {
	in, made := -1, -1
	var behind []byte
	before := out
	node, err := rewriteFields(message, func(b []byte, f field) ([]byte, error) {
		switch f.number {
		case 1:
			if in++; w.Reads[Read{i, in}] && !w.Values[n.inputs[in]] {
				name := w.rounded(n.inputs[in])
				if !w.made[name] {
					w.made[name] = true
					before = w.pair(before, n.inputs[in], name)
				}
				return appendMessage(b, 1, []byte(name)), nil
			}
		case 2:
			if made++; w.Values[n.outputs[made]] {
				name := w.fresh(n.outputs[made] + "/f32")
				behind = w.pair(behind, name, n.outputs[made])
				return appendMessage(b, 2, []byte(name)), nil
			}
		}
		return appendField(b, f), nil
	})
	return append(appendMessage(before, 1, node), behind...), err
}

// rounded is the name of the rounded form of a value that is itself not rounded.
func (w *rewriter) rounded(value string) string { return w.fresh(value + "/" + w.Type.String()) }

// fresh is name, made longer until no value of the file has it.
func (w *rewriter) fresh(name string) string {
	for w.taken[name] {
		name += "_"
	}
	return name
}

// pair appends the two Casts that round from into to.
func (w *rewriter) pair(out []byte, from, to string) []byte {
	half := w.fresh(to + "/half")
	return castNode(castNode(out, from, half, castCodes[w.Type]), half, to, f32Code)
}

// castNode appends a Cast without a name: names of nodes may be those of values, and must not repeat.
func castNode(out []byte, from, to string, code int64) []byte {
	attr := appendMessage(nil, 1, []byte("to"))
	attr = appendInt(appendInt(attr, 3, code), 20, 2) // i, and its type INT
	n := appendMessage(appendMessage(nil, 1, []byte(from)), 2, []byte(to))
	return appendMessage(out, 1, appendMessage(appendMessage(n, 4, []byte("Cast")), 5, attr))
}

// tensor is an initializer with large raw data left in the file.
func (w *rewriter) tensor(b []byte) ([]byte, error) {
	return rewriteFields(b, func(out []byte, f field) ([]byte, error) {
		if f.number != 9 || len(f.bytes) < referenced {
			return appendField(out, f), nil
		}
		offset := cap(w.mapping.Bytes()) - cap(f.bytes) // a field is a slice of the mapping, with what follows behind it
		for _, entry := range [][2]string{{"location", filepath.Base(w.path)}, {"offset", strconv.Itoa(offset)}, {"length", strconv.Itoa(len(f.bytes))}} {
			out = appendMessage(out, 13, appendMessage(appendMessage(nil, 1, []byte(entry[0])), 2, []byte(entry[1])))
		}
		return appendInt(out, 14, 1), nil // data_location EXTERNAL
	})
}
