package passes

import (
	"halfway/engine/graph"
)

// aligned are the operations whose constants get the rank of the result.
var aligned = []string{"Add", "Subtract", "Multiply", "Divide", "Maximum", "Minimum", "Mod", "FloorMod", "SquaredDifference", "Equal", "NotEqual",
	"Greater", "GreaterEqual", "Less", "LessEqual", "LogicalAnd", "LogicalOr", "LogicalXor", "FakeQuantize"}

// alignRanks gives the constants of elementwise operations the rank of the result, with dimensions of 1 in front. Source: AlignEltwiseInputRanks.
func alignRanks(r *rewriter) {
	r.each(func(n *graph.Node) {
		if !isOp(n, aligned...) || n.Out[0].Shape == nil {
			return
		}
		if b, ok := n.Attrs["auto_broadcast"]; ok && lower(b) != "numpy" {
			return
		}
		for i, p := range n.In {
			missing := len(n.Out[0].Shape) - len(shape(p))
			if !isConstant(p) || missing <= 0 {
				continue
			}
			r.set(n, i, r.reshapedConstant(p, append(ones(missing), shape(p)...)))
		}
	})
}
