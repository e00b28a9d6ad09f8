package ops

import (
	"fmt"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// Tile (opset1).
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/movement/tile-1.html
func init() {
	register("Tile", func(*graph.Node) (Op, error) { return rearrangement(tile), nil })
}

// tile repeats each axis; the shorter of shape and repeats gets ones in front.
func tile(in []Arg) (*pattern, error) {
	if err := wantInputs(in, 2, 2); err != nil {
		return nil, err
	}
	repeats, err := vector(in, 1, "repeats")
	if err != nil || repeats == nil || in[0].Shape == nil {
		return nil, err
	}
	rank := max(len(repeats), len(in[0].Shape))
	repeats, shape := leadingOnes(repeats, rank), leadingOnes(in[0].Shape, rank)
	strides := dense(shape).strides
	p := &pattern{shape: make([]int, rank)}
	for i, n := range repeats {
		if n < 0 {
			return nil, fmt.Errorf("repeats %v has a negative number", repeats)
		}
		p.dims = append(p.dims, n, shape[i])
		p.from.strides = append(p.from.strides, 0, strides[i])
	}
	if _, err := tensor.Elements(p.dims); err != nil {
		return nil, fmt.Errorf("repeats %v of shape %v: %w", repeats, shape, err)
	}
	for i, n := range repeats {
		p.shape[i] = n * shape[i]
	}
	return p, nil
}

// leadingOnes puts ones before shape until it has the given rank.
func leadingOnes(shape []int, rank int) []int {
	return joinShapes(slices.Repeat([]int{1}, rank-len(shape)), shape)
}
