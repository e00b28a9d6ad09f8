package passes

import (
	"encoding/binary"
	"strconv"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// matMulToFullyConnected turns MatMuls with constant weights into FullyConnected nodes of the same name, as the plugin's
// ConvertMatMulToFC: input 1 depends on constants alone, both ranks are known and neither is 1, at most two dimensions of the weights
// differ from 1, and the aligned batch dimensions of the weights are 1. A transposed input 0 gets a Transpose `<name>/transpose_a`; that of
// the weights would be folded, so it stays the attribute transpose_b.
func matMulToFullyConnected(r *rewriter) {
	g := r.Graph
	constant := constantPath(g)
	for _, n := range g.Nodes {
		if n.Op != "MatMul" || len(n.In) != 2 || !constant[n.In[1].Node.ID] || constant[n.In[0].Node.ID] || !n.In[0].Type().IsFloat() {
			continue
		}
		a, b := shape(n.In[0]), shape(n.In[1])
		d := n.Attrs.Decode()
		transposeA, transposeB := d.Bool("transpose_a", false), d.Bool("transpose_b", false)
		if d.Err() != nil || !fitsFullyConnected(a, b) {
			continue
		}
		n.Op, n.Opset = "FullyConnected", "ie_internal_opset"
		if transposeA {
			n.In[0] = graph.Port{Node: insertTranspose(r, n.Name+"/transpose_a", n.In[0], a)}
		}
		n.Attrs = graph.Attrs{"transpose_b": strconv.FormatBool(transposeB)}
	}
}

func fitsFullyConnected(a, b []int) bool {
	if len(a) < 2 || len(b) < 2 {
		return false
	}
	wide := 0
	for _, d := range b {
		if d != 1 {
			wide++
		}
	}
	for _, d := range b[:len(b)-2] {
		if d != 1 {
			return false
		}
	}
	return wide <= 2
}

// insertTranspose adds a Transpose that swaps the last two dimensions of the value at p, with its constant order.
func insertTranspose(r *rewriter, name string, p graph.Port, shape []int) *graph.Node {
	rank := len(shape)
	perm, swapped := make([]int64, rank), append([]int(nil), shape...)
	for i := range perm {
		perm[i] = int64(i)
	}
	perm[rank-1], perm[rank-2] = perm[rank-2], perm[rank-1]
	swapped[rank-1], swapped[rank-2] = shape[rank-2], shape[rank-1]
	order := r.add(int64Constant(name+"/order", perm))
	return r.add(&graph.Node{Op: "Transpose", Opset: "opset1", Name: name, In: []graph.Port{p, {Node: order}},
		Out: []graph.Output{{Type: p.Type(), Shape: swapped}}})
}

func int64Constant(name string, values []int64) *graph.Node {
	raw := &tensor.Raw{Type: tensor.I64, Shape: []int{len(values)}}
	for _, v := range values {
		raw.Bytes = binary.LittleEndian.AppendUint64(raw.Bytes, uint64(v))
	}
	return &graph.Node{Op: "Constant", Opset: "opset1", Name: name, Value: raw, Out: []graph.Output{{Type: raw.Type, Shape: raw.Shape}}}
}

// fullyConnectedBias fuses a FullyConnected whose only reader adds a constant with one element per output channel: the node takes the
// Add's name and place, the constant becomes its third input.
func fullyConnectedBias(r *rewriter) {
	g := r.Graph
	constant, readers := constantPath(g), g.Consumers()
	for _, add := range g.Nodes {
		if add.Op != "Add" || len(add.In) != 2 {
			continue
		}
		for side := range 2 {
			fc, bias := add.In[side].Node, add.In[1-side]
			if fc.Op != "FullyConnected" || len(fc.In) != 2 || len(readers[fc.ID]) != 1 || !constant[bias.Node.ID] {
				continue
			}
			if s := shape(bias); !isBias(s, channels(fc)) || len(s) > len(fc.Out[0].Shape) {
				continue
			}
			add.Op, add.Opset, add.Attrs = fc.Op, fc.Opset, fc.Attrs
			add.In = []graph.Port{fc.In[0], fc.In[1], bias}
			add.Precise = false // the fused node is a new one, to which the plugin copies no mark
			add.Fused = []string{fc.Name, add.Name}
			break
		}
	}
}

// channels is the number of output channels of a FullyConnected, -1 when not known.
func channels(fc *graph.Node) int {
	shape := fc.Out[0].Shape
	if len(shape) == 0 {
		return -1
	}
	return shape[len(shape)-1]
}

// isBias reports whether a constant of this shape has one element per channel, in its last dimension.
func isBias(shape []int, channels int) bool {
	if len(shape) == 0 || shape[len(shape)-1] != channels {
		return false
	}
	for _, d := range shape[:len(shape)-1] {
		if d != 1 {
			return false
		}
	}
	return true
}
