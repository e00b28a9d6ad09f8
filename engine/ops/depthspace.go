package ops

import (
	"fmt"

	"halfway/engine/graph"
)

// DepthToSpace, SpaceToDepth (opset1) and ShuffleChannels (opset1): axes that are split, permuted and joined again.
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/movement/depth-to-space-1.html
func init() {
	register("DepthToSpace", func(n *graph.Node) (Op, error) {
		b, err := newBlocks(n)
		return rearrangement(b.depthToSpace), err
	})
	register("SpaceToDepth", func(n *graph.Node) (Op, error) {
		b, err := newBlocks(n)
		return rearrangement(b.spaceToDepth), err
	})
	register("ShuffleChannels", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		axis, group := d.Int("axis", 1), d.Int("group", 1)
		return rearrangement(func(in []Arg) (*pattern, error) { return shuffleChannels(in, axis, group) }), d.Err()
	})
}

// blocks are the places of a block of size^k pixels that depth holds, before the channels (blocks_first) or after them.
type blocks struct {
	size  int
	first bool
}

func newBlocks(n *graph.Node) (blocks, error) {
	d := n.Attrs.Decode()
	d.Required("mode")
	b := blocks{size: d.Int("block_size", 1), first: d.Enum("mode", "", "blocks_first", "depth_first") == "blocks_first"}
	if d.Err() == nil && b.size < 1 {
		return b, fmt.Errorf("block_size is %d, want at least 1", b.size)
	}
	return b, d.Err()
}

// volume is size^k, at most limit+1.
func (b blocks) volume(k, limit int) int {
	n := 1
	for range k {
		if n *= min(b.size, limit+1); n > limit {
			return limit + 1
		}
	}
	return n
}

func (b blocks) depthToSpace(in []Arg) (*pattern, error) {
	if err := wantInputs(in, 1, 1); err != nil || in[0].Shape == nil {
		return nil, err
	}
	shape := in[0].Shape
	k := len(shape) - 2
	if k < 1 {
		return nil, fmt.Errorf("input 0 has shape %v, want a rank of at least 3", shape)
	}
	v := b.volume(k, shape[1])
	if v > 1 && shape[1]%v != 0 {
		return nil, fmt.Errorf("%d channels of %v are not divisible by block_size^%d = %d^%d", shape[1], shape, k, b.size, k)
	}
	from := dense(shape).strides
	channels := shape[1] / v
	channel, block := from[1], channels*from[1] // strides of a channel and of the block's last axis
	if !b.first {
		channel, block = v*from[1], from[1]
	}
	p := &pattern{shape: []int{shape[0], channels}, dims: []int{shape[0], channels}, from: layout{strides: []int{from[0], channel}}}
	for i := range k {
		stride := block
		for range k - 1 - i {
			stride *= b.size
		}
		p.shape = append(p.shape, shape[2+i]*b.size)
		p.dims = append(p.dims, shape[2+i], b.size)
		p.from.strides = append(p.from.strides, from[2+i], stride)
	}
	return p, nil
}

func (b blocks) spaceToDepth(in []Arg) (*pattern, error) {
	if err := wantInputs(in, 1, 1); err != nil || in[0].Shape == nil {
		return nil, err
	}
	shape := in[0].Shape
	k := len(shape) - 2
	if k < 1 {
		return nil, fmt.Errorf("input 0 has shape %v, want a rank of at least 3", shape)
	}
	from := dense(shape).strides
	var blockDims, blockStrides, dims, strides []int
	depth := shape[1]
	for i, d := range shape[2:] {
		if d%b.size != 0 {
			return nil, fmt.Errorf("dimension %d of %v is not divisible by the block_size %d", 2+i, shape, b.size)
		}
		depth *= b.size // at most the number of elements, unless that is 0
		blockDims, blockStrides = append(blockDims, b.size), append(blockStrides, from[2+i])
		dims, strides = append(dims, d/b.size), append(strides, b.size*from[2+i])
	}
	p := &pattern{shape: append([]int{shape[0], depth}, dims...), dims: []int{shape[0]}, from: layout{strides: []int{from[0]}}}
	add := func(dims, strides []int) {
		p.dims, p.from.strides = append(p.dims, dims...), append(p.from.strides, strides...)
	}
	if b.first {
		add(blockDims, blockStrides)
		add(shape[1:2], from[1:2])
	} else {
		add(shape[1:2], from[1:2])
		add(blockDims, blockStrides)
	}
	add(dims, strides)
	return p, nil
}

// shuffleChannels transposes the groups of an axis with their members.
func shuffleChannels(in []Arg, axis, group int) (*pattern, error) {
	if err := wantInputs(in, 1, 1); err != nil || in[0].Shape == nil {
		return nil, err
	}
	shape := in[0].Shape
	axis, err := normalizeAxis(axis, len(shape))
	if err != nil {
		return nil, err
	}
	if group < 1 || shape[axis]%group != 0 {
		return nil, fmt.Errorf("dimension %d of %v is not divisible into %d groups", axis, shape, group)
	}
	p := &pattern{shape: shape}
	for i, s := range dense(shape).strides {
		if i != axis {
			p.dims, p.from.strides = append(p.dims, shape[i]), append(p.from.strides, s)
			continue
		}
		members := shape[i] / group
		p.dims, p.from.strides = append(p.dims, members, group), append(p.from.strides, s, members*s)
	}
	return p, nil
}
