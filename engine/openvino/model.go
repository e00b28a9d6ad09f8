// Package openvino is the engine that runs a model on a stock OpenVINO, by one long-lived Python process: what ships, with its own kernels.
//
// A release has no variables that choose nodes, but a compiled model can be exported: its XML is the graph of the CPU plugin after all
// transformations, the very list that a debug build counts. Marks put into that XML keep single nodes in f32 when the model is imported again, which
// costs less than to compile. So candidates, their order and names are the plugin's own; after each probe the execution graph says what was obeyed.
//
// It guarantees that nothing is enforced but what a probe asks for, as far as the execution graph shows it (what it does not show is said by
// Warnings), and that a worker that dies or hangs costs one probe. It uses public properties and formats only, of OpenVINO 2024.6 to 2026.
package openvino

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"halfway/engine"
	"halfway/engine/python"
	"halfway/engine/tensor"
)

//go:embed worker.py
var text string

var script = python.Script{Engine: "openvino", Package: "openvino", Text: text}

// Version returns the version of the OpenVINO that a Python interpreter has. Its error says what is missing, and what would help.
func Version(ctx context.Context, interpreter string) (string, error) {
	return script.Probe(ctx, interpreter)
}

// Views are the views that Options.View may have, the default one first.
func Views() []string { return []string{"plugin", "snippets"} }

// A Model is a model that OpenVINO reads, of any format.
type Model struct {
	path    string
	python  string
	version string
	inputs  []engine.Input
	outputs []engine.Output
	worker  *python.Worker // that read it, until an engine takes it over
}

// Open reads the model at path with the OpenVINO of a Python interpreter.
func Open(ctx context.Context, interpreter, path string) (*Model, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	w, err := script.Start(ctx, interpreter)
	if err != nil {
		return nil, err
	}
	m := &Model{path: path, python: interpreter, version: w.Version, worker: w}
	if err := m.read(ctx); err != nil {
		w.Kill()
		return nil, fmt.Errorf("OpenVINO %s: read model %s: %w", w.Version, path, err)
	}
	return m, nil
}

func (m *Model) read(ctx context.Context) error {
	var answer struct {
		Inputs []struct {
			Names []string
			Type  string
			Shape []int
			Bound int64
		}
		Outputs [][]string
	}
	if err := m.worker.Ask(ctx, 0, map[string]any{"op": "read", "model": m.path}, &answer); err != nil {
		return python.Refusal(err)
	}
	for _, in := range answer.Inputs {
		t, err := tensor.ParseDType(in.Type)
		if err != nil {
			return fmt.Errorf("input %q: %w", in.Names[0], err)
		}
		m.inputs = append(m.inputs, engine.Input{Name: in.Names[0], Names: in.Names, Type: t, Shape: in.Shape, Bound: in.Bound,
			Mask: strings.Contains(strings.ToLower(in.Names[0]), "mask")})
	}
	for _, names := range answer.Outputs {
		m.outputs = append(m.outputs, engine.Output{Name: names[0], Aliases: names[1:]})
	}
	return nil
}

// Inputs describes the model's inputs in its order, with the shapes that the file declares.
func (m *Model) Inputs() []engine.Input { return slices.Clone(m.inputs) }

// Files are the files that the model consists of, as far as their names tell: its own, and the weights beside an IR.
func (m *Model) Files() []string {
	files := []string{m.path}
	if base, ok := strings.CutSuffix(m.path, ".xml"); ok {
		if _, err := os.Stat(base + ".bin"); err == nil {
			files = append(files, base+".bin")
		}
	}
	return files
}

// Close ends the worker that no engine took over.
func (m *Model) Close() {
	if m.worker != nil {
		m.worker.Kill()
	}
}

// session makes a session whose first worker is the one that read the model, if it is still there.
func (m *Model) session(o Options) (*python.Session, error) {
	s, err := script.Session(m.python, m.worker, o.Temp)
	if err != nil {
		return nil, err
	}
	m.worker = nil
	s.Inputs, s.Outputs, s.Timeout = m.inputs, m.outputs, o.Timeout
	return s, nil
}

// shapes are the asked shapes by the number of the input.
func (m *Model) shapes(asked map[string][]int) (map[string][]int, error) {
	r := map[string][]int{}
	for name, shape := range asked {
		i := slices.IndexFunc(m.inputs, func(in engine.Input) bool { return slices.Contains(in.Names, name) })
		if i < 0 {
			return nil, fmt.Errorf("%s: a shape is given for the input %q, which the model does not have; its inputs are %q", m.path, name, m.inputNames())
		}
		r[fmt.Sprint(i)] = shape
	}
	return r, nil
}

func (m *Model) inputNames() []string {
	var names []string
	for _, in := range m.inputs {
		names = append(names, in.Name)
	}
	return names
}

// Options say how a model is to be run.
type Options struct {
	View      string           // one of Views; "" is the first
	Precision tensor.DType     // BF16, the only one that releases enforce node by node; F32 has no candidates
	Threads   int              // 0: one; with several a few models give other bits
	Shapes    map[string][]int // input shapes by any of an input's names, in place of the file's
	Timeout   time.Duration    // of one run; 0: no limit
	Temp      string           // where the engine has its folder; "": the system's
}

func (o *Options) check() error {
	if o.View == "" {
		o.View = Views()[0]
	}
	if !slices.Contains(Views(), o.View) {
		return fmt.Errorf("the engine openvino has no view %q: it shows the plugin's own nodes, --view %s", o.View, strings.Join(Views(), " or "))
	}
	if o.Precision != tensor.BF16 && o.Precision != tensor.F32 {
		return fmt.Errorf("the engine openvino cannot enforce %s: OpenVINO's CPU plugin runs f16 as bf16, or converts the whole model; use --precision bf16",
			o.Precision)
	}
	if o.Threads < 0 {
		return errors.New("the number of threads must not be negative")
	}
	o.Threads = max(o.Threads, 1)
	return nil
}
