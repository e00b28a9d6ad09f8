package onnx

import (
	"encoding/binary"
	"math"

	"halfway/engine/tensor"
)

// bf16Opset is the first one whose Cast knows bfloat16.
const bf16Opset = 13

// pair appends what rounds from into to: Casts there and back, or what amounts to it where Cast does not know the type.
func (w *graphRewriter) pair(out []byte, from, to string) []byte {
	if w.Type == tensor.BF16 && w.proto.opset("") < bf16Opset {
		return w.split(out, from, to)
	}
	half := w.fresh(to + "/half")
	return castNode(castNode(out, from, half, castCodes[w.Type]), half, to, f32Code)
}

// split rounds to bf16 in f64: 2^45 x + x keeps of the second x the 8 significant bits of bf16, to nearest even, since 2^45 x takes the other 45 of
// the 53 that f64 has, and its last one is even; the difference to 2^45 x is exact. Infinities are first made the largest f32, which rounds to infinity.
// Only subnormal numbers come out finer than bf16 has them, and -0 as 0. Source: Dekker, A floating-point technique for extending the available precision (1971).
func (w *graphRewriter) split(out []byte, from, to string) []byte {
	finite, wide := w.fresh(to+"/finite"), w.fresh(to+"/f64")
	out = appendNode(out, "Clip", []string{from}, []string{finite}) // without bounds: to the range of f32
	out = castNode(out, finite, wide, f64Code)
	sum, large, difference := w.fresh(to+"/sum"), w.fresh(to+"/large"), w.fresh(to+"/difference")
	out = appendNode(out, "Mul", []string{wide, w.f64(1<<45 + 1)}, []string{sum})
	out = appendNode(out, "Mul", []string{wide, w.f64(1 << 45)}, []string{large})
	out = appendNode(out, "Sub", []string{sum, large}, []string{difference})
	return castNode(out, difference, to, f32Code)
}

// f64 is the name of a constant scalar.
func (w *graphRewriter) f64(v float64) string {
	return w.scalar(v, f64Code, binary.LittleEndian.AppendUint64(nil, math.Float64bits(v)))
}

// scalar is the name of a constant of one number, whose type and value are those of number; it is written once.
func (w *graphRewriter) scalar(number any, code int64, raw []byte) string {
	name, ok := w.made[number]
	if !ok {
		name = w.fresh("constant")
		w.made[number] = name
		w.initializer(name, code, nil, raw)
	}
	return name
}

// initializer adds a tensor with the given elements, little-endian.
func (w *graphRewriter) initializer(name string, code int64, dims []int, raw []byte) {
	w.extra = appendTensor(w.extra, name, code, dims, raw)
}

// appendTensor appends an initializer of a graph.
func appendTensor(out []byte, name string, code int64, dims []int, raw []byte) []byte {
	var t []byte
	for _, d := range dims {
		t = appendInt(t, 1, int64(d))
	}
	t = appendMessage(appendInt(t, 2, code), 8, []byte(name))
	return appendMessage(out, 5, appendMessage(t, 9, raw))
}

// An attribute of a node that is written: int64, float32 or []int.
type attribute struct {
	name  string
	value any
}

// appendNode appends a node without a name: names of nodes may be those of values, and must not repeat.
func appendNode(out []byte, op string, in, made []string, attrs ...attribute) []byte {
	var n []byte
	for _, name := range in {
		n = appendMessage(n, 1, []byte(name))
	}
	for _, name := range made {
		n = appendMessage(n, 2, []byte(name))
	}
	n = appendMessage(n, 4, []byte(op))
	for _, a := range attrs {
		n = appendMessage(n, 5, a.append(appendMessage(nil, 1, []byte(a.name))))
	}
	return appendMessage(out, 1, n)
}

func (a attribute) append(b []byte) []byte {
	switch v := a.value.(type) {
	case float32:
		return appendInt(appendField(b, field{number: 2, kind: 5, value: uint64(math.Float32bits(v))}), 20, 1)
	case []int:
		for _, i := range v {
			b = appendInt(b, 8, int64(i))
		}
		return appendInt(b, 20, 7)
	}
	return appendInt(appendInt(b, 3, a.value.(int64)), 20, 2)
}

func castNode(out []byte, from, to string, code int64) []byte {
	return appendNode(out, "Cast", []string{from}, []string{to}, attribute{"to", code})
}
