package cmd

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"halfway/bisect"
	"halfway/bisect/report"
)

func newJournal() *cobra.Command {
	return &cobra.Command{
		Use:   "journal FILE",
		Short: "Show what a journal of a search remembers",
		Long: `journal shows what was searched and every run that the journal of "halfway bisect --journal FILE" remembers, in the
order in which they ended: the positions that were enforced, the sample, the verdict, what was measured, and the time that it took.
It only reads, and may do so while the search goes on.`,
		Example: `  halfway bisect model.xml --input x.npz --journal search.journal
  halfway journal search.journal`,
		Args: arguments("FILE"),
		RunE: func(c *cobra.Command, args []string) error {
			j, err := bisect.ReadJournal(args[0])
			if err != nil {
				return err
			}
			return answer(c, func(w io.Writer) error { return writeJournal(w, j) })
		},
	}
}

func writeJournal(w io.Writer, j *bisect.Journaled) error {
	for _, k := range slices.Sorted(maps.Keys(j.Head)) {
		if _, err := fmt.Fprintf(w, "%s: %s\n", report.Printable(k), report.Printable(j.Head[k])); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintf(w, "%d candidates, %d runs\n\n", j.Candidates, len(j.Runs)); err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "run\tenforced\tsample\tverdict\tmeasured\ttook") // an error comes back from Flush
	for i, r := range j.Runs {
		var measured []string
		for _, m := range r.Metrics {
			measured = append(measured, fmt.Sprintf("%s %s %.4g", report.Printable(m.Output), report.Printable(m.Metric), float64(m.Value)))
		}
		if r.Detail != "" {
			measured = append(measured, report.Printable(r.Detail))
		}
		verdict := report.Printable(string(r.Verdict))
		if r.Count != nil {
			verdict = fmt.Sprintf("what CNT=%d enforces", *r.Count)
		}
		fmt.Fprintf(t, "%d\t%s\t%d\t%s\t%s\t%s\n", i+1, short(report.Printable(r.Enforced)), r.Sample, verdict, strings.Join(measured, ", "),
			r.Took.Round(10*time.Microsecond))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if j.Damaged {
		_, err := fmt.Fprintln(w, "\nThe last line was not written whole; a search that resumes drops it.")
		return err
	}
	return nil
}

// short cuts a long list of ranges.
func short(ranges string) string {
	const most = 60
	if ranges == "" {
		return "nothing"
	}
	if len(ranges) <= most {
		return ranges
	}
	cut := strings.LastIndexByte(ranges[:most], ',')
	return fmt.Sprintf("%s,... (%d ranges)", ranges[:max(cut, 0)], strings.Count(ranges, ",")+1)
}
