package ir

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"halfway/engine/graph"
)

// A body is a network inside a layer, as it is written.
type body struct {
	prefix          string // "", "then_", "else_"
	network         *network
	inputs, outputs []portMap
	backEdges       []backEdge
}

// portMap is graph.PortMap before its ids are looked up.
type portMap struct {
	external, internal string
	graph.PortMap
}

type backEdge struct{ from, to string }

// bodyPart reads the elements of layers that hold networks: body and port_map, both also with the prefixes then_ and else_, and back_edges.
func (p *parser) bodyPart(e xml.StartElement, l *layer) error {
	name := e.Name.Local
	prefix := ""
	for _, s := range []string{"then_", "else_"} {
		if strings.HasPrefix(name, s) {
			prefix, name = s, name[len(s):]
		}
	}
	switch name {
	case "body":
		b := l.body(prefix)
		if b.network != nil {
			return p.errorf("a second <%s>", e.Name.Local)
		}
		var err error
		b.network, err = p.network(e)
		return err
	case "port_map":
		b := l.body(prefix)
		return p.children(func(e xml.StartElement) error { return p.portMap(e, b) })
	case "back_edges":
		b := l.body(prefix)
		return p.children(func(e xml.StartElement) error { return p.backEdge(e, b) })
	}
	return nil
}

// body returns the body with a prefix, a new one if need be.
func (l *layer) body(prefix string) *body {
	for _, b := range l.bodies {
		if b.prefix == prefix {
			return b
		}
	}
	b := &body{prefix: prefix}
	l.bodies = append(l.bodies, b)
	return b
}

// portMap reads one <input> or <output>. Defaults: those of OpenVINO's reader.
func (p *parser) portMap(e xml.StartElement, b *body) (err error) {
	m := portMap{PortMap: graph.PortMap{Axis: -1, Start: 0, End: -1, Stride: 1, PartSize: 1}}
	if m.external, err = p.required(e, "external_port_id"); err != nil {
		return err
	}
	if m.internal, err = p.required(e, "internal_layer_id"); err != nil {
		return err
	}
	m.Purpose, _ = attr(e, "purpose")
	for _, field := range []struct {
		name string
		to   *int
	}{{"axis", &m.Axis}, {"start", &m.Start}, {"end", &m.End}, {"stride", &m.Stride}, {"part_size", &m.PartSize}} {
		text, ok := attr(e, field.name)
		if !ok {
			continue
		}
		if *field.to, err = strconv.Atoi(text); err != nil {
			return p.errorf("%s=%q: expected a number", field.name, text)
		}
	}
	switch e.Name.Local {
	case "input":
		b.inputs = append(b.inputs, m)
	case "output":
		b.outputs = append(b.outputs, m)
	}
	return nil
}

func (p *parser) backEdge(e xml.StartElement, b *body) (err error) {
	var d backEdge
	if d.from, err = p.required(e, "from-layer"); err != nil {
		return err
	}
	if d.to, err = p.required(e, "to-layer"); err != nil {
		return err
	}
	b.backEdges = append(b.backEdges, d)
	return nil
}

// bodies builds the graphs inside a layer; of an If the one for true first, whatever the order in the file.
func (b *builder) bodies(l *layer) ([]*graph.Body, error) {
	slices.SortStableFunc(l.bodies, func(a, b *body) int { return strings.Compare(b.prefix, a.prefix) })
	var bodies []*graph.Body
	for _, written := range l.bodies {
		body, err := b.body(l, written)
		if err != nil {
			return nil, fmt.Errorf("%sbody: %w", written.prefix, err)
		}
		bodies = append(bodies, body)
	}
	return bodies, nil
}

func (b *builder) body(l *layer, written *body) (*graph.Body, error) {
	if written.network == nil {
		return nil, fmt.Errorf("it is missing")
	}
	g, err := b.build(written.network)
	if err != nil {
		return nil, err
	}
	r := &graph.Body{Graph: g}
	params, results := written.network.places("Parameter"), written.network.places("Result")
	if r.Inputs, err = mapPorts(written.inputs, "input", l.in, params); err != nil {
		return nil, err
	}
	if r.Outputs, err = mapPorts(written.outputs, "output", l.out, results); err != nil {
		return nil, err
	}
	for _, d := range written.backEdges {
		from, okFrom := results[d.from]
		to, okTo := params[d.to]
		if !okFrom || !okTo {
			return nil, fmt.Errorf("a back edge from layer %s to %s: expected a Result and a Parameter of the body", d.from, d.to)
		}
		if slices.ContainsFunc(r.BackEdges, func(e graph.BackEdge) bool { return e.To == to }) {
			return nil, fmt.Errorf("two back edges to layer %s", d.to)
		}
		r.BackEdges = append(r.BackEdges, graph.BackEdge{From: from, To: to})
	}
	return r, nil
}

// places maps the ids of the layers of one operation to their order among these.
func (n *network) places(op string) map[string]int {
	m := map[string]int{}
	for _, l := range n.layers {
		if l.op == op {
			m[l.id] = len(m)
		}
	}
	return m
}

// mapPorts looks up the ids of port maps. External ports below zero, which are not connected, become -1.
func mapPorts(written []portMap, side string, ports []port, internal map[string]int) ([]graph.PortMap, error) {
	external := map[string]int{}
	for i, o := range ports {
		external[o.id] = i
	}
	var maps []graph.PortMap
	given := map[int]bool{} // what has a value: parameters, or the layer's output ports
	for _, m := range written {
		var ok bool
		if m.External, ok = external[m.external]; !ok {
			if !strings.HasPrefix(m.external, "-") {
				return nil, fmt.Errorf("port map: there is no %s port %s", side, m.external)
			}
			m.External = -1
		}
		if m.Internal, ok = internal[m.internal]; !ok {
			return nil, fmt.Errorf("port map: layer %s is no %s of the body", m.internal, side)
		}
		if to := fed(side, m.PortMap); to >= 0 && given[to] {
			return nil, fmt.Errorf("port map: a second value for the same target, between port %s and layer %s", m.external, m.internal)
		} else if to >= 0 {
			given[to] = true
		}
		maps = append(maps, m.PortMap)
	}
	return maps, nil
}

// fed is what a port map gives its value to, negative where that is nothing.
func fed(side string, m graph.PortMap) int {
	if side == "output" {
		return m.External
	}
	return m.Internal
}
