package passes

import (
	"strings"

	"halfway/engine/graph"
)

// exported reports whether g is the plugin's own graph already, as its compiled models export it: it holds operations of the plugin's opsets.
func exported(g *graph.Graph) bool {
	for _, n := range g.Nodes {
		switch n.Opset {
		case "ie_internal_opset", "cpu_plugin_opset", "SnippetsOpset":
			return true
		}
		if strings.HasPrefix(n.Opset, "type_relaxed_") {
			return true
		}
	}
	return false
}

// asExported readies an exported graph to run; which nodes there are it leaves alone: a bias without elements is none.
func asExported(r *rewriter) {
	for _, n := range r.Nodes {
		if n.Op != "FullyConnected" || len(n.In) != 3 || r.dead[n.ID] {
			continue
		}
		if b := n.In[2]; isConstant(b) && elements(shape(b)) == 0 {
			r.setAll(n, n.In[:2:2]...)
		}
	}
}
