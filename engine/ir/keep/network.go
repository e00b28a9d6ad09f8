package keep

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/beevik/etree"
)

// A network is what <net> or a body holds: layers and the edges between their ports.
type network struct {
	model         *Model
	layers, edges *etree.Element
	byID          map[string]*etree.Element
	into          map[end]*etree.Element // edges by where they end
	consumers     map[string][]*etree.Element
	next          int // number of the next layer
}

// An end is a port of a layer.
type end struct{ layer, port string }

func newNetwork(m *Model, e *etree.Element) (*network, error) {
	n := &network{model: m, layers: e.SelectElement("layers"), edges: e.SelectElement("edges"), byID: map[string]*etree.Element{},
		into: map[end]*etree.Element{}, consumers: map[string][]*etree.Element{}}
	if n.layers == nil {
		return nil, errors.New("a network without <layers>")
	}
	if n.edges == nil {
		n.edges = e.CreateElement("edges")
	}
	for _, l := range n.layers.ChildElements() {
		id := l.SelectAttrValue("id", "")
		if n.byID[id] != nil {
			return nil, fmt.Errorf("two layers have the id %q", id)
		}
		n.byID[id] = l
		if number, err := strconv.Atoi(id); err == nil && number < math.MaxInt32 {
			n.next = max(n.next, number+1)
		}
	}
	for _, d := range n.edges.ChildElements() {
		to, from := target(d), source(d)
		if n.byID[to.layer] == nil || n.byID[from.layer] == nil {
			return nil, fmt.Errorf("an edge from layer %q to layer %q, which are not both there", from.layer, to.layer)
		}
		n.into[to] = d
		n.consumers[from.layer] = append(n.consumers[from.layer], d)
	}
	for _, l := range n.layers.ChildElements() {
		if err := n.complete(l); err != nil {
			return nil, fmt.Errorf("layer %q: %w", name(l), err)
		}
	}
	return n, nil
}

// complete checks that every input of l comes from an output, and that it has one itself.
func (n *network) complete(l *etree.Element) error {
	if kind(l) != "Result" && len(ports(l, "output")) == 0 {
		return errors.New("no output")
	}
	for _, p := range ports(l, "input") {
		d := n.into[end{id(l), portID(p)}]
		if d == nil {
			return fmt.Errorf("no edge leads to its input port %s", portID(p))
		}
		if from := source(d); n.output(from) == nil {
			return fmt.Errorf("its input port %s reads from port %s of layer %q, which is not there", portID(p), from.port, name(n.byID[from.layer]))
		}
	}
	return nil
}

// inputs are where the inputs of l come from.
func (n *network) inputs(l *etree.Element) []end {
	var from []end
	for _, p := range ports(l, "input") {
		from = append(from, source(n.into[end{id(l), portID(p)}]))
	}
	return from
}

func target(edge *etree.Element) end {
	return end{edge.SelectAttrValue("to-layer", ""), edge.SelectAttrValue("to-port", "")}
}

func source(edge *etree.Element) end {
	return end{edge.SelectAttrValue("from-layer", ""), edge.SelectAttrValue("from-port", "")}
}

func id(layer *etree.Element) string   { return layer.SelectAttrValue("id", "") }
func name(layer *etree.Element) string { return layer.SelectAttrValue("name", "") }
func kind(layer *etree.Element) string { return layer.SelectAttrValue("type", "") }

// ports are the ports of a layer on one side, "input" or "output".
func ports(layer *etree.Element, side string) []*etree.Element {
	if e := layer.SelectElement(side); e != nil {
		return e.SelectElements("port")
	}
	return nil
}

func portID(p *etree.Element) string { return p.SelectAttrValue("id", "") }

// dims are the dimensions of a port, nil where one is no number; -1 is one that is not known.
func dims(port *etree.Element) []int {
	shape := []int{}
	for _, d := range port.SelectElements("dim") {
		v, err := strconv.Atoi(strings.TrimSpace(d.Text()))
		if err != nil {
			return nil
		}
		shape = append(shape, v)
	}
	return shape
}

// add adds a layer with an output like the given port, and inputs from there. The names of the port's tensor stay where they are.
func (n *network) add(layerName, op, opset string, like *etree.Element, from ...end) *etree.Element {
	l := n.layers.CreateElement("layer")
	l.CreateAttr("id", strconv.Itoa(n.next))
	l.CreateAttr("name", layerName)
	l.CreateAttr("type", op)
	l.CreateAttr("version", opset)
	n.byID[id(l)] = l
	n.next++
	for i, f := range from {
		n.addInput(l, strconv.Itoa(i), f)
	}
	p := like.Copy()
	p.RemoveAttr("names")
	p.CreateAttr("id", strconv.Itoa(len(from)))
	l.CreateElement("output").AddChild(p)
	return l
}

