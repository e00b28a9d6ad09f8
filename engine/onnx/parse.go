package onnx

import (
	"errors"
	"fmt"
	"math"

	"halfway/engine/tensor"
)

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
			tensor.Passed(f.bytes)
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
