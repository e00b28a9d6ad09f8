package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"halfway/bisect"
	"halfway/bisect/report"
)

// A reportFormat is a way to write a result, and perhaps an answer of check.
type reportFormat struct {
	name   string
	binary bool // no text for standard output
	write  func(io.Writer, *bisect.Result) error
	check  func(*report.Check, io.Writer) error // nil: not for these
}

// reportFormats are all of them, the default one first.
var reportFormats = []reportFormat{
	{"text", false, func(w io.Writer, r *bisect.Result) error {
		return report.Text(w, r, textOptions(w, report.Recorded(r)))
	}, (*report.Check).Text},
	{"html", false, report.HTML, (*report.Check).HTML},
	{"markdown", false, report.Markdown, (*report.Check).Markdown},
	{"junit", false, report.JUnit, (*report.Check).JUnit},
	{"sarif", false, report.SARIF, nil},
	{"github", false, report.GitHub, (*report.Check).GitHub},
	{"gitlab", false, report.GitLab, nil},
	{"svg", false, report.SVG, nil},
	{"png", true, report.PNG, nil},
}

func newReport() *cobra.Command {
	var format *choice
	var output string
	c := &cobra.Command{
		Use:   "report RESULT.json",
		Short: "Write a result as a page, as a plot, or for the tools of a CI",
		Long: `report writes a result of "halfway bisect --json" in another form; of "halfway check --json" too, as text, html,
markdown, junit (a test for each sample) or github:

  text      what bisect printed
  html      one page with the curve, tables and settings; it needs no network and no script
  markdown  a summary, for $GITHUB_STEP_SUMMARY or a merge request
  junit     JUnit XML: three tests, which fail where the network breaks
  sarif     SARIF 2.1.0, for code scanning
  github    annotations of a GitHub workflow
  gitlab    a code quality report of GitLab
  svg, png  the error against CNT`,
		Example: `  halfway report result.json --format html --output result.html
  halfway report result.json --format junit --output halfway.xml
  halfway report check.json --format html --output check.html
  halfway report result.json --format markdown >> "$GITHUB_STEP_SUMMARY"`,
		Args: arguments("RESULT.json"),
		RunE: func(c *cobra.Command, args []string) error {
			f := formatCalled(format.value)
			if _, onTerminal := terminal(c.OutOrStdout()); output == stdoutName && f.binary && onTerminal {
				return usage(errors.New("a picture does not go to a terminal: give --output FILE"))
			}
			write, err := f.of(args[0])
			if err != nil {
				return err
			}
			return save(c, output, write)
		},
	}
	var names []string
	for _, f := range reportFormats {
		names = append(names, f.name)
	}
	format = choose(c, "format", "form of the report", names...)
	c.Flags().StringVarP(&output, "output", "o", stdoutName, "write it to this `FILE`, - for standard output")
	return c
}

// of reads the answer in a file, and returns what writes it.
func (f reportFormat) of(path string) (func(io.Writer) error, error) {
	b, err := readAnswer(path)
	if err != nil {
		return nil, err
	}
	var head struct{ Schema string }
	if err := json.Unmarshal(b, &head); err != nil {
		return nil, fmt.Errorf("%s is no result of halfway: %w", path, err)
	}
	if head.Schema != report.CheckSchema {
		r, err := parseResult(path, b)
		return func(w io.Writer) error { return f.write(w, r) }, err
	}
	k, err := report.ParseCheck(b)
	if err != nil {
		return nil, fmt.Errorf("%s is no answer of halfway check --json: %w", path, err)
	}
	if f.check == nil {
		return nil, usage(fmt.Errorf("%s is an answer of check, which has no form %s: want text, html, markdown, junit or github", path, f.name))
	}
	return func(w io.Writer) error { return f.check(k, w) }, nil
}

func formatCalled(name string) reportFormat {
	for _, f := range reportFormats {
		if f.name == name {
			return f
		}
	}
	return reportFormats[0]
}

// textOptions are o for what w is: a terminal of some width, with colours where they are wanted, or not.
func textOptions(w io.Writer, o report.Options) report.Options {
	columns, ok := terminal(w)
	o.Columns, o.Color = columns, ok && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return o
}
