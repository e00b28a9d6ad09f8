package cmd

import (
	"errors"

	"github.com/spf13/cobra"

	"halfway/bisect/report"
	"halfway/engine/builtin"
	"halfway/engine/openvino"
)

func newNodes() *cobra.Command {
	var n nodesCommand
	c := &cobra.Command{
		Use:   "nodes MODEL",
		Short: "List the candidates in the order in which they are counted",
		Long: `nodes lists the nodes that enforcement may touch, in counting order: OV_CPU_INFER_PRC_CNT=k enforces those
with the indices 0..k. A node's unit is the index of the node whose kernel computes it.`,
		Example: `  halfway nodes model.xml
  halfway nodes model.xml --all
  halfway nodes model.xml --shape input_ids=1,48 --json nodes.json
  halfway nodes model.onnx --engine openvino --graph plugin.xml`,
		Args: arguments("MODEL"),
		RunE: n.run,
	}
	n.model.register(c, "bf16", "f16")
	f := c.Flags()
	f.BoolVar(&n.all, "all", false, "list the other nodes too, and why they are no candidates")
	f.StringVar(&n.graph, "graph", "", "with --engine openvino: write the plugin's own graph to this `FILE.xml` and its .bin, a model that the "+
		"built-in engine reads")
	f.StringVar(&n.json, "json", "", "write the list as JSON to this `FILE`, - for standard output instead of the table")
	return c
}

// nodesCommand holds the flags of nodes.
type nodesCommand struct {
	model       modelFlags
	all         bool
	graph, json string
}

func (n *nodesCommand) run(c *cobra.Command, args []string) error {
	if err := errors.Join(n.fit(), writable(n.json), writable(n.graph)); err != nil {
		return err
	}
	s, err := n.model.open(c.Context(), args[0], false)
	if err != nil {
		return err
	}
	defer s.close()
	list, err := s.engine.Candidates(c.Context())
	if err != nil {
		return err
	}
	nodes := report.NewNodes(s.path, n.model.view.value, n.model.precision.value, list)
	if e, ok := s.engine.(*builtin.Engine); ok && n.all {
		nodes.AddOthers(e.Others())
	}
	if e, ok := s.engine.(*openvino.Engine); ok && n.graph != "" {
		if err := e.Export(n.graph); err != nil {
			return err
		}
	}
	return both(c, n.json, nodes, nodes.Text)
}

// fit checks that the engine has what the flags ask for.
func (n *nodesCommand) fit() error {
	switch {
	case n.all && n.model.engine.value != "builtin":
		return usage(errors.New("--all is for --engine builtin: others list candidates only"))
	case n.graph != "" && n.model.engine.value != "openvino":
		return usage(errors.New("--graph is for --engine openvino: it is the graph of OpenVINO's plugin"))
	}
	return nil
}
