package cmd

import (
	"errors"
	"io"

	"github.com/spf13/cobra"

	"halfway/bisect/report"
	"halfway/engine/builtin"
)

func newNodes() *cobra.Command {
	var f modelFlags
	var json string
	var all bool
	c := &cobra.Command{
		Use:   "nodes MODEL",
		Short: "List the candidates in the order in which they are counted",
		Long: `nodes lists the nodes that enforcement may touch, in counting order: OV_CPU_INFER_PRC_CNT=k enforces those
with the indices 0..k. A node's unit is the index of the node whose kernel computes it.`,
		Example: `  halfway nodes model.xml
  halfway nodes model.xml --all
  halfway nodes model.xml --shape input_ids=1,64 --json nodes.json`,
		Args: arguments("MODEL"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := writable(json); err != nil {
				return err
			}
			s, err := f.open(c.Context(), args[0], false)
			if err != nil {
				return err
			}
			defer s.close()
			list, err := s.engine.Candidates(c.Context())
			if err != nil {
				return err
			}
			nodes := report.NewNodes(s.path, f.view.value, f.precision.value, list)
			if all {
				e, ok := s.engine.(*builtin.Engine)
				if !ok {
					return usage(errors.New("--all is for --engine builtin"))
				}
				nodes.AddOthers(e.Others())
			}
			if json != "" {
				if err := save(c, json, func(w io.Writer) error { return report.JSON(w, nodes) }); err != nil {
					return err
				}
			}
			if json == stdoutName {
				return nil
			}
			return answer(c, nodes.Text)
		},
	}
	f.register(c, "bf16", "f16")
	c.Flags().BoolVar(&all, "all", false, "list the other nodes too, and why they are no candidates")
	c.Flags().StringVar(&json, "json", "", "write the list as JSON to this `FILE`, - for standard output instead of the table")
	return c
}
