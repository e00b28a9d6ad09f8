package report

import (
	"strings"

	"halfway/bisect"
	"halfway/compare"
)

// An htmlNode is a row of the table of all candidates.
type htmlNode struct {
	Index                    int
	Tag, Block               string
	Expected, Alone, Without htmlHeat
	Kept                     string
}

func htmlNodes(r *bisect.Result) (list []htmlNode) {
	kept := keptNodes(r)
	for _, n := range r.Nodes {
		tag, block := Printable(n.Tag), Printable(strings.TrimPrefix(n.Block, root))
		if n.Graph != "" {
			tag += " in " + Printable(n.Graph)
		}
		list = append(list, htmlNode{n.Index, tag, block, known(n.Expected), known(n.Alone), known(n.Without), kept[node{n.Graph, n.Index}].Reason})
	}
	return list
}

func known(v *compare.Value) htmlHeat {
	if v == nil {
		return htmlHeat{}
	}
	return heat(float64(*v), bisect.Pass)
}
