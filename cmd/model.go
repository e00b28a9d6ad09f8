package cmd

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"halfway/engine"
	"halfway/engine/builtin"
	"halfway/engine/onnxruntime"
	"halfway/engine/tensor"
)

// modelFlags are the flags of commands that open a model: which engine shows it in which view, and with what it runs.
type modelFlags struct {
	engine, view, precision *choice
	program                 programFlags
	shapes                  []string
	dynamic                 bool
	inputs                  []string
	threads                 int
	memory                  byteSize
	python                  string
}

// register adds the flags to c. Precisions are those that c allows, its default first.
func (f *modelFlags) register(c *cobra.Command, precisions ...string) {
	f.engine = choose(c, "engine", "what runs the model, see \"halfway help engines\"", "builtin", "openvino", "onnxruntime")
	f.view = choose(c, "view", `what counts as a node, see "halfway help views"`, views()...)
	f.precision = choose(c, "precision", "precision to enforce", precisions...)
	f.registerSamples(c, "with --engine openvino or onnxruntime: the Python `INTERPRETER` whose package is used")
}

// registerSamples adds the flags that say on what the model runs, and in which Python.
func (f *modelFlags) registerSamples(c *cobra.Command, python string) {
	c.Flags().StringVar(&f.python, "python", "", python+" (default $HALFWAY_PYTHON, else python3)")
	c.Flags().StringArrayVar(&f.inputs, "input", nil,
		"a sample `X`, repeatable: x.npz, x.npy, a folder of them, NAME=x.npy,NAME2=y.npy or random[:SEED]")
	c.Flags().StringArrayVar(&f.shapes, "shape", nil, "shape of an input, `NAME=1,64`, repeatable")
	c.Flags().BoolVar(&f.dynamic, "dynamic", false, "show a model of dynamic shapes as the plugin does that is not told them, not as one of the samples' shapes")
	f.memory = -1
}

// registerResources adds the flags of commands that run the model.
func (f *modelFlags) registerResources(c *cobra.Command) {
	c.Flags().IntVar(&f.threads, "threads", 0, "`N` threads (0: one a processor); results do not depend on it")
	c.Flags().Var(&f.memory, "memory", "limit of what is remembered between probes; results do not depend on it")
}

// registerEngines adds the flags that choose what runs the model.
func (f *modelFlags) registerEngines(c *cobra.Command) {
	f.engine.allowed = append(f.engine.allowed, "command")
	f.program.register(c)
}

// runArgs are the flags with which halfway run sees the same nodes.
func (f *modelFlags) runArgs() []string {
	var args []string
	if f.view.value != builtin.DefaultView {
		args = append(args, "--view", f.view.value)
	}
	if f.engine.value == "openvino" || f.engine.value == "onnxruntime" {
		args = append(args, "--engine", f.engine.value)
	}
	for _, shape := range f.shapes {
		args = append(args, "--shape", shape)
	}
	if f.dynamic {
		args = append(args, "--dynamic")
	}
	return args
}

// views are the views of the built-in engine, the default one first.
func views() []string {
	list := []string{builtin.DefaultView}
	for _, v := range builtin.Views() {
		if v != builtin.DefaultView {
			list = append(list, v)
		}
	}
	return list
}

// A subject is a model that is ready to run, with the samples to run it on.
type subject struct {
	path    string
	inputs  []engine.Input // with the shapes that the command line asks for
	samples []engine.Sample
	engine  runner
	others  []runner // to be closed with it
	files   []string // of the model, to hash
	notes   []string // what the user should know about the model and the samples

	model  *builtin.Model // where the built-in engine reads it
	shapes map[string][]int
}

