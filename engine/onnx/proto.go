package onnx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// The messages of onnx.proto, as far as they are used. Bytes and strings of large tensors lie in the mapped file.

type modelProto struct {
	irVersion int64
	opsets    map[string]int
	graph     *graphProto
	functions map[string]*functionProto // by domain and name
}

type graphProto struct {
	name         string
	nodes        []*nodeProto
	initializers []*tensorProto
	sparse       []*sparseProto
	inputs       []*valueProto
	outputs      []*valueProto
	values       map[string]*valueProto // value_info
}

type nodeProto struct {
	name, op, domain string
	inputs, outputs  []string
	attrs            map[string]*attrProto
}

type attrProto struct {
	name    string
	ref     string // of a function's attribute
	kind    int64
	f       float32
	i       int64
	s       []byte
	t       *tensorProto
	g       *graphProto
	floats  []float32
	ints    []int64
	strings [][]byte
	sparse  *sparseProto
}

type tensorProto struct {
	name     string
	dims     []int
	dtype    int64
	raw      []byte
	hasRaw   bool
	message  []byte            // of which the typed fields are read when they are needed
	external map[string]string // nil when the data is here
}

type sparseProto struct {
	values, indices *tensorProto
	dims            []int
}

type valueProto struct {
	name     string
	elemType int64  // 0 when it is no tensor
	kind     string // "tensor", "sequence", "map", "optional", "sparse"; "" when not declared
	shape    []int  // -1 where dynamic; nil when not declared
}

type functionProto struct {
	name, domain string
	inputs       []string
	outputs      []string
	attrs        []string
	defaults     map[string]*attrProto
	nodes        []*nodeProto
	opsets       map[string]int
}

// maxDepth bounds how deep graphs lie in attributes of nodes of graphs.
const maxDepth = 64

// What a model may have, so that a small hostile file does not take much memory: nodes, attributes, tensors and values; numbers in an attribute;
// dimensions.
const (
	maxMessages = 1 << 22
	maxList     = 1 << 24
	maxRank     = 64
)

// A parser counts the messages that it has read.
type parser struct{ messages int }

func (p *parser) count() error {
	if p.messages++; p.messages > maxMessages {
		return fmt.Errorf("more than %d nodes, attributes, tensors and values", maxMessages)
	}
	return nil
}

// field is one field of a message.
type field struct {
	number protowire.Number
	kind   protowire.Type
	value  uint64 // of varints and fixed ones
	bytes  []byte
}

// eachField calls visit for each field of a message.
func eachField(b []byte, visit func(f field) error) error {
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return fmt.Errorf("not an ONNX file, or damaged: %w", protowire.ParseError(n))
		}
		b = b[n:]
		f := field{number: number, kind: kind}
		switch kind {
		case protowire.VarintType:
			f.value, n = protowire.ConsumeVarint(b)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(b)
			f.value = uint64(v)
		case protowire.Fixed64Type:
			f.value, n = protowire.ConsumeFixed64(b)
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(b)
		default:
			n = protowire.ConsumeFieldValue(number, kind, b)
		}
		if n < 0 {
			return fmt.Errorf("not an ONNX file, or truncated: %w", protowire.ParseError(n))
		}
		b = b[n:]
		if err := visit(f); err != nil {
			return err
		}
	}
	return nil
}

func parseModel(b []byte) (*modelProto, error) {
	if len(b) == 0 {
		return nil, errors.New("the file is empty")
	}
	p := &parser{}
	m := &modelProto{opsets: map[string]int{}, functions: map[string]*functionProto{}}
	return m, eachField(b, func(f field) (err error) {
		switch f.number {
		case 1:
			m.irVersion = int64(f.value)
		case 7:
			m.graph, err = p.parseGraph(f.bytes, 0)
		case 8:
			err = parseOpset(f.bytes, m.opsets)
		case 25:
			var fn *functionProto
			if fn, err = p.parseFunction(f.bytes); err == nil {
				m.functions[fn.domain+"."+fn.name] = fn
			}
		}
		return err
	})
}

func parseOpset(b []byte, opsets map[string]int) error {
	domain, version := "", 0
	err := eachField(b, func(f field) error {
		switch f.number {
		case 1:
			domain = string(f.bytes)
		case 2:
			version = int(int64(f.value))
		}
		return nil
	})
	opsets[canonical(domain)] = version
	return err
}

// canonical is the domain with the default one's long name made short.
func canonical(domain string) string {
	if domain == "ai.onnx" {
		return ""
	}
	return domain
}

