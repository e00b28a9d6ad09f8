package cmd

import (
	"context"
	"fmt"
	"io"
	"runtime"

	"github.com/spf13/cobra"

	"halfway/bisect/report"
	"halfway/engine/builtin"
	"halfway/engine/onnxruntime"
	"halfway/engine/openvino"
)

func newDoctor() *cobra.Command {
	var model modelFlags
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Tell which engines are usable here, and why others are not",
		Long: `doctor tries every engine: which kernels the built-in one runs on this processor, and whether a Python with
OpenVINO or ONNX Runtime is there. It exits with 0: the built-in engine always works.`,
		Example: `  halfway doctor
  halfway doctor --python ~/venv/bin/python`,
		Args: arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			d := report.Doctor{Processors: runtime.NumCPU(), Kernels: builtin.Level(), Python: model.interpreter()}
			for _, p := range []struct {
				engine, runtime string
				version         func(context.Context, string) (string, error)
			}{{"openvino", "OpenVINO", openvino.Version}, {"onnxruntime", "ONNX Runtime", onnxruntime.Version}} {
				version, err := p.version(c.Context(), model.interpreter())
				if c.Context().Err() != nil {
					return err
				}
				found := report.Runtime{Engine: p.engine, Name: p.runtime, Version: version}
				if err != nil {
					found.Problem = err.Error()
				}
				d.Runtimes = append(d.Runtimes, found)
			}
			columns, _ := terminal(c.OutOrStdout())
			return answer(c, func(w io.Writer) error { return d.Text(w, columns) })
		},
	}
	c.Flags().StringVar(&model.python, "python", "", fmt.Sprintf("the `PATH` of the Python to try (default: $%s, else python3)", pythonVariable))
	return c
}
