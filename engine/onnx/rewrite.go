package onnx

import (
	"fmt"
	"path/filepath"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"halfway/engine/tensor"
)

// A read is an input of a node of a graph: the node's place in the file, and the input's among the node's.
type read struct{ node, input int }

// An Edit says where the values of the model are rounded to the grid of Type. A model and its edited form have the same inputs and outputs.
type Edit struct {
	Type   tensor.DType // BF16 or F16
	places Places
	holds  func(condition []int) bool
}

// castCodes are the codes of TensorProto.DataType that pairs of Casts go through.
var castCodes = map[tensor.DType]int64{tensor.BF16: 16, tensor.F16: 10}

const (
	f32Code = 1
	i64Code = 7
	f64Code = 11
)

// referenced is the number of bytes from which on a tensor is not copied.
const referenced = 1024

// CanRound says why values of the model cannot be rounded to t; nil where they can.
func (m *Model) CanRound(t tensor.DType) error {
	if castCodes[t] == 0 {
		return fmt.Errorf("values cannot be rounded to %s: bf16 and f16 can", t)
	}
	for _, p := range m.proto.graph.initializers {
		if kind := elementTypes[p.dtype]; kind == tensor.F16 || kind == tensor.BF16 {
			return fmt.Errorf("the initializer %q is %s: only a model in f32 has an f32 reference", p.name, kind)
		}
	}
	return nil
}

// Rewrite returns the model with the edit. Tensors of 1 KiB and more stay in the model's own files, as external data whose location is relative to
// the model's folder; so the result is small, whatever the model's size, but for constants that the edit writes anew.
func (m *Model) Rewrite(e Edit) (b []byte, err error) {
	w := &rewriter{Model: m, Edit: e, taken: map[string]bool{}}
	w.names(m.proto.graph)
	err = tensor.Guard(func() error {
		b, err = rewriteFields(m.mapping.Bytes(), func(out []byte, f field) ([]byte, error) {
			if f.number != 7 {
				return appendField(out, f), nil
			}
			g, err := w.inGraph(m.proto.graph).write(f.bytes)
			return appendMessage(out, 7, g), err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("rewrite model %s: %w", m.path, err)
	}
	return b, nil
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

// A rewriter writes an edited model.
type rewriter struct {
	*Model
	Edit
	taken map[string]bool // names of values, in all graphs
}

// names takes those of all values of g, and of the graphs in it.
func (w *rewriter) names(g *graphProto) {
	for _, n := range g.nodes {
		for _, list := range [][]string{n.inputs, n.outputs} {
			for _, name := range list {
				w.taken[name] = true
			}
		}
		for _, a := range n.attrs {
			if a.g != nil {
				w.names(a.g)
			}
		}
	}
}

// fresh is a name that no value has, like the given one.
func (w *rewriter) fresh(name string) string {
	for w.taken[name] {
		name += "_"
	}
	w.taken[name] = true
	return name
}

// inGraph writes the graph g of the file.
func (w *rewriter) inGraph(g *graphProto) *graphRewriter {
	r := &graphRewriter{rewriter: w, graph: g, placed: w.places.graphs[g], rounded: map[string]string{}, labels: map[string]bool{}, made: map[any]string{}}
	if r.placed == nil {
		r.placed = &placed{}
	}
	return r
}

// A graphRewriter writes one graph.
type graphRewriter struct {
	*rewriter
	*placed
	graph   *graphProto
	node    int               // place of the node that is next
	rounded map[string]string // the rounded forms of values that are there already
	labels  map[string]bool   // names of nodes
	made    map[any]string    // values of nodes of cells, and of constants
	extra   []byte            // initializers
	own     map[string]bool   // names of values, once they are asked for
}

func (w *graphRewriter) write(b []byte) ([]byte, error) {
	out, err := rewriteFields(b, func(out []byte, f field) ([]byte, error) {
		switch f.number {
		case 1:
			w.node++
			return w.edited(out, f.bytes, w.node-1)
		case 5:
			t, err := w.tensor(f.bytes)
			return appendMessage(out, 5, t), err
		}
		return appendField(out, f), nil
	})
	return append(out, w.extra...), err
}

// edited appends the i-th node of the file, the cells that come before it, and what rounds its values.
func (w *graphRewriter) edited(out, message []byte, i int) ([]byte, error) {
	for _, c := range w.cells {
		if c.at == i {
			out, _ = w.cell(out, c) // placed because it could be written
		}
	}
	n := w.graph.nodes[i]
	in, made := -1, -1
	var behind []byte
	before := out
	node, err := rewriteFields(message, func(b []byte, f field) ([]byte, error) {
		switch f.number {
		case 1:
			if in++; w.anyHolds(w.reads[read{i, in}]) && !w.holds(w.values[n.inputs[in]]) {
				name := ""
				before, name = w.round(before, n.inputs[in])
				return appendMessage(b, 1, []byte(name)), nil
			}
		case 2:
			made++
			switch value := n.outputs[made]; {
			case w.replaced[value]:
				return appendMessage(b, 2, []byte(w.fresh(value+"/file"))), nil
			case w.holds(w.values[value]):
				name := w.fresh(value + "/f32")
				behind = w.pair(behind, name, value)
				return appendMessage(b, 2, []byte(name)), nil
			}
		case 3:
			if w.labels[n.name] { // which ONNX Runtime refuses
				return b, nil
			}
			w.labels[n.name] = true
		case 5:
			a, err := w.attribute(f.bytes)
			return appendMessage(b, 5, a), err
		}
		return appendField(b, f), nil
	})
	return append(appendMessage(before, 1, node), behind...), err
}

func (w *graphRewriter) anyHolds(conditions [][]int) bool {
	for _, c := range conditions {
		if w.holds(c) {
			return true
		}
	}
	return false
}

// attribute is an attribute with the graph in it edited.
func (w *graphRewriter) attribute(b []byte) ([]byte, error) {
	var inner *graphProto
	for _, a := range w.graph.nodes[w.node-1].attrs {
		if a.g != nil && a.name == attributeName(b) {
			inner = a.g
		}
	}
	if inner == nil {
		return b, nil
	}
	return rewriteFields(b, func(out []byte, f field) ([]byte, error) {
		if f.number != 6 {
			return appendField(out, f), nil
		}
		g, err := w.inGraph(inner).write(f.bytes)
		return appendMessage(out, 6, g), err
	})
}

func attributeName(b []byte) (name string) {
	_ = eachField(b, func(f field) error { // it was read before
		if f.number == 1 {
			name = string(f.bytes)
		}
		return nil
	})
	return name
}

// round appends what rounds a value that is itself not rounded, if it is not there yet, and returns the name of the rounded form.
func (w *graphRewriter) round(out []byte, value string) ([]byte, string) {
	name, ok := w.rounded[value]
	if !ok {
		name = w.fresh(value + "/" + w.Type.String())
		w.rounded[value] = name
		out = w.pair(out, value, name)
	}
	return out, name
}

// tensor is an initializer with large raw data left in the file.
func (w *graphRewriter) tensor(b []byte) ([]byte, error) {
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
