package ir

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// A network is what a <net> or a body holds, as it is written.
type network struct {
	name   string
	layers []*layer
	edges  []edge
}

type layer struct {
	id, name, opset string
	op              string // the class's name
	attrs           graph.Attrs
	in, out         []port
	precise         bool
	decompression   bool
	fused           []string
	bodies          []*body
	mark            Place
}

func (l *layer) String() string { return fmt.Sprintf("layer %s %q (%s)", l.id, l.name, l.op) }

type port struct {
	id    string
	dtype tensor.DType
	shape []int // nil when no dimension is given
	names []string
}

type edge struct{ fromLayer, fromPort, toLayer, toPort string }

// classNames are the operations that the XML calls by another name than that of their class. Source: translate_type_name of OpenVINO's
// serialize.cpp.
var classNames = map[string]string{"Const": "Constant", "ReLU": "Relu", "PReLU": "PRelu", "SoftMax": "Softmax"}

// parser reads one document.
type parser struct {
	*scanner
	version int
	layers  int
}

func parse(r io.Reader) (*network, error) {
	p := &parser{scanner: newScanner(r)}
	root, err := p.root()
	if err != nil {
		return nil, err
	}
	if root.Name.Local != "net" {
		return nil, fmt.Errorf("it is not an OpenVINO IR: its root element is <%s>, expected <net>", root.Name.Local)
	}
	version, _ := attr(root, "version")
	if p.version, err = strconv.Atoi(version); err != nil || p.version < 10 || p.version > 11 {
		return nil, fmt.Errorf("IR version %q is not supported (10 and 11 are): convert the model with a current OpenVINO", version)
	}
	n, err := p.network(root)
	if err != nil {
		return nil, err
	}
	return n, p.end()
}

// end checks that nothing but space and comments follows the root element.
func (p *parser) end() error {
	for {
		t, err := p.token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if e, ok := t.(xml.StartElement); ok {
			return p.errorf("element <%s> follows the end of the model", e.Name.Local)
		}
	}
}

func (p *parser) network(root xml.StartElement) (*network, error) {
	n := &network{}
	n.name, _ = attr(root, "name")
	return n, p.children(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "layers":
			return p.children(func(e xml.StartElement) error { return p.layer(e, n) })
		case "edges":
			return p.children(func(e xml.StartElement) error { return p.edge(e, n) })
		}
		return nil
	})
}

func (p *parser) edge(e xml.StartElement, n *network) (err error) {
	if e.Name.Local != "edge" {
		return nil
	}
	var d edge
	for _, a := range []struct {
		name string
		to   *string
	}{{"from-layer", &d.fromLayer}, {"from-port", &d.fromPort}, {"to-layer", &d.toLayer}, {"to-port", &d.toPort}} {
		if *a.to, err = p.required(e, a.name); err != nil {
			return err
		}
	}
	n.edges = append(n.edges, d)
	return nil
}

func (p *parser) layer(e xml.StartElement, n *network) error {
	if e.Name.Local != "layer" {
		return nil
	}
	if p.layers++; p.layers > maxLayers {
		return p.errorf("the model has more than %d layers", maxLayers)
	}
	l, err := p.layerHead(e)
	if err != nil {
		return err
	}
	l.mark = Place{p.dec.InputOffset(), true}
	n.layers = append(n.layers, l)
	if err := p.children(func(e xml.StartElement) error { return p.layerPart(e, l) }); err != nil {
		return fmt.Errorf("%s: %w", l, err)
	}
	return nil
}

func (p *parser) layerHead(e xml.StartElement) (l *layer, err error) {
	l = &layer{}
	if l.id, err = p.required(e, "id"); err != nil {
		return nil, err
	}
	if l.op, err = p.required(e, "type"); err != nil {
		return nil, err
	}
	if class, ok := classNames[l.op]; ok {
		l.op = class
	}
	l.name, _ = attr(e, "name")
	l.opset, _ = attr(e, "version")
	return l, nil
}

func (p *parser) layerPart(e xml.StartElement, l *layer) (err error) {
	switch e.Name.Local {
	case "data":
		l.attrs = graph.Attrs{}
		for _, a := range e.Attr {
			l.attrs[a.Name.Local] = a.Value
		}
	case "rt_info":
		l.mark = Place{p.dec.InputOffset(), false}
		err = p.children(func(e xml.StartElement) error { p.runtimeInfo(e, l); return nil })
	case "input":
		l.in, err = p.ports()
	case "output":
		l.out, err = p.ports()
	default:
		err = p.bodyPart(e, l)
	}
	return err
}

// runtimeInfo reads the runtime attributes that matter here. OpenVINO ignores them before version 11.
func (p *parser) runtimeInfo(e xml.StartElement, l *layer) {
	name, _ := attr(e, "name")
	value, _ := attr(e, "value")
	if p.version < 11 {
		return
	}
	switch name {
	case "precise":
		l.precise = true
	case "DisablePrecisionConversion":
		l.precise = l.precise || keepsPrecision(value)
	case "decompression":
		l.decompression = true
	case "fused_names":
		l.fused = splitNames(value)
	}
}

func (p *parser) ports() ([]port, error) {
	var ports []port
	return ports, p.children(func(e xml.StartElement) error {
		if e.Name.Local != "port" {
			return nil
		}
		o, err := p.port(e)
		if err != nil {
			return err
		}
		ports = append(ports, o)
		return nil
	})
}

func (p *parser) port(e xml.StartElement) (o port, err error) {
	if o.id, err = p.required(e, "id"); err != nil {
		return o, err
	}
	if precision, ok := attr(e, "precision"); ok {
		if o.dtype, err = parseType(precision); err != nil {
			return o, p.errorf("port %s: %w", o.id, err)
		}
	}
	names, _ := attr(e, "names")
	o.names = splitNames(names)
	return o, p.children(func(d xml.StartElement) error {
		if d.Name.Local != "dim" {
			return nil
		}
		text, err := p.text()
		if err != nil {
			return err
		}
		dim, err := strconv.Atoi(text)
		if err != nil || dim < -1 {
			return p.errorf("port %s: dimension %q: expected -1 or a size", o.id, text)
		}
		o.shape = append(o.shape, dim)
		return nil
	})
}