func (p *parser) parseGraph(b []byte, depth int) (*graphProto, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("graphs are nested deeper than %d", maxDepth)
	}
	g := &graphProto{values: map[string]*valueProto{}}
	return g, eachField(b, func(f field) error {
		switch f.number {
		case 1:
			n, err := p.parseNode(f.bytes, depth)
			g.nodes = append(g.nodes, n)
			return err
		case 2:
			g.name = string(f.bytes)
		case 5:
			t, err := p.parseTensor(f.bytes)
			g.initializers = append(g.initializers, t)
			return err
		case 11, 12, 13:
			v, err := p.parseValue(f.bytes)
			switch f.number {
			case 11:
				g.inputs = append(g.inputs, v)
			case 12:
				g.outputs = append(g.outputs, v)
			default:
				g.values[v.name] = v
			}
			return err
		case 15:
			s, err := p.parseSparse(f.bytes)
			g.sparse = append(g.sparse, s)
			return err
		}
		return nil
	})
}

func (p *parser) parseNode(b []byte, depth int) (*nodeProto, error) {
	n := &nodeProto{}
	if err := p.count(); err != nil {
		return n, err
	}
	return n, eachField(b, func(f field) error {
		switch f.number {
		case 1:
			n.inputs = append(n.inputs, string(f.bytes))
		case 2:
			n.outputs = append(n.outputs, string(f.bytes))
		case 3:
			n.name = string(f.bytes)
		case 4:
			n.op = string(f.bytes)
		case 5:
			a, err := p.parseAttr(f.bytes, depth)
			if n.attrs == nil {
				n.attrs = map[string]*attrProto{}
			}
			n.attrs[a.name] = a
			return err
		case 7:
			n.domain = canonical(string(f.bytes))
		}
		return nil
	})
}

func (p *parser) parseAttr(b []byte, depth int) (*attrProto, error) {
	a := &attrProto{}
	if err := p.count(); err != nil {
		return a, err
	}
	return a, eachField(b, func(f field) (err error) {
		switch f.number {
		case 1:
			a.name = string(f.bytes)
		case 2:
			a.f = math.Float32frombits(uint32(f.value))
		case 3:
			a.i = int64(f.value)
		case 4:
			a.s = f.bytes
		case 5:
			a.t, err = p.parseTensor(f.bytes)
		case 6:
			a.g, err = p.parseGraph(f.bytes, depth+1)
		case 7:
			a.floats, err = appendFloats(a.floats, f)
		case 8:
			a.ints, err = appendVarints(a.ints, f)
		case 9:
			a.strings = append(a.strings, f.bytes)
			err = tooLong(len(a.strings))
		case 20:
			a.kind = int64(f.value)
		case 21:
			a.ref = string(f.bytes)
		case 22:
			a.sparse, err = p.parseSparse(f.bytes)
		}
		return err
	})
}

func (p *parser) parseTensor(b []byte) (*tensorProto, error) {
	t := &tensorProto{message: b}
	if err := p.count(); err != nil {
		return t, err
	}
	remote := false
	var entries map[string]string
	err := eachField(b, func(f field) (err error) {
		switch f.number {
		case 1:
			t.dims, err = appendDims(t.dims, f)
		case 2:
			t.dtype = int64(f.value)
		case 3:
			return errors.New("a tensor in segments is not supported")
		case 8:
			t.name = string(f.bytes)
		case 9:
			t.raw, t.hasRaw = f.bytes, true
		case 13:
			if entries == nil {
				entries = map[string]string{}
			}
			err = parseEntry(f.bytes, entries)
		case 14:
			remote = f.value == 1
		}
		return err
	})
	if remote {
		t.external = entries
		if entries == nil {
			t.external = map[string]string{}
		}
	}
	return t, err
}

func parseEntry(b []byte, into map[string]string) error {
	key, value := "", ""
	err := eachField(b, func(f field) error {
		switch f.number {
		case 1:
			key = string(f.bytes)
		case 2:
			value = string(f.bytes)
		}
		return nil
	})
	into[key] = value
	return err
}

func (p *parser) parseSparse(b []byte) (*sparseProto, error) {
	s := &sparseProto{}
	return s, eachField(b, func(f field) (err error) {
		switch f.number {
		case 1:
			s.values, err = p.parseTensor(f.bytes)
		case 2:
			s.indices, err = p.parseTensor(f.bytes)
		case 3:
			s.dims, err = appendDims(s.dims, f)
		}
		return err
	})
}

func (p *parser) parseValue(b []byte) (*valueProto, error) {
	v := &valueProto{}
	if err := p.count(); err != nil {
		return v, err
	}
	return v, eachField(b, func(f field) error {
		switch f.number {
		case 1:
			v.name = string(f.bytes)
		case 2:
			return v.parseType(f.bytes)
		}
		return nil
	})
}

func (v *valueProto) parseType(b []byte) error {
	return eachField(b, func(f field) error {
		switch f.number {
		case 1:
			v.kind = "tensor"
			return v.parseTensorType(f.bytes)
		case 4:
			v.kind = "sequence"
		case 5:
			v.kind = "map"
		case 8:
			v.kind = "sparse"
		case 9:
			v.kind = "optional"
		}
		return nil
	})
}

