package ir_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"halfway/engine/ir"
)

// A document is the text of a model: x, a Parameter, then what layers and edges add, then a Result of id 9 that reads x unless edges says
// otherwise.
type document struct{ head, layers, edges, tail string }

const (
	parameter = `<layer id="0" name="x" type="Parameter" version="opset1"><data shape="1,8" element_type="f32"/><output><port id="0" precision="FP32"><dim>1</dim><dim>8</dim></port></output></layer>`
	result    = `<layer id="9" name="y" type="Result" version="opset1"><input><port id="0"/></input></layer>`
	direct    = `<edge from-layer="0" from-port="0" to-layer="9" to-port="0"/>`
)

func (d document) xml() string {
	head := `<?xml version="1.0"?>`
	if d.head != "" {
		head = d.head
	}
	edges := d.edges
	if edges == "" {
		edges = direct
	}
	return head + "\n<net name=\"n\" version=\"11\"><layers>" + parameter + d.layers + result + "</layers><edges>" + edges + "</edges></net>" + d.tail
}

// unary is a layer with input port 0 and output port 1.
func unary(id, name string) string {
	return fmt.Sprintf(`<layer id="%s" name="%s" type="ReLU" version="opset1"><input><port id="0"/></input><output><port id="1" precision="FP32"/></output></layer>`, id, name)
}

func constant(shape, offset, size string) string {
	return fmt.Sprintf(`<layer id="1" name="weights" type="Const" version="opset1"><data element_type="f32" shape="%s" offset="%s" size="%s"/>`+
		`<output><port id="0" precision="FP32"/></output></layer>`, shape, offset, size)
}

// between are edges x -> from ... to -> y.
func edges(pairs ...string) string {
	var b strings.Builder
	for _, p := range pairs {
		var from, fromPort, to, toPort string
		if _, err := fmt.Sscanf(p, "%s %s %s %s", &from, &fromPort, &to, &toPort); err != nil {
			panic(err)
		}
		fmt.Fprintf(&b, `<edge from-layer="%s" from-port="%s" to-layer="%s" to-port="%s"/>`, from, fromPort, to, toPort)
	}
	return b.String()
}

// hostileModels are what a file may claim; err "" is a model that is read.
var hostileModels = []struct {
	reason string
	model  document
	err    string
}{
	{"the plain document", document{}, ""},
	{"a layer that reads itself", document{layers: unary("1", "loop"), edges: edges("1 1 1 0", "1 1 9 0")}, `layer 1 "loop" (Relu) is part of a cycle`},
	{"a cycle of two", document{layers: unary("1", "a") + unary("2", "b"), edges: edges("1 1 2 0", "2 1 1 0", "2 1 9 0")}, "is part of a cycle"},
	{"a cycle that nothing needs is dropped", document{layers: unary("1", "a") + unary("2", "b"), edges: edges("1 1 2 0", "2 1 1 0", "0 0 9 0")}, ""},
	{"two layers of one id", document{layers: unary("1", "a") + unary("1", "b")}, `layer 1 "b" (Relu) has the id of layer 1 "a" (Relu)`},
	{"two layers of one name, as real models have", document{layers: unary("1", "a") + unary("2", "a"), edges: edges("0 0 1 0", "1 1 2 0", "2 1 9 0")}, ""},
	{"an edge from a layer that is not there", document{edges: edges("7 0 9 0")}, "from output port 0 of layer 7, which is not there"},
	{"an edge to a port that is not there", document{edges: edges("0 0 9 5")}, "to input port 5, which is not there"},
	{"two edges into one port", document{edges: direct + direct}, "input port 0 has two edges"},
	{"an edge from a Result", document{layers: strings.Replace(unary("1", "a"), "ReLU", "Result", 1), edges: edges("0 0 1 0", "1 1 9 0")}, `layer 1 "a" (Result): an edge leads from it`},
	{"an unconnected input", document{layers: unary("1", "a"), edges: edges("1 1 9 0")}, `layer 1 "a" (Relu): nothing is connected to input port 0`},
	{"dimensions whose product overflows", document{layers: constant("4294967296,4294967296", "0", "4"), edges: edges("1 0 9 0")}, `layer 1 "weights" (Constant): shape [4294967296 4294967296] overflows`},
	{"a product that wraps to a small number", document{layers: constant("4294967297,4294967297,4294967297,4294967297", "0", "4"), edges: edges("1 0 9 0")}, "overflows"},
	{"more elements than any tensor has", document{layers: constant("1099511627776", "0", "4"), edges: edges("1 0 9 0")}, "more than the limit"},
	{"a dimension beyond 64 bits", document{layers: constant("99999999999999999999", "0", "4"), edges: edges("1 0 9 0")}, `dimension "99999999999999999999"`},
	{"a negative dimension", document{layers: constant("-2", "0", "4"), edges: edges("1 0 9 0")}, `dimension "-2"`},
	{"an offset beyond the file", document{layers: constant("1", "8", "4"), edges: edges("1 0 9 0")}, "4 bytes from offset 8 are beyond the end"},
	{"an end that overflows", document{layers: constant("1", "18446744073709551612", "8"), edges: edges("1 0 9 0")}, "are beyond the end"},
	{"a size that overflows", document{layers: constant("1", "0", "18446744073709551615"), edges: edges("1 0 9 0")}, "are beyond the end"},
	{"a negative offset", document{layers: constant("1", "-4", "4"), edges: edges("1 0 9 0")}, `offset="-4": expected a number of bytes`},
	{"fewer bytes than the shape needs", document{layers: constant("2", "0", "4"), edges: edges("1 0 9 0")}, "f32[2] needs 8 bytes, but its size is 4"},
	{"an entity", document{layers: unary("1", "&secret;")}, "invalid character entity &secret;"},
	{"a document type with entities that expand", document{head: `<!DOCTYPE net [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>`}, "document type declarations are not allowed"},
	{"an entity in a file of the system", document{head: `<!DOCTYPE net [<!ENTITY x SYSTEM "file:///etc/passwd">]>`}, "document type declarations are not allowed"},
	{"another encoding", document{head: `<?xml version="1.0" encoding="UTF-16"?>`}, "must be UTF-8"},
	{"a name that is not UTF-8", document{layers: unary("1", "\xff\xfe")}, "invalid UTF-8"},
	{"an escape character in a name", document{layers: unary("1", "&#27;[31m")}, "illegal character code"},
	{"elements in elements", document{layers: strings.Repeat("<a>", 300) + strings.Repeat("</a>", 300)}, "nested deeper than 256"},
	{"a second model in the file", document{tail: "<net/>"}, "follows the end of the model"},
	{"no end", document{tail: "<!-- "}, "truncated"},
	{"a Loop that is its own body's edge", document{layers: `<layer id="1" name="l" type="Loop" version="opset5"><input><port id="0"/></input><output><port id="1"/></output></layer>`, edges: edges("1 1 1 0", "1 1 9 0")}, "is part of a cycle"},
	{"a body that is whole", looped("", ""), ""},
	{"two results of a body for one output port", looped(`<output external_port_id="1" internal_layer_id="1" axis="0"/>`, ""), `layer 1 "loop" (TensorIterator): body: port map: a second value for the same target, between port 1 and layer 1`},
	{"two values for one parameter of a body", looped(`<input external_port_id="0" internal_layer_id="0"/>`, ""), "a second value for the same target"},
	{"two values that a parameter has the next time", looped("", `<edge from-layer="1" to-layer="0"/>`), "two back edges to layer 0"},
	{"a port map to a layer that is not there", looped(`<input external_port_id="0" internal_layer_id="7"/>`, ""), "layer 7 is no input of the body"},
	{"a back edge to a layer that is not there", looped("", `<edge from-layer="1" to-layer="7"/>`), "expected a Result and a Parameter of the body"},
}

