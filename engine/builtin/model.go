// Package builtin is the engine that needs no installation: it runs OpenVINO IR models in Go, in f32 and with any set of candidates
// enforced in bf16 or f16 as the CPU plugin would, by rounding exactly the operands and results that the plugin's executors round.
//
// It guarantees that the same model, inputs and set give the same bits for any number of threads and any memo budget, so its noise floor is
// zero and what one probe computed serves the next: a value is computed again only when something that determines it changed. It leaves
// out the plugin's kernels (their order of summation) and its time.
package builtin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"halfway/engine"
	"halfway/engine/graph"
	"halfway/engine/ir"
	"halfway/engine/ops"
	"halfway/engine/passes"
	"halfway/engine/tensor"
)

// Views returns the names of the views that Options.View may have.
func Views() []string { return passes.Views() }

// A Model is a model file that was read and whose operations are all supported. Its weights stay in the mapped file until Close.
type Model struct {
	graph *graph.Graph
	files []string // to hash: the model, then its weights
	close io.Closer
}

// Open reads the model at path, an OpenVINO IR (.xml with its .bin beside it). The error of a model with unsupported operations names all of
// them.
func Open(path string) (*Model, error) {
	if ext := strings.ToLower(filepath.Ext(path)); ext != ".xml" {
		if _, err := os.Stat(path); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("%s: cannot tell the model's format from the ending %q: want an OpenVINO IR, .xml with its .bin beside it", path, ext)
	}
	g, closer, err := ir.Read(path)
	if err != nil {
		return nil, err
	}
	m := &Model{graph: g, files: []string{path}, close: closer}
	if bin := strings.TrimSuffix(path, filepath.Ext(path)) + ".bin"; exists(bin) {
		m.files = append(m.files, bin)
	}
	if err := tensor.Guard(func() error { return unsupported(g) }); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
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

// Close unmaps the weights. No engine of the model may run after it.
func (m *Model) Close() error {
	if m.close == nil {
		return nil
	}
	return m.close.Close()
}

// SHA256 is the hash, in hexadecimal, of the model's files one after the other. It takes a pass over the weights.
func (m *Model) SHA256(ctx context.Context) (string, error) {
	h := sha256.New()
	for _, f := range m.files {
		if err := hashFile(ctx, h, f); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func hashFile(ctx context.Context, w io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := io.CopyN(w, f, 16<<20); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("hashing %s: %w", path, err)
		}
	}
}

// Inputs describes the model's inputs in its order, with the shapes that the file declares.
func (m *Model) Inputs() []engine.Input {
	readers := m.graph.Consumers()
	r := make([]engine.Input, len(m.graph.Params))
	for i, p := range m.graph.Params {
		out := p.Out[0]
		r[i] = engine.Input{
			Name:  m.graph.InputName(i),
			Names: append(slices.Clone(out.Names), p.Name),
			Type:  out.Type,
			Shape: out.Shape,
			Mask:  strings.Contains(strings.ToLower(m.graph.InputName(i)), "mask"),
		}
		if out.Type.IsInteger() {
			r[i].Bound = indexBound(p, readers)
		}
	}
	return r
}

// indexBound is the size of the axis that p's values index in a Gather, directly or through a Convert; 0 when there is none.
func indexBound(p *graph.Node, readers [][]*graph.Node) int64 {
	var bound int64
	for _, r := range readers[p.ID] {
		b := int64(0)
		switch {
		case r.Op == "Convert":
			b = indexBound(r, readers)
		case r.Op == "Gather" && r.In[1].Node == p:
			b = gatherAxisSize(r)
		}
		if b > 0 && (bound == 0 || b < bound) {
			bound = b
		}
	}
	return bound
}

func gatherAxisSize(n *graph.Node) int64 {
	shape := n.In[0].Node.Out[n.In[0].Out].Shape
	axis := 0
	if len(n.In) > 2 && n.In[2].Node.Op == "Constant" {
		if t, err := n.In[2].Node.Value.Decode(); err == nil && t.Len() == 1 {
			axis = scalarInt(t)
		}
	}
	if axis < 0 {
		axis += len(shape)
	}
	if axis < 0 || axis >= len(shape) {
		return 0
	}
	return int64(max(shape[axis], 0))
}

func scalarInt(t *tensor.Tensor) int {
	switch d := t.Any().(type) {
	case []int64:
		return int(d[0])
	case []int32:
		return int(d[0])
	}
	return 0
}