func (v *valueProto) parseTensorType(b []byte) error {
	return eachField(b, func(f field) error {
		switch f.number {
		case 1:
			v.elemType = int64(f.value)
		case 2:
			v.shape = []int{}
			return eachField(f.bytes, func(f field) error {
				if f.number != 1 {
					return nil
				}
				d := -1
				err := eachField(f.bytes, func(f field) error {
					if f.number == 1 && int64(f.value) >= 0 {
						d = int(f.value)
					}
					return nil
				})
				if v.shape = append(v.shape, d); len(v.shape) > maxRank {
					return fmt.Errorf("value %q has more than %d dimensions", v.name, maxRank)
				}
				return err
			})
		}
		return nil
	})
}

func (p *parser) parseFunction(b []byte) (*functionProto, error) {
	fn := &functionProto{opsets: map[string]int{}, defaults: map[string]*attrProto{}}
	return fn, eachField(b, func(f field) error {
		switch f.number {
		case 1:
			fn.name = string(f.bytes)
		case 4:
			fn.inputs = append(fn.inputs, string(f.bytes))
		case 5:
			fn.outputs = append(fn.outputs, string(f.bytes))
		case 6:
			fn.attrs = append(fn.attrs, string(f.bytes))
		case 7:
			n, err := p.parseNode(f.bytes, 0)
			fn.nodes = append(fn.nodes, n)
			return err
		case 9:
			return parseOpset(f.bytes, fn.opsets)
		case 10:
			fn.domain = canonical(string(f.bytes))
		case 11:
			a, err := p.parseAttr(f.bytes, 0)
			fn.defaults[a.name] = a
			return err
		}
		return nil
	})
}

// appendVarints adds one number or, where they are packed, several.
func appendVarints(list []int64, f field) ([]int64, error) {
	err := eachVarint(f, func(v uint64) error {
		list = append(list, int64(v))
		return tooLong(len(list))
	})
	return list, err
}

func tooLong(n int) error {
	if n > maxList {
		return fmt.Errorf("a list of more than %d numbers", maxList)
	}
	return nil
}

// eachVarint visits one number or, where they are packed, several.
func eachVarint(f field, visit func(v uint64) error) error {
	if f.kind == protowire.VarintType {
		return visit(f.value)
	}
	for b := f.bytes; len(b) > 0; {
		v, n := protowire.ConsumeVarint(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		if err := visit(v); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

func appendDims(list []int, f field) ([]int, error) {
	err := eachVarint(f, func(v uint64) error {
		if int64(v) < 0 || len(list) == maxRank {
			return fmt.Errorf("a tensor has the dimension %d after %v, expected at most %d dimensions that are not negative", int64(v), list, maxRank)
		}
		list = append(list, int(v))
		return nil
	})
	return list, err
}

func appendFloats(list []float32, f field) ([]float32, error) {
	if f.kind == protowire.Fixed32Type {
		list = append(list, math.Float32frombits(uint32(f.value)))
		return list, tooLong(len(list))
	}
	if len(f.bytes)%4 != 0 {
		return nil, fmt.Errorf("%d bytes of floats", len(f.bytes))
	}
	if err := tooLong(len(list) + len(f.bytes)/4); err != nil {
		return nil, err
	}
	for b := f.bytes; len(b) > 0; b = b[4:] {
		list = append(list, math.Float32frombits(binary.LittleEndian.Uint32(b)))
	}
	return list, nil
}

// key is the operator's name, with its domain unless that is the default one.
func (n *nodeProto) key() string {
	if n.domain == "" {
		return n.op
	}
	return n.domain + "." + n.op
}

// label is how messages call the node.
func (n *nodeProto) label() string {
	if n.name != "" || len(n.outputs) == 0 {
		return n.name
	}
	return n.outputs[0]
}

// opset is the version of a domain's operators.
func (m *modelProto) opset(domain string) int {
	if v, ok := m.opsets[domain]; ok {
		return v
	}
	return 1
}

// function is the model's own definition of n's operator, nil when it has none.
func (m *modelProto) function(n *nodeProto) *functionProto { return m.functions[n.domain+"."+n.op] }

// eachNode visits the nodes of all graphs and functions.
func (m *modelProto) eachNode(visit func(n *nodeProto)) {
	var inNodes func(nodes []*nodeProto)
	inNodes = func(nodes []*nodeProto) {
		for _, n := range nodes {
			visit(n)
			for _, name := range sortedKeys(n.attrs) {
				if g := n.attrs[name].g; g != nil {
					inNodes(g.nodes)
				}
			}
		}
	}
	inNodes(m.graph.nodes)
	for _, name := range sortedKeys(m.functions) {
		inNodes(m.functions[name].nodes)
	}
}

// freeInputs are the inputs that no initializer gives a value.
func (g *graphProto) freeInputs() []*valueProto {
	given := map[string]bool{}
	for _, t := range g.initializers {
		given[t.name] = true
	}
	for _, s := range g.sparse {
		if s.values != nil {
			given[s.values.name] = true
		}
	}
	var r []*valueProto
	for _, v := range g.inputs {
		if !given[v.name] {
			r = append(r, v)
		}
	}
	return r
}
