package openvino

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"halfway/engine"
	"halfway/engine/ir/keep"
	"halfway/engine/python"
	"halfway/engine/tensor"
)

// The forms of a repaired model.
const (
	Marks   = "marks"   // the user's own IR, in which the layers to keep are marked
	Lowered = "lowered" // the plugin's own graph in public operations, of which the nodes to keep are marked
)

// Forms are the forms that the model may take, the one that is more likely to hold first where both cost the same.
func (e *Engine) Forms() []string {
	if isIR(e.model.path) {
		return []string{Marks, Lowered}
	}
	return []string{Lowered, Marks}
}

func isIR(path string) bool { return filepath.Ext(path) == ".xml" }

// Write writes the model with the candidates outside of enforced kept in f32 to path, which ends in .xml, and its constants beside it (.bin).
func (e *Engine) Write(ctx context.Context, form string, enforced engine.Set, path string) (err error) {
	kept := outside(enforced, len(e.units.candidates))
	if form == Marks {
		err = e.marked(ctx, kept, path)
	} else {
		err = e.lowered(ctx, kept, path)
	}
	if err != nil {
		return fmt.Errorf("%s in the form %q: %w", e.model.path, form, err)
	}
	return nil
}

// Ship readies a file to be run as any program does, by the OpenVINO of e, with the outputs of its model; "" is the model's own. Properties are those
// that the program gives beside the hint.
func (e *Engine) Ship(ctx context.Context, path, hint string, properties map[string]string) (*Plain, error) {
	if path == "" {
		path = e.model.path
	}
	m, err := Open(ctx, e.model.python, path)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	p, err := m.Plain(hint, Options{Threads: e.options.Threads}, e.Outputs())
	if err == nil {
		p.properties = properties
	}
	return p, err
}

// A Marker marks layers in an IR whose nodes another engine has told. It needs no OpenVINO.
type Marker struct {
	Path  string
	Nodes []engine.Candidate
}

// Candidates returns the nodes.
func (m *Marker) Candidates(context.Context) ([]engine.Candidate, error) { return m.Nodes, nil }

// Forms is the one form that needs no graph of the plugin's.
func (m *Marker) Forms() []string { return []string{Marks} }

// Write does as Engine.Write.
func (m *Marker) Write(_ context.Context, _ string, enforced engine.Set, path string) error {
	if !isIR(m.Path) {
		return fmt.Errorf("%s is no IR: only an OpenVINO can make one of it", m.Path)
	}
	names := map[string]bool{}
	for _, c := range m.Nodes {
		names[c.Name] = true
	}
	return writeMarks(m.Path, path, m.Nodes, outside(enforced, len(m.Nodes)), func(name string) bool { return names[name] })
}

// outside are the positions of n candidates that are not in set.
func outside(set engine.Set, n int) []int {
	kept := []int{}
	for p := range n {
		if !set.Has(p) {
			kept = append(kept, p)
		}
	}
	return kept
}

// write writes the model to path, which ends in .xml, and what constants writes, with the model's new ones behind it, beside it.
func write(m *keep.Model, path string, constants func(io.Writer) error) error {
	base, ok := strings.CutSuffix(path, ".xml")
	if !ok {
		return fmt.Errorf("%s: the name of a repaired model ends in .xml", path)
	}
	err := tensor.WriteWhole(base+".bin", func(w io.Writer) error {
		if err := constants(w); err != nil {
			return err
		}
		_, err := w.Write(m.Constants())
		return err
	})
	if err != nil {
		return err
	}
	return tensor.WriteWhole(path, m.WriteXML)
}

// marked writes the user's own IR with marks, or what OpenVINO saves a model of another format as.
func (e *Engine) marked(ctx context.Context, kept []int, path string) error {
	source := e.model.path
	if !isIR(source) {
		source = filepath.Join(e.session.Folder.Path, "source.xml")
		request := map[string]any{"op": "save", "model": e.model.path, "path": source}
		if err := e.session.Do(ctx, func(w *python.Worker) error { return python.Refusal(w.Ask(ctx, 0, request, &struct{}{})) }); err != nil {
			return err
		}
	}
	return writeMarks(source, path, e.units.candidates, kept, func(name string) bool { return len(e.exported.names[name]) > 0 })
}

// writeMarks writes the IR at source with the layers marked of which the candidates at kept are made. Node tells names of nodes.
func writeMarks(source, path string, candidates []engine.Candidate, kept []int, node func(name string) bool) error {
	f, err := os.Open(source)
	if err != nil {
		return err
	}
	defer f.Close()
	weights := strings.TrimSuffix(source, ".xml") + ".bin"
	size := int64(0)
	if info, err := os.Stat(weights); err == nil {
		size = info.Size()
	}
	m, err := keep.Read(f, size)
	if err != nil {
		return err
	}
	m.Keep(groups(candidates, kept, node))
	return write(m, path, func(w io.Writer) error { return appendFile(w, weights) })
}

// appendFile writes the content of a file, which may not be there.
func appendFile(w io.Writer, path string) error {
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

// groups are the layers of the file of which the candidates are made that are to be kept.
func groups(candidates []engine.Candidate, kept []int, node func(name string) bool) []keep.Group {
	var groups []keep.Group
	for _, p := range kept {
		c := candidates[p]
		g := keep.Group{Layers: []string{c.Name}, Apart: !strings.HasPrefix(c.Op, "Convolution") && !strings.HasPrefix(c.Op, "GroupConvolution")}
		for _, name := range c.From {
			if name != c.Name && !node(name) { // else it is a node of its own, which was looked at
				g.Layers = append(g.Layers, name)
			}
		}
		groups = append(groups, g)
	}
	return groups
}

// lowered writes the exported graph with marks in public operations.
func (e *Engine) lowered(ctx context.Context, kept []int, path string) error {
	var xml []byte
	err := e.session.Do(ctx, func(w *python.Worker) (err error) {
		file := filepath.Join(e.session.Folder.Path, "marked.xml")
		if err := w.Ask(ctx, 0, map[string]any{"op": "mark", "kept": kept, "path": file}, &struct{}{}); err != nil {
			return python.Refusal(err)
		}
		xml, err = os.ReadFile(file)
		return err
	})
	if err != nil {
		return err
	}
	constants := e.exported.constants
	m, err := keep.Read(bytes.NewReader(xml), int64(len(constants)))
	if err == nil {
		err = m.Lower()
	}
	if err != nil {
		return err
	}
	return write(m, path, func(w io.Writer) error {
		return tensor.Guard(func() error { _, err := w.Write(constants); return err })
	})
}
