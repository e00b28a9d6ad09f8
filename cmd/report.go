package cmd

import (
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"

	"halfway/bisect"
	"halfway/bisect/report"
)

// A reportFormat is a way to write a result.
type reportFormat struct {
	name   string
	binary bool // no text for standard output
	write  func(io.Writer, *bisect.Result) error
}

// reportFormats are all of them, the default one first.
var reportFormats = []reportFormat{
	{"text", false, func(w io.Writer, r *bisect.Result) error {
		return report.Text(w, r, textOptions(w, report.Recorded(r)))
	}},
	{"html", false, report.HTML},
	{"markdown", false, report.Markdown},
	{"junit", false, report.JUnit},
	{"sarif", false, report.SARIF},
	{"github", false, report.GitHub},
	{"gitlab", false, report.GitLab},
	{"svg", false, report.SVG},
	{"png", true, report.PNG},
}

func newReport() *cobra.Command {
	var format *choice
	var output string
	c := &cobra.Command{
		Use:   "report RESULT.json",
		Short: "Write a result as a page, as a plot, or for the tools of a CI",
		Long: `report writes a result of "halfway bisect --json" in another form:

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
  halfway report result.json --format markdown >> "$GITHUB_STEP_SUMMARY"`,
		Args: arguments("RESULT.json"),
		RunE: func(c *cobra.Command, args []string) error {
			f := formatCalled(format.value)
			if _, onTerminal := terminal(c.OutOrStdout()); output == stdoutName && f.binary && onTerminal {
				return usage(errors.New("a picture does not go to a terminal: give --output FILE"))
			}
			r, err := readResult(args[0])
			if err != nil {
				return err
			}
			return save(c, output, func(w io.Writer) error { return f.write(w, r) })
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
