// Package keep rewrites the XML of an OpenVINO IR so that a stock OpenVINO keeps chosen layers in f32 under the hint bf16.
//
// A layer is kept by a mark in its runtime information. The plugin's transformations lose it where they replace the layer by a new one, so the layers
// around a mark are written in the form that survives: older versions of operations, to which the plugin would convert them, and barriers, clamps to
// the whole range of f32 that change no finite value, where it would fuse kept layers into one. Lower writes the plugin's own graph, as a compiled
// model exports it, in public operations.
//
// What else is in the model stays as it is, its constants where they are: new ones follow them.
package keep

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/beevik/etree"
)

// maxDepth is above the depth of any model whose bodies hold bodies that a plugin compiles.
const maxDepth = 256

// A Model is an IR that is being rewritten.
type Model struct {
	doc       *etree.Document
	networks  []*network   // the main one, then bodies
	constants int64        // bytes of the model's own
	extra     bytes.Buffer // new constants
}

// Read reads the XML of a model that has so many bytes of constants.
func Read(xml io.Reader, constants int64) (*Model, error) {
	m := &Model{doc: etree.NewDocument(), constants: constants}
	m.doc.ReadSettings.MaxDepth = maxDepth
	if _, err := m.doc.ReadFrom(xml); err != nil {
		return nil, fmt.Errorf("reading the model's XML: %w", err)
	}
	root := m.doc.Root()
	if root == nil || root.Tag != "net" {
		return nil, errors.New("it is not an OpenVINO IR: its root element is not <net>")
	}
	return m, m.add(root)
}

// add adds the network that e holds, and the bodies in it.
func (m *Model) add(e *etree.Element) error {
	n, err := newNetwork(m, e)
	if err != nil {
		return err
	}
	m.networks = append(m.networks, n)
	for _, l := range n.layers.ChildElements() {
		for _, part := range l.ChildElements() {
			if !slices.Contains([]string{"body", "then_body", "else_body"}, part.Tag) {
				continue
			}
			if err := m.add(part); err != nil {
				return fmt.Errorf("layer %q: %w", name(l), err)
			}
		}
	}
	return nil
}

// WriteXML writes the model.
func (m *Model) WriteXML(w io.Writer) error {
	_, err := m.doc.WriteTo(w)
	return err
}

// Constants are the bytes that follow the model's own constants.
func (m *Model) Constants() []byte { return m.extra.Bytes() }
