// Package onnx reads ONNX models (opset 7 and newer) and translates them into graphs of OpenVINO operations, as OpenVINO's own ONNX frontend
// does and with the friendly names that it gives, so that what is found in one is found in the other.
//
// Open reads the file's structure; constants stay in the mapped file, or in the mapped files of external data, which must lie inside the
// model's folder. Model.Graph translates for given input shapes: a graph is specific to them, since many operators translate differently by
// rank and shape. It guarantees that what it returns is well-formed (engine/graph) and that every output has a type.
//
// What OpenVINO folds at once whatever the device, so that no plugin sees it, is folded while translating: Identity, a
// Gemm's alpha and beta of 1, the choice of an If whose condition is known. Operators that OpenVINO lacks are operations of
// our own in engine/ops (onnx_*.go), which the plugin would run as Reference.
//
// An operator is one function in the file of its family, registered under its name; what is left out is an error that names every operator
// that is missing. The format follows onnx.proto and the operators' specifications of github.com/onnx/onnx.
package onnx

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// A Model is an ONNX file that was read. Its methods must not be called after Close.
type Model struct {
	path     string
	proto    *modelProto
	mapping  *tensor.Mapping
	external *externalFiles
}

// An Input is a model input as the file declares it.
type Input struct {
	Name  string
	Type  tensor.DType
	Shape []int // -1 where dynamic; nil for any rank
	Bound int64 // exclusive bound of integer values that index a table; 0 when not known
}

// Open reads the model at path. The error of a model with operators that are not supported names all of them.
func Open(path string) (*Model, error) {
	mapping, err := tensor.OpenMapping(path)
	if err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	m := &Model{path: path, mapping: mapping, external: newExternalFiles(filepath.Dir(path))}
	err = tensor.Guard(func() error {
		if m.proto, err = parseModel(mapping.Bytes()); err != nil {
			return err
		}
		return m.check()
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read model %s: %w", path, err), m.Close())
	}
	return m, nil
}

// Close unmaps the files.
func (m *Model) Close() error { return errors.Join(m.mapping.Close(), m.external.Close()) }

// Files are the files that the model consists of: its own first, then those of external data, sorted.
func (m *Model) Files() []string { return append([]string{m.path}, m.external.list(m.proto)...) }

// Inputs are the model's inputs in its order, without initializers.
func (m *Model) Inputs() []Input {
	var r []Input
	for _, v := range m.proto.graph.freeInputs() {
		t, _ := dtypeOf(v.elemType) // check has looked at it
		in := Input{Name: v.name, Type: t, Shape: v.shape}
		if t.IsInteger() {
			in.Bound = m.proto.graph.indexBound(v.name)
		}
		r = append(r, in)
	}
	return r
}

// indexBound is the size of the smallest axis of an initializer that the value called name indexes in a Gather, directly or through a Cast.
func (g *graphProto) indexBound(name string) int64 {
	sizes := map[string][]int{}
	for _, t := range g.initializers {
		sizes[t.name] = t.dims
	}
	indices, bound := map[string]bool{name: true}, int64(0)
	for _, n := range g.nodes {
		switch {
		case (n.op == "Cast" || n.op == "Identity") && len(n.inputs) > 0 && len(n.outputs) > 0 && indices[n.inputs[0]]:
			indices[n.outputs[0]] = true
		case n.op == "Gather" && len(n.inputs) == 2 && indices[n.inputs[1]]:
			axis, table := 0, sizes[n.inputs[0]]
			if a := n.attrs["axis"]; a != nil {
				axis = int(a.i)
			}
			if axis < 0 {
				axis += len(table)
			}
			if axis >= 0 && axis < len(table) && (bound == 0 || int64(table[axis]) < bound) {
				bound = int64(table[axis])
			}
		}
	}
	return bound
}

// check finds what cannot be translated, all of it at once.
func (m *Model) check() error {
	if m.proto.graph == nil {
		return errors.New("it holds no graph: is it an ONNX model, and whole?")
	}
	if len(m.proto.graph.outputs) == 0 {
		return errors.New("the model has no output")
	}
	for _, v := range m.proto.graph.freeInputs() {
		if _, err := dtypeOf(v.elemType); err != nil {
			return fmt.Errorf("input %q: %w", v.name, err)
		}
	}
	var missing []string
	count := 0
	seen := map[string]int{}
	m.proto.eachNode(func(n *nodeProto) {
		if m.proto.function(n) != nil || operators[n.key()] != nil {
			return
		}
		count++
		if seen[n.key()]++; seen[n.key()] == 1 {
			missing = append(missing, fmt.Sprintf("%s (opset %d), for example node %q", n.key(), m.proto.opset(n.domain), n.label()))
		}
	})
	if missing == nil {
		return nil
	}
	slices.Sort(missing)
	return fmt.Errorf("%d nodes have operators that are not supported:\n  %s", count, strings.Join(missing, "\n  "))
}

// Graph translates the model. shapes, by input name, replace what the file declares; an input without a static shape has an unknown one,
// which operators that depend on it refuse.
func (m *Model) Graph(shapes map[string][]int) (g *graph.Graph, err error) {
	err = tensor.Guard(func() error {
		g, err = m.translate(shapes)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read model %s: %w", m.path, err)
	}
	return g, nil
}
