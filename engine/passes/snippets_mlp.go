package passes

import (
	"slices"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// Limits of the plugin's products in a row: rows of the input, and both sizes of the weights.
const (
	maxSequenceRows = 8
	maxSequenceSize = 256
)

// sequence finds two or more MatMuls with constant weights in a row, elementwise operations, quantization and Softmax over the last axis between them, and
// makes one group of them. m is to be the first. Source: TokenizeMLPSeqSnippets; the sizes from which the plugin prefers other kernels and the
// ports that a kernel has registers for are measured with release 2026.4.
func (t *tokenizer) sequence(m *graph.Node) {
	if t.group[m] != nil || !sequenced(m) || t.only(m) == nil {
		return
	}
	s := &sequence{tokenizer: t, ports: 3, matmuls: 1, fusable: true}
	if fq := m.In[0].Node; t.quantizes(fq) && t.only(fq) != nil && t.group[fq] == nil {
		s.ops, s.ports = append(s.ops, fq), s.ports+params(fq)
	}
	s.ops = append(s.ops, m)
	for next := t.only(m); next != nil && s.add(next); next = t.only(next) {
	}
	if s.matmuls >= 2 {
		t.complete(s.ops)
	}
}

// sequenced reports whether n is a MatMul that can be part of a sequence.
func sequenced(n *graph.Node) bool {
	if n.Op != "MatMul" || flag(n, "transpose_a") || !isConstant(n.In[1]) {
		return false
	}
	from, by := n.In[0].Type(), n.In[1].Type()
	if !(from == tensor.F32 && by == tensor.F32) && !(isByte(from) && by == tensor.I8) {
		return false
	}
	x, w := shape(n.In[0]), shape(n.In[1])
	return len(x) == 2 && len(w) == 2 && static(x) && x[0] <= maxSequenceRows && max(w[0], w[1]) <= maxSequenceSize
}

// quantizes reports whether snippets have code for the FakeQuantize n.
func (t *tokenizer) quantizes(n *graph.Node) bool {
	return n.Op == "FakeQuantize" && t.constantRanges(n) && t.appropriate(n)
}

// sequence is a match under way.
type sequence struct {
	*tokenizer
	ops            []*graph.Node
	ports, matmuls int
	fusable        bool // the next operation can still be computed in place behind the last MatMul
	unfused        bool // an operation before the last MatMul was not
}

// add takes n along unless it is of another kind or the kernel would run out of registers.
func (s *sequence) add(n *graph.Node) bool {
	ports, fusable, unfused, matmul := s.ports, s.fusable, s.unfused, sequenced(n)
	switch {
	case s.group[n] != nil:
		return false
	case matmul:
		unfused = unfused || !fusable
		ports++
		fusable = true
	case s.stands(n):
		if !fusable || !s.inPlace(n) {
			fusable = false
			ports += params(n)
		}
	default:
		return false
	}
	if free := 9; unfused && ports > free-3 || ports > free {
		return false
	}
	s.ports, s.fusable, s.unfused = ports, fusable, unfused
	if matmul {
		s.matmuls++
	}
	s.ops = append(s.ops, n)
	return true
}

// stands reports whether n can stand in a sequence.
func (s *sequence) stands(n *graph.Node) bool {
	rank := len(n.Out[0].Shape)
	if n.Op == "Softmax" {
		return rank <= 2 && axis(number(n, "axis", 1), rank) == rank-1
	}
	return isOp(n, slices.Concat(movable, []string{"Convert"})...) && s.appropriate(n) || s.quantizes(n)
}

// inPlace reports whether the kernel of a MatMul computes n behind it.
func (s *sequence) inPlace(n *graph.Node) bool {
	if n.Op == "Relu" {
		return true
	}
	return isOp(n, "Add", "Subtract", "Multiply", "Maximum", "Minimum") && isConstant(n.In[1])
}
