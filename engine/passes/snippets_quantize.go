package passes

import (
	"math"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// A levelMap is how a FakeQuantize gets from its input to levels and from those to its output: x scale - shift, and level step + low.
type levelMap struct {
	scale, shift, step, low graph.Port
	direct                  bool // the scaled input is the output but for the conversion to integers
	levels                  bool // the levels are the output
}

// spellQuantization adds to a body what fq computes, spelled in arithmetic, the last step under fq's name; in are fq's inputs in the body.
// Source: FakeQuantizeDecomposition of snippets.
func (t *tokenizer) spellQuantization(body *graph.Graph, fq *graph.Node, in []graph.Port) graph.Port {
	m := t.levelMap(fq)
	step := func(op, opset string, attrs graph.Attrs, out tensor.DType, in ...graph.Port) graph.Port {
		return port(body.Insert(&graph.Node{Op: op, Opset: opset, Name: t.generated(op), Attrs: attrs, In: in, Out: []graph.Output{{Type: out, Shape: fq.Out[0].Shape}}}))
	}
	binary := func(op string, a, b graph.Port) graph.Port {
		return step(op, "opset1", numpyBroadcast, tensor.F32, a, b)
	}
	constant := func(p graph.Port) graph.Port {
		c := *p.Node
		return port(body.Insert(&c))
	}
	v := in[0]
	if v.Type() != tensor.F32 {
		v = step("ConvertSaturation", "SnippetsOpset", graph.Attrs{"destination_type": "f32"}, tensor.F32, v)
	}
	v = binary("Multiply", binary("Minimum", binary("Maximum", v, in[1]), in[2]), constant(m.scale))
	if !m.direct {
		v = binary("Subtract", v, constant(m.shift))
	}
	spelled := !m.direct && !m.levels
	if spelled || fq.Out[0].Type == tensor.F32 {
		v = step("Round", "opset5", graph.Attrs{"mode": "half_to_even"}, tensor.F32, v)
	}
	if spelled {
		v = binary("Add", binary("Multiply", v, constant(m.step)), constant(m.low))
	}
	if out := fq.Out[0].Type; out != tensor.F32 {
		v = step("ConvertSaturation", "SnippetsOpset", graph.Attrs{"destination_type": out.String()}, out, v)
	}
	v.Node.Name, v.Node.Precise = fq.Name, fq.Precise
	return v
}

// levelMap finds the arithmetic of fq.
func (t *tokenizer) levelMap(fq *graph.Node) levelMap {
	by := func(op string, a, b graph.Port) graph.Port { return t.folded(op, "opset1", numpyBroadcast, a, b) }
	low, high, outLow, outHigh := fq.In[1], fq.In[2], fq.In[3], fq.In[4]
	steps := t.floats(0, float32(number(fq, "levels", 2)-1))
	scale := by("Divide", steps, by("Subtract", high, low))
	m := levelMap{scale: scale, shift: by("Multiply", low, scale), step: by("Divide", by("Subtract", outHigh, outLow), steps), low: outLow}
	all := func(p graph.Port, is func(v float64) bool) bool {
		v, ok := t.numbers(p)
		return ok && !slices.ContainsFunc(v, func(x float64) bool { return !is(x) })
	}
	zero, one := func(v float64) bool { return v == 0 }, func(v float64) bool { return v == 1 }
	lowest := func(v float64) bool { return math.Abs(v+128) < 1e-4 }
	unit := all(m.step, one)
	m.levels = unit && all(m.low, zero)
	switch fq.Out[0].Type {
	case tensor.U8:
		m.direct = m.levels && all(low, zero)
	case tensor.I8:
		m.direct = unit && all(m.low, lowest) && all(m.shift, lowest)
	}
	return m
}
