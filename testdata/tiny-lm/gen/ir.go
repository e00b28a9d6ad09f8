package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
)

// A model collects the layers, edges and constants of an OpenVINO IR.
type model struct {
	rng    *rand.Rand
	layers bytes.Buffer
	edges  bytes.Buffer
	bin    []byte
	count  int
}

// A value is an output port of a layer.
type value struct {
	layer, port int
	precision   string
	shape       []int
}

func newModel(rng *rand.Rand) *model { return &model{rng: rng} }

// normal returns n random weights of the given standard deviation.
func (m *model) normal(n int, deviation float64) []float32 {
	w := make([]float32, n)
	for i := range w {
		w[i] = float32(m.rng.NormFloat64() * deviation)
	}
	return w
}

// numbered gives the i-th of several equal operations in a module its name.
func (m *model) numbered(name string, i int) string {
	if i == 0 {
		return name
	}
	return fmt.Sprintf("%s_%d", name, i)
}

func (m *model) parameter(name string, shape ...int) value {
	data := fmt.Sprintf(`shape="%s" element_type="i64"`, join(shape, ","))
	return m.layer1(name, "Parameter", "opset1", data, "I64", shape, name, nil)
}

func (m *model) result(v value) { m.layer1("Result", "Result", "opset1", "", "", nil, "", []value{v}) }

func (m *model) weight(name string, w []float32, shape ...int) value {
	offset := len(m.bin)
	for _, x := range w {
		m.bin = binary.LittleEndian.AppendUint32(m.bin, math.Float32bits(x))
	}
	return m.constant(name, "f32", "FP32", offset, shape)
}

func (m *model) scalar(name string, x float32) value { return m.weight(name, []float32{x}, 1, 1, 1) }

func (m *model) ints(name string, values ...int64) value {
	offset := len(m.bin)
	for _, x := range values {
		m.bin = binary.LittleEndian.AppendUint64(m.bin, uint64(x))
	}
	return m.constant(name, "i64", "I64", offset, []int{len(values)})
}

func (m *model) constant(name, elementType, precision string, offset int, shape []int) value {
	if name == "" {
		name = fmt.Sprintf("Constant_%d", m.count)
	}
	data := fmt.Sprintf(`element_type="%s" shape="%s" offset="%d" size="%d"`, elementType, join(shape, ", "), offset, len(m.bin)-offset)
	return m.layer1(name, "Const", "opset1", data, precision, shape, "", nil)
}

func (m *model) linear(name, weightName string, x value, w []float32, in, out int) value {
	shape := append(append([]int(nil), x.shape[:len(x.shape)-1]...), out)
	names := ""
	if name == "__module.lm_head" {
		names = "logits"
	}
	return m.layer1(name+"/aten::linear/MatMul", "MatMul", "opset1", `transpose_a="false" transpose_b="true"`, "FP32", shape, names,
		[]value{x, m.weight(weightName, w, out, in)})
}

func (m *model) binary(kind, name string, shape []int, a, b value) value {
	return m.op(kind, "opset1", name, `auto_broadcast="numpy"`, "FP32", shape, a, b)
}

func (m *model) op(kind, opset, name, data, precision string, shape []int, in ...value) value {
	return m.layer1(name, kind, opset, data, precision, shape, "", in)
}

// layer1 writes a layer with one output, or none when precision is empty, and the edges that lead to it.
func (m *model) layer1(name, kind, opset, data, precision string, shape []int, tensorName string, in []value) value {
	id := m.count
	m.count++
	fmt.Fprintf(&m.layers, "\t\t<layer id=\"%d\" name=\"%s\" type=\"%s\" version=\"%s\">\n", id, name, kind, opset)
	if data != "" {
		fmt.Fprintf(&m.layers, "\t\t\t<data %s />\n", data)
	}
	if len(in) > 0 {
		m.layers.WriteString("\t\t\t<input>\n")
		for i, v := range in {
			m.port(i, v.precision, "", v.shape)
			fmt.Fprintf(&m.edges, "\t\t<edge from-layer=\"%d\" from-port=\"%d\" to-layer=\"%d\" to-port=\"%d\" />\n", v.layer, v.port, id, i)
		}
		m.layers.WriteString("\t\t\t</input>\n")
	}
	if precision != "" {
		m.layers.WriteString("\t\t\t<output>\n")
		m.port(len(in), precision, tensorName, shape)
		m.layers.WriteString("\t\t\t</output>\n")
	}
	m.layers.WriteString("\t\t</layer>\n")
	return value{id, len(in), precision, shape}
}

func (m *model) port(id int, precision, tensorName string, shape []int) {
	fmt.Fprintf(&m.layers, "\t\t\t\t<port id=\"%d\" precision=\"%s\"", id, precision)
	if tensorName != "" {
		fmt.Fprintf(&m.layers, " names=\"%s\"", tensorName)
	}
	if len(shape) == 0 {
		m.layers.WriteString(" />\n")
		return
	}
	m.layers.WriteString(">\n")
	for _, d := range shape {
		fmt.Fprintf(&m.layers, "\t\t\t\t\t<dim>%d</dim>\n", d)
	}
	m.layers.WriteString("\t\t\t\t</port>\n")
}

func (m *model) xml() []byte {
	return fmt.Appendf(nil, "<?xml version=\"1.0\"?>\n<net name=\"tiny-lm\" version=\"11\">\n\t<layers>\n%s\t</layers>\n\t<edges>\n%s\t</edges>\n</net>\n",
		m.layers.Bytes(), m.edges.Bytes())
}

func join(dims []int, separator string) string {
	parts := make([]string, len(dims))
	for i, d := range dims {
		parts[i] = fmt.Sprint(d)
	}
	return strings.Join(parts, separator)
}
