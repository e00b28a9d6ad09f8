package passes

import "halfway/engine/graph"

// uniqueNames gives nodes of one name others. What a node is made of keeps the name of the file.
func uniqueNames(r *rewriter) {
	var order []*graph.Node
	r.each(func(n *graph.Node) { order = append(order, n) })
	graph.UniqueNames(order, func(n *graph.Node, old string) {
		if n.Fused == nil {
			n.Fused = []string{old}
		}
		r.names[n.Name] = true
	})
}