// addInput adds an input port to l, with an edge to it.
func (n *network) addInput(l *etree.Element, port string, from end) {
	in := l.SelectElement("input")
	if in == nil {
		in = l.CreateElement("input")
	}
	p := n.output(from).Copy()
	p.RemoveAttr("names")
	p.CreateAttr("id", port)
	in.AddChild(p)
	n.connect(from, end{id(l), port})
}

// output is the port from which from reads; nil where the layer does not have it.
func (n *network) output(from end) *etree.Element {
	for _, p := range ports(n.byID[from.layer], "output") {
		if portID(p) == from.port {
			return p
		}
	}
	return nil
}

// connect adds an edge, or moves the one that ends there.
func (n *network) connect(from, to end) {
	d := n.into[to]
	if d == nil {
		d = n.edges.CreateElement("edge")
		n.into[to] = d
	} else {
		n.forget(d)
	}
	n.consumers[from.layer] = append(n.consumers[from.layer], d)
	d.CreateAttr("from-layer", from.layer)
	d.CreateAttr("from-port", from.port)
	d.CreateAttr("to-layer", to.layer)
	d.CreateAttr("to-port", to.port)
}

// forget takes an edge from those that leave its layer.
func (n *network) forget(edge *etree.Element) {
	from := source(edge).layer
	n.consumers[from] = slices.DeleteFunc(n.consumers[from], func(d *etree.Element) bool { return d == edge })
}

// disconnect removes an input port of l with its edge.
func (n *network) disconnect(l, port *etree.Element) {
	to := end{id(l), portID(port)}
	d := n.into[to]
	n.forget(d)
	n.edges.RemoveChild(d)
	delete(n.into, to)
	l.SelectElement("input").RemoveChild(port)
}

// out is the first output of l.
func out(l *etree.Element) end { return end{id(l), portID(ports(l, "output")[0])} }

// reset makes l another operation that keeps its name, its mark, its output and the inputs given.
func (n *network) reset(l *etree.Element, op, opset string, from ...end) {
	l.CreateAttr("type", op)
	l.CreateAttr("version", opset)
	if d := l.SelectElement("data"); d != nil {
		l.RemoveChild(d)
	}
	for _, p := range ports(l, "input") {
		n.disconnect(l, p)
	}
	if in := l.SelectElement("input"); in != nil {
		l.RemoveChild(in)
	}
	in := etree.NewElement("input")
	l.InsertChildAt(l.SelectElement("output").Index(), in)
	ports(l, "output")[0].CreateAttr("id", strconv.Itoa(len(from)))
	for _, d := range n.consumers[id(l)] {
		d.CreateAttr("from-port", strconv.Itoa(len(from)))
	}
	for i, f := range from {
		n.addInput(l, strconv.Itoa(i), f)
	}
}

// set gives l attributes, names and values by turns.
func set(l *etree.Element, attributes ...string) {
	d := l.SelectElement("data")
	if d == nil {
		d = etree.NewElement("data")
		l.InsertChildAt(0, d)
	}
	for i := 0; i < len(attributes); i += 2 {
		d.CreateAttr(attributes[i], attributes[i+1])
	}
}

func get(l *etree.Element, attribute, otherwise string) string {
	if d := l.SelectElement("data"); d != nil {
		return d.SelectAttrValue(attribute, otherwise)
	}
	return otherwise
}

// constant adds a Const layer of values of type FP32, I32 or I64; a nil shape is a scalar's.
func (n *network) constant(layerName, precision string, shape []int, values ...float64) end {
	extra := &n.model.extra
	for (n.model.constants+int64(extra.Len()))%8 != 0 {
		extra.WriteByte(0)
	}
	at, size := n.model.constants+int64(extra.Len()), extra.Len()
	elementType := ""
	for _, v := range values {
		switch precision {
		case "I32":
			elementType = "i32"
			extra.Write(binary.LittleEndian.AppendUint32(nil, uint32(int32(v))))
		case "I64":
			elementType = "i64"
			extra.Write(binary.LittleEndian.AppendUint64(nil, uint64(int64(v))))
		default:
			elementType = "f32"
			extra.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(v))))
		}
	}
	port := etree.NewElement("port")
	port.CreateAttr("precision", precision)
	var text []string
	for _, d := range shape {
		text = append(text, strconv.Itoa(d))
		port.CreateElement("dim").SetText(strconv.Itoa(d))
	}
	l := n.add(layerName, "Const", "opset1", port)
	set(l, "element_type", elementType, "shape", strings.Join(text, ", "), "offset", strconv.FormatInt(at, 10),
		"size", strconv.Itoa(extra.Len()-size))
	return out(l)
}