// looped is a document with a loop, and with more in its port map and back edges.
func looped(maps, back string) document {
	body := `<body><layers><layer id="0" name="p" type="Parameter" version="opset1"><data shape="1,8" element_type="f32"/><output><port id="0" precision="FP32"/></output></layer>` +
		`<layer id="1" name="r" type="Result" version="opset1"><input><port id="0"/></input></layer></layers><edges><edge from-layer="0" from-port="0" to-layer="1" to-port="0"/></edges></body>`
	return document{layers: `<layer id="1" name="loop" type="TensorIterator" version="opset1"><input><port id="0"/></input><output><port id="1" precision="FP32"/></output>` +
		`<port_map><input external_port_id="0" internal_layer_id="0"/><output external_port_id="1" internal_layer_id="1"/>` + maps + `</port_map>` +
		`<back_edges><edge from-layer="1" to-layer="0"/>` + back + `</back_edges>` + body + `</layer>`, edges: edges("0 0 1 0", "1 1 9 0")}
}

// TestHostileModels reads models that no exporter writes: the error names the file, and the layer where there is one.
func TestHostileModels(t *testing.T) {
	for _, c := range hostileModels {
		path := write(t, []byte(c.model.xml()), []byte("01234567"))
		g, closer, err := ir.Read(path)
		if (err != nil) != (c.err != "") || err != nil && (!strings.Contains(err.Error(), c.err) || !strings.Contains(err.Error(), path)) {
			t.Errorf("%s: error %v, want %q", c.reason, err, c.err)
		}
		if err != nil {
			continue
		}
		checkGraph(t, g)
		if err := closer.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestLongToken reads a tag without an end: it is refused once it is longer than any name, having taken no more memory than that.
func TestLongToken(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 200 MB")
	}
	path := write(t, []byte(`<net name="`+strings.Repeat("a", 200<<20)), nil)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, _, err := ir.Read(path)
	runtime.ReadMemStats(&after)
	if err == nil || !strings.Contains(err.Error(), "longer than 67108864 bytes") {
		t.Errorf("error %v", err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 1<<30 {
		t.Errorf("it took %d bytes", took)
	}
}

// TestManyEdges reads a layer with 200,000 input ports, all of them fed, in time that grows with their number.
func TestManyEdges(t *testing.T) {
	const ports = 200_000
	var in, wires bytes.Buffer
	for i := range ports {
		fmt.Fprintf(&in, `<port id="%d"/>`, i)
		fmt.Fprintf(&wires, `<edge from-layer="0" from-port="0" to-layer="1" to-port="%d"/>`, i)
	}
	d := document{layers: `<layer id="1" name="all" type="Concat" version="opset1"><data axis="0"/><input>` + in.String() +
		`</input><output><port id="o" precision="FP32"/></output></layer>`, edges: wires.String() + edges("1 o 9 0")}
	g, closer, err := ir.Read(write(t, []byte(d.xml()), nil))
	if err != nil {
		t.Fatal(err)
	}
	checkGraph(t, g)
	if err := closer.Close(); err != nil {
		t.Error(err)
	}
}

// TestNoFile gives Read what is no file of a model.
func TestNoFile(t *testing.T) {
	dir := t.TempDir()
	bin := filepath.Join(dir, "weights.xml")
	if err := os.WriteFile(bin, []byte(document{layers: constant("1", "0", "4"), edges: edges("1 0 9 0")}.xml()), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{dir: "not a regular file", filepath.Join(dir, "missing.xml"): "no such file", bin: "weights.bin is missing"} {
		if _, _, err := ir.Read(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v, want %q", path, err, want)
		}
	}
}
