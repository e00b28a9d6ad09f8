package openvino

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"halfway/engine"
	"halfway/engine/ir/keep"
	"halfway/engine/python"
	"halfway/engine/tensor"
)

// A Form is what a repaired model is made of.
type Form string

// The forms.
const (
	Marks   Form = "marks"   // the user's own IR, in which the layers to keep are marked
	Lowered Form = "lowered" // the plugin's own graph in public operations, of which the nodes to keep are marked
)

// Forms are the forms that the model may take, the one that is more likely to hold first where both cost the same.
func (e *Engine) Forms() []Form {
	if e.isIR() {
		return []Form{Marks, Lowered}
	}
	return []Form{Lowered, Marks}
}

func (e *Engine) isIR() bool { return filepath.Ext(e.model.path) == ".xml" }

// Patch writes the model with the candidates outside of enforced kept in f32 to path, which ends in .xml, and its constants beside it (.bin).
func (e *Engine) Patch(ctx context.Context, form Form, enforced engine.Set, path string) error {
	base, ok := strings.CutSuffix(path, ".xml")
	if !ok {
		return fmt.Errorf("%s: the name of a repaired model ends in .xml", path)
	}
	var kept []int
	for p := range e.units.candidates {
		if !enforced.Has(p) {
			kept = append(kept, p)
		}
	}
	write := e.lowered
	if form == Marks {
		write = e.marked
	}
	m, constants, err := write(ctx, kept)
	if err != nil {
		return fmt.Errorf("%s in the form %q: %w", e.model.path, form, err)
	}
	err = tensor.WriteWhole(base+".bin", func(w io.Writer) error {
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

// marked is the user's own IR with marks, or what OpenVINO saves a model of another format as.
func (e *Engine) marked(ctx context.Context, kept []int) (*keep.Model, func(io.Writer) error, error) {
	source := e.model.path
	if !e.isIR() {
		source = filepath.Join(e.session.Folder.Path, "source.xml")
		request := map[string]any{"op": "save", "model": e.model.path, "path": source}
		err := e.session.Do(ctx, func(w *python.Worker) error { return python.Refusal(w.Ask(ctx, 0, request, &struct{}{})) })
		if err != nil {
			return nil, nil, err
		}
	}
	f, err := os.Open(source)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	weights := strings.TrimSuffix(source, ".xml") + ".bin"
	size := int64(0)
	if info, err := os.Stat(weights); err == nil {
		size = info.Size()
	}
	m, err := keep.Read(f, size)
	if err != nil {
		return nil, nil, err
	}
	m.Keep(e.groups(kept))
	return m, func(w io.Writer) error { return appendFile(w, weights) }, nil
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

// groups are the layers of the file of which the nodes are made that are to be kept.
func (e *Engine) groups(kept []int) []keep.Group {
	var groups []keep.Group
	for _, p := range kept {
		n := e.exported.nodes[p]
		g := keep.Group{Layers: []string{n.Name}, Apart: !strings.HasPrefix(n.Op, "Convolution") && !strings.HasPrefix(n.Op, "GroupConvolution")}
		for _, name := range n.Fused {
			if name != n.Name && len(e.exported.names[name]) == 0 { // else it is a node of its own, which was looked at
				g.Layers = append(g.Layers, name)
			}
		}
		groups = append(groups, g)
	}
	return groups
}

// lowered is the exported graph with marks in public operations.
func (e *Engine) lowered(_ context.Context, kept []int) (*keep.Model, func(io.Writer) error, error) {
	x := e.exported
	m, err := keep.Read(bytes.NewReader(x.marked(kept)), int64(len(x.constants)))
	if err == nil {
		err = m.Lower()
	}
	return m, func(w io.Writer) error {
		return tensor.Guard(func() error { _, err := w.Write(x.constants); return err })
	}, err
}

// marked is the XML with marks at candidates.
func (x *exported) marked(kept []int) []byte {
	kept = slices.SortedFunc(slices.Values(kept), func(a, b int) int { return cmp.Compare(x.places[a].Offset, x.places[b].Offset) })
	var text []byte
	last := int64(0)
	for _, p := range kept {
		at := x.places[p]
		text = append(text, x.xml[last:at.Offset]...)
		if at.Open {
			text = append(text, "<rt_info>"+mark+"</rt_info>"...)
		} else {
			text = append(text, mark...)
		}
		last = at.Offset
	}
	return append(text, x.xml[last:]...)
}

const mark = `<attribute name="precise" version="0"/>`
