// Package builtin is the engine that needs no installation: it runs OpenVINO IR models in Go, in f32 and with any set of candidates
// enforced in bf16 or f16 as the CPU plugin would, by rounding exactly the operands and results that the plugin's executors round.
//
// It guarantees that the same model, inputs and set give the same bits for any number of threads and any memo budget, so its noise floor is
// zero and what one probe computed serves the next: a value is computed again only when something that determines it changed. It leaves
// out the plugin's kernels (their order of summation) and its time.
//
// Limits, beyond which a model is refused with an error that names the node: the values that are needed at the same time fit into the memory of
// the machine (bound.go), and a loop has at most 2^18 iterations.
package builtin

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"halfway/engine"
	"halfway/engine/graph"
	"halfway/engine/ir"
	"halfway/engine/onnx"
	"halfway/engine/ops"
	"halfway/engine/passes"
	"halfway/engine/tensor"
)

// DefaultView is what Options.View stands for when it is "".
const DefaultView = "plugin"

// Views returns the names of the views that Options.View may have.
func Views() []string { return passes.Views() }

// A Model is a model file that was read and whose operations are all supported. Its weights stay in the mapped file until Close.
type Model struct {
	source
	files []string // to hash: the model, then its weights
}

// A source is a model in one of the formats that are read.
type source interface {
	// Graph returns the model for the given input shapes, by any of an input's names, in place of what the file declares.
	Graph(shapes map[string][]int) (*graph.Graph, error)
	// Inputs describes the model's inputs in its order, with the shapes that the file declares.
	Inputs() []engine.Input
	Close() error
}

// Open reads the model at path: an OpenVINO IR (.xml with its .bin beside it) or an ONNX model. The error of a model with unsupported
// operations names all of them.
func Open(path string) (*Model, error) {
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".xml":
		return openIR(path)
	case ".onnx":
		return openONNX(path)
	default:
		if _, err := os.Stat(path); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("%s: cannot tell the model's format from the ending %q: want an OpenVINO IR (.xml with its .bin beside it) or .onnx",
			path, ext)
	}
}

func openIR(path string) (*Model, error) {
	g, closer, err := ir.Read(path)
	if err != nil {
		return nil, err
	}
	m := &Model{source: irModel{g, closer}, files: []string{path}}
	if bin := strings.TrimSuffix(path, filepath.Ext(path)) + ".bin"; exists(bin) {
		m.files = append(m.files, bin)
	}
	if err := tensor.Guard(func() error { return unsupported(g) }); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

// irModel is a graph that does not depend on input shapes.
type irModel struct {
	graph *graph.Graph
	io.Closer
}

func (m irModel) Graph(map[string][]int) (*graph.Graph, error) { return m.graph, nil }

func openONNX(path string) (*Model, error) {
	o, err := onnx.Open(path)
	if err != nil {
		return nil, err
	}
	return &Model{source: onnxModel{o}, files: o.Files()}, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// unsupported binds every operation of g to learn which cannot run.
func unsupported(g *graph.Graph) error {
	var lines []string
	nodes := 0
	var visit func(g *graph.Graph)
	visit = func(g *graph.Graph) {
		nodes += len(g.Nodes)
		for _, n := range g.Nodes {
			for _, b := range n.Bodies {
				visit(b.Graph)
			}
			if intrinsic(n) {
				continue
			}
			if _, err := ops.Bind(n); err != nil {
				lines = append(lines, err.Error())
			}
		}
	}
	visit(g)
	if lines == nil {
		return nil
	}
	const most = 20
	failed := len(lines)
	if more := len(lines) - most; more > 0 {
		lines = append(lines[:most], fmt.Sprintf("and %d more", more))
	}
	return fmt.Errorf("%s: %d of %d nodes cannot run in the built-in engine:\n  %s", g.File, failed, nodes, strings.Join(lines, "\n  "))
}

// intrinsic reports whether the engine itself provides the value of n.
func intrinsic(n *graph.Node) bool {
	switch n.Op {
	case "Parameter", "Constant", "Result", "ReadValue", "Assign", "If", "Loop", "TensorIterator":
		return true
	}
	return false
}

// Files are the files that the model consists of, its own first.
func (m *Model) Files() []string { return m.files }
