// Package ir reads models in OpenVINO's intermediate representation, versions 10 and 11: an XML file that holds the graph beside a file of
// the same base name, extension .bin, that holds the constants.
//
// It guarantees that what Read returns is well-formed: ids are dense and in the order of the file, every input is connected, there is no
// cycle, every constant lies inside the .bin. Everything that no result, assignment or parameter needs is dropped. Constants stay in the
// mapped file. The rules of operations are not checked (engine/ops does that), and output types and shapes are what the file declares.
//
// The format follows OpenVINO's own reader, src/frontends/ir.
package ir

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// Limits on what is read: far above any real model.
const (
	maxXMLBytes = 1 << 30
	maxLayers   = 1 << 24
	maxDepth    = 256     // of nested elements
	maxToken    = 1 << 26 // bytes of one tag or text
)

// Read reads the model whose graph is in path, an .xml file; constants come from the .bin beside it, and nowhere else. The closer unmaps the
// .bin: the constants of the graph must not be used after it.
func Read(path string) (*graph.Graph, io.Closer, error) {
	w := &weights{path: strings.TrimSuffix(path, filepath.Ext(path)) + ".bin"}
	g, err := readGraph(path, w)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("read model %s: %w", path, err), w.Close())
	}
	return g, w, nil
}

func readGraph(path string, w *weights) (*graph.Graph, error) {
	f, err := openXML(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	n, err := parse(f)
	if err != nil {
		return nil, err
	}
	b := builder{file: path, weights: w}
	return b.build(n)
}

// openXML opens a regular file of a sane size.
func openXML(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file: give the model's .xml file")
	}
	if info.Size() == 0 {
		return nil, errors.New("the file is empty")
	}
	if info.Size() > maxXMLBytes {
		return nil, fmt.Errorf("the XML has %d bytes, more than the limit of %d", info.Size(), maxXMLBytes)
	}
	return os.Open(path)
}

// weights is the .bin file, mapped when the first constant asks for it, or what stands for it.
type weights struct {
	path    string
	mapping *tensor.Mapping
	given   []byte
}

func (w *weights) bytes() ([]byte, error) {
	if w.given != nil {
		return w.given, nil
	}
	if w.mapping == nil {
		m, err := tensor.OpenMapping(w.path)
		if errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("the model has constants, but their file %s is missing: put it beside the .xml", w.path)
		}
		if err != nil {
			return nil, err
		}
		w.mapping = m
	}
	return w.mapping.Bytes(), nil
}

// Close unmaps the file.
func (w *weights) Close() error {
	if w.mapping == nil {
		return nil
	}
	return w.mapping.Close()
}
