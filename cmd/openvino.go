package cmd

import (
	"cmp"
	"context"
	"os"

	"halfway/engine/openvino"
	"halfway/engine/tensor"
)

// pythonVariable names the interpreter where --python does not.
const pythonVariable = "HALFWAY_PYTHON"

// interpreter is the Python that --engine openvino runs in.
func (f *modelFlags) interpreter() string {
	return cmp.Or(f.python, os.Getenv(pythonVariable), "python3")
}

// prepareOpenVINO readies the model in the user's OpenVINO.
func (s *subject) prepareOpenVINO(ctx context.Context, f *modelFlags, precision tensor.DType, random bool) error {
	model, err := openvino.Open(ctx, f.interpreter(), s.path)
	if err != nil {
		return err
	}
	defer model.Close()
	s.inputs, s.files = model.Inputs(), model.Files()
	shapes, err := s.askedShapes(f.shapes)
	if err != nil {
		return err
	}
	if err := s.load(f.inputs, random); err != nil {
		return err
	}
	s.shapesOfSamples(shapes)
	e, err := model.Engine(ctx, openvino.Options{View: f.view.value, Precision: precision, Threads: f.threads, Shapes: shapes, Timeout: f.program.timeout})
	if err != nil {
		return err
	}
	s.engine = e
	s.notes = append(s.notes, e.Warnings()...)
	return nil
}
