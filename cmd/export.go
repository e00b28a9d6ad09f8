package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"halfway/bisect"
	"halfway/bisect/report"
	"halfway/patterns"
)

func newExport() *cobra.Command {
	var format *choice
	c := &cobra.Command{
		Use:   "export RESULT.json",
		Short: "Print the settings of a result for the place where they are needed",
		Long: `export prints the chosen settings of a result of "halfway bisect --json", quoted for where they are
needed: a POSIX shell, fish or PowerShell; a .env file; $GITHUB_ENV; docker run --env-file; a systemd unit; or JSON. The
other variables of the three must be unset there: a format that can unset does so. What a format cannot carry as it is,
such as a line break for Docker, is an error.

Or it lists the nodes that are to stay in f32, by their names in the model, as another tool takes them: node_block_list
(a JSON list, for onnxconverter-common), autocast (a JSON list of regular expressions, nodes_to_exclude of ModelOpt's
AutoCast), tensorrt (arguments of trtexec), nncf (JSON, the arguments of nncf.IgnoredScope). In an ONNX model a node
without a name goes by its first output, and one that makes an output of the model by that output: call it so first.`,
		Example: `  halfway export result.json --format shell
  halfway export result.json --format dotenv > precision.env
  halfway export result.json --format nncf`,
		Args: arguments("RESULT.json"),
		RunE: func(c *cobra.Command, args []string) error {
			r, err := readResult(args[0])
			if err != nil {
				return err
			}
			if r.Settings == nil {
				return fmt.Errorf("%s holds no settings to export: its outcome is %q", args[0], r.Outcome)
			}
			if slices.Contains(report.Lists(), format.value) {
				return answer(c, func(w io.Writer) error { return report.List(w, r, format.value) })
			}
			return answer(c, func(w io.Writer) error { return patterns.Export(w, r.Settings.Active(), format.value) })
		},
	}
	format = choose(c, "format", "where the settings are needed, or which tool's list", append(patterns.Formats(), report.Lists()...)...)
	return c
}

// maxResult is far above the size of the result of any search.
const maxResult = 1 << 30

// readResult reads the JSON of a bisect.Result.
func readResult(path string) (*bisect.Result, error) {
	b, err := readAnswer(path)
	if err != nil {
		return nil, err
	}
	return parseResult(path, b)
}

func parseResult(path string, b []byte) (*bisect.Result, error) {
	var r bisect.Result
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, fmt.Errorf("%s is no result of halfway bisect --json: %w", path, err)
	}
	if r.Schema != bisect.Schema {
		return nil, fmt.Errorf("%s is no result of halfway bisect --json: its schema is %q, want %q", path, r.Schema, bisect.Schema)
	}
	return &r, nil
}

// readAnswer reads a file of JSON that halfway wrote.
func readAnswer(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading a result: %w", err)
	}
	defer f.Close()
	text := &io.LimitedReader{R: f, N: maxResult}
	d := json.NewDecoder(text) // which gives up at the first byte that is no JSON
	var b json.RawMessage
	err = d.Decode(&b)
	if _, more := d.Token(); err == nil && !errors.Is(more, io.EOF) {
		err = errors.New("more than one answer")
	}
	switch {
	case err != nil && text.N == 0:
		return nil, fmt.Errorf("reading a result: %s has more than %d bytes", path, maxResult)
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("reading a result: %s is empty", path)
	case err != nil:
		return nil, fmt.Errorf("%s is no result of halfway bisect --json: %w", path, err)
	}
	return b, nil
}