// open opens the model at path and loads the samples. Without --input it takes random:0 where random is set, with a note, else none.
func (f *modelFlags) open(ctx context.Context, path string, random bool) (*subject, error) {
	s := &subject{path: path}
	prepare := func() error { return s.prepare(ctx, f, random) }
	err := error(nil)
	if f.engine.value == "openvino" || f.engine.value == "onnxruntime" { // ends its process and removes its folder by itself when ctx ends
		err = prepare()
	} else {
		err = promptly(ctx, prepare)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (s *subject) prepare(ctx context.Context, f *modelFlags, random bool) error {
	if f.threads < 0 {
		return usage(fmt.Errorf("--threads %d: want a number that is not negative", f.threads))
	}
	precision, err := tensor.ParseDType(f.precision.value)
	if err != nil {
		return err
	}
	switch f.engine.value {
	case "command":
		return s.prepareProgram(f, random)
	case "openvino":
		return s.prepareOpenVINO(ctx, f, precision, random)
	}
	model, err := builtin.Open(s.path)
	if err != nil {
		return err
	}
	s.inputs, s.files = model.Inputs(), model.Files()
	shapes, expected, err := s.loadShaped(f, random)
	if err != nil {
		return err
	}
	own, err := model.Engine(builtin.Options{View: f.view.value, Precision: precision, Threads: f.threads, Memory: int64(f.memory), Shapes: shapes,
		Expected: expected})
	if err != nil {
		return err
	}
	s.engine, s.model, s.shapes = own, model, shapes
	if f.engine.value == "onnxruntime" {
		o := onnxruntime.Options{Python: f.interpreter(), Threads: f.threads, Timeout: f.program.timeout}
		if s.engine, err = onnxruntime.New(ctx, s.path, model, own, precision, o); err != nil {
			return err
		}
	}
	s.notes = append(s.notes, s.engine.Warnings()...)
	return nil
}

// loadShaped reads the samples, and returns the shapes of inputs that the command line or the samples fix, and those that inputs have although they
// are not fixed.
func (s *subject) loadShaped(f *modelFlags, random bool) (fixed, expected map[string][]int, err error) {
	asked, err := s.askedShapes(f.shapes)
	if err != nil {
		return nil, nil, err
	}
	if err := s.load(f.inputs, random); err != nil {
		return nil, nil, err
	}
	sampled := s.shapesOfSamples()
	if f.dynamic {
		return asked, sampled, nil
	}
	maps.Copy(asked, sampled)
	return asked, nil, nil
}

// askedShapes reads the --shape flags and gives the inputs these shapes.
func (s *subject) askedShapes(specs []string) (map[string][]int, error) {
	only := ""
	if len(s.inputs) == 1 {
		only = s.inputs[0].Name
	}
	shapes, err := parseShapes(specs, only)
	if err != nil {
		return nil, usage(err)
	}
	for i, in := range s.inputs {
		for _, name := range append(slices.Clone(in.Names), in.Name) {
			if shape, ok := shapes[name]; ok {
				s.inputs[i].Shape = shape
				break
			}
		}
	}
	return shapes, nil
}

// load reads the samples.
func (s *subject) load(specs []string, random bool) error {
	if len(specs) == 0 && random {
		specs = []string{"random:0"}
		s.notes = append(s.notes, "no --input is given: random data (random:0) stands in, which may break a model that real data does not "+
			"break, and the other way round")
	}
	for _, spec := range specs {
		samples, notes, err := engine.LoadSamples(spec, s.inputs)
		if err != nil {
			return err
		}
		s.samples = append(s.samples, samples...)
		s.notes = append(s.notes, notes...)
	}
	return nil
}

// shapesOfSamples are the shapes of inputs that the model leaves dynamic and that have the same shape in all inferences of all samples.
func (s *subject) shapesOfSamples() map[string][]int {
	shapes := map[string][]int{}
	for _, in := range s.inputs {
		if len(s.samples) == 0 || in.Shape != nil && !slices.Contains(in.Shape, -1) {
			continue
		}
		shape := s.samples[0].Inputs[in.Name].Shape
		differs := func(inputs map[string]*tensor.Tensor) bool { return !slices.Equal(inputs[in.Name].Shape, shape) }
		if !slices.ContainsFunc(s.samples, func(o engine.Sample) bool { return slices.ContainsFunc(o.Inferences(), differs) }) {
			shapes[in.Name] = shape
		}
	}
	return shapes
}

// hash computes the hash of the model's files beside other work. The function that it returns waits for it.
func (s *subject) hash(ctx context.Context) func() (string, error) {
	type result struct {
		sum string
		err error
	}
	done := make(chan result, 1)
	go func() {
		sum, err := engine.HashFiles(ctx, s.files)
		done <- result{sum, err}
	}()
	return func() (string, error) {
		r := <-done
		done <- r
		return r.sum, r.err
	}
}
