package passes

import (
	"slices"
	"strconv"

	"halfway/engine/graph"
)

// A permutation is a Reshape that splits the axes of x, a Transpose and a Reshape that joins axes again. All shapes are static.
type permutation struct {
	x                          graph.Port
	split, transpose, join     *graph.Node
	from, splitTo, order, into []int
}

// permutationOf matches one that ends in join and whose values are read by nothing else.
func (r *rewriter) permutationOf(join *graph.Node) (p permutation, ok bool) {
	p = permutation{join: join, transpose: join.In[0].Node}
	if p.transpose.Op != "Transpose" || r.only(p.transpose) == nil {
		return p, false
	}
	p.split = p.transpose.In[0].Node
	if p.split.Op != "Reshape" || r.only(p.split) == nil || !isConstant(p.split.In[1]) || !isConstant(join.In[1]) {
		return p, false
	}
	p.x = p.split.In[0]
	p.from, p.splitTo, p.into = p.x.Node.Out[p.x.Out].Shape, p.split.Out[0].Shape, join.Out[0].Shape
	p.order, ok = r.integers(p.transpose.In[1])
	for _, shape := range [][]int{p.from, p.splitTo, p.into} {
		ok = ok && shape != nil && !slices.ContainsFunc(shape, func(d int) bool { return d <= 0 })
	}
	return p, ok
}

// shuffleChannels finds channels [N, C, H, W] that are split into groups, exchanged with what is in a group and joined again.
// Source: ShuffleChannelsFusion.
func shuffleChannels(r *rewriter, n *graph.Node) bool {
	p, ok := r.permutationOf(n)
	if !ok || len(p.from) != 4 || !slices.Equal(p.into, p.from) || len(p.splitTo) < 4 {
		return false
	}
	groups, c, h, w := p.splitTo[1], p.from[1], p.from[2], p.from[3]
	if c%groups != 0 {
		return false
	}
	flat := slices.Equal(p.splitTo, []int{p.from[0], groups, c / groups, h * w}) && slices.Equal(p.order, []int{0, 2, 1, 3})
	whole := slices.Equal(p.splitTo, []int{p.from[0], groups, c / groups, h, w}) && slices.Equal(p.order, []int{0, 2, 1, 3, 4})
	if !flat && !whole {
		return false
	}
	constants := []*graph.Node{p.split.In[1].Node, p.transpose.In[1].Node, p.join.In[1].Node}
	return r.unary(n, "ShuffleChannels", "opset1", graph.Attrs{"axis": "1", "group": strconv.Itoa(groups)}, p.x,
		append(constants, p.split, p.transpose)...)
}

// depthToSpace finds blocks of the channels [N, C, D1, ..., DK] that become blocks of the other axes. Source: DepthToSpaceFusion.
func depthToSpace(r *rewriter, n *graph.Node) bool {
	p, ok := r.permutationOf(n)
	k := len(p.from) - 2 // spatial axes
	if !ok || k < 1 || len(p.splitTo) != 2*k+2 {
		return false
	}
	if block := p.splitTo[2]; p.isDepthToSpace(k, block, 1) {
		return r.unary(n, "DepthToSpace", "opset1", graph.Attrs{"block_size": strconv.Itoa(block), "mode": "depth_first"}, p.x, p.split, p.transpose)
	}
	if block := p.splitTo[1]; p.isDepthToSpace(k, block, k+1) {
		return r.unary(n, "DepthToSpace", "opset1", graph.Attrs{"block_size": strconv.Itoa(block), "mode": "blocks_first"}, p.x, p.split, p.transpose)
	}
	return false
}

// isDepthToSpace compares p with what splits k blocks off the channels, of which the rest stands at the given axis, 1 or k+1.
func (p permutation) isDepthToSpace(k, block, channels int) bool {
	blocks := 1
	for range k {
		blocks *= block
		if blocks > p.from[1] {
			return false
		}
	}
	split, order := []int{p.from[0]}, []int{0, channels}
	into := []int{p.from[0], p.from[1] / blocks}
	for axis := 1; axis <= k+1; axis++ {
		if axis == channels {
			split = append(split, p.from[1]/blocks)
		} else {
			split = append(split, block)
		}
	}
	first := 1 // axis of the first block
	if channels == 1 {
		first = 2
	}
	for i, d := range p.from[2:] {
		split = append(split, d)
		order = append(order, k+2+i, first+i)
		into = append(into, d*block)
	}
	return p.from[1]%blocks == 0 && slices.Equal(p.splitTo, split) && slices.Equal(p.order, order) && slices.Equal(p.into, into)
}
