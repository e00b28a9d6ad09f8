package ir

import (
	"errors"
	"fmt"
	"strings"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// builder turns what is written into graphs.
type builder struct {
	file    string
	weights *weights
	places  map[*graph.Node]Place // nil when nobody asks
}

// wiring is one network on its way to a graph.
type wiring struct {
	*network
	index   map[string]int // layer id to its place in layers
	sources [][]source     // by layer and input port
	reads   map[string]int // variable id to the layer that reads it
	live    []bool
	nodes   []*graph.Node // by layer; nil for dropped ones
}

// source is where an input comes from; layer is -1 while it is not connected.
type source struct{ layer, port int }

func (b *builder) build(n *network) (*graph.Graph, error) {
	w := &wiring{network: n}
	for _, step := range []func() error{w.indexLayers, w.connect, w.markLive, w.checkAcyclic} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	g := &graph.Graph{Name: n.name, File: b.file}
	return g, b.addNodes(g, w)
}

func (w *wiring) indexLayers() error {
	w.index = make(map[string]int, len(w.layers))
	w.reads = map[string]int{}
	w.sources = make([][]source, len(w.layers))
	for i, l := range w.layers {
		if first, ok := w.index[l.id]; ok {
			return fmt.Errorf("%s has the id of %s: ids must be unique", l, w.layers[first])
		}
		w.index[l.id] = i
		w.sources[i] = make([]source, len(l.in))
		for p := range w.sources[i] {
			w.sources[i][p].layer = -1
		}
		if l.op == "ReadValue" {
			w.reads[l.attrs["variable_id"]] = i
		}
	}
	return nil
}

// portKey names a port of a layer, by the layer's place.
type portKey struct {
	layer int
	id    string
}

// portIndex maps the ports of one side to their places.
func (w *wiring) portIndex(side string, ports func(*layer) []port) (map[portKey]int, error) {
	index := map[portKey]int{}
	for i, l := range w.layers {
		for p, o := range ports(l) {
			k := portKey{i, o.id}
			if _, ok := index[k]; ok {
				return nil, fmt.Errorf("%s has two %s ports with the id %s", l, side, o.id)
			}
			index[k] = p
		}
	}
	return index, nil
}

// connect fills sources from the edges.
func (w *wiring) connect() error {
	ins, err := w.portIndex("input", func(l *layer) []port { return l.in })
	if err != nil {
		return err
	}
	outs, err := w.portIndex("output", func(l *layer) []port { return l.out })
	if err != nil {
		return err
	}
	for _, e := range w.edges {
		from, err := w.end(outs, "from output", e.fromLayer, e.fromPort)
		if err != nil {
			return err
		}
		if l := w.layers[from.layer]; l.op == "Result" {
			return fmt.Errorf("%s: an edge leads from it, but a Result gives its value to nobody", l)
		}
		to, err := w.end(ins, "to input", e.toLayer, e.toPort)
		if err != nil {
			return err
		}
		s := &w.sources[to.layer][to.port]
		if s.layer >= 0 {
			return fmt.Errorf("%s: input port %s has two edges, from layer %s and from %s", w.layers[to.layer], e.toPort, w.layers[s.layer].id,
				e.fromLayer)
		}
		*s = from
	}
	return nil
}

// end finds one end of an edge.
func (w *wiring) end(ports map[portKey]int, side, layer, port string) (source, error) {
	i, ok := w.index[layer]
	if !ok {
		return source{}, fmt.Errorf("an edge leads %s port %s of layer %s, which is not there", side, port, layer)
	}
	p, ok := ports[portKey{i, port}]
	if !ok {
		return source{}, fmt.Errorf("%s: an edge leads %s port %s, which is not there", w.layers[i], side, port)
	}
	return source{i, p}, nil
}

// markLive finds the layers that results, assignments and parameters depend on, and checks that their inputs are connected.
func (w *wiring) markLive() error {
	w.live = make([]bool, len(w.layers))
	var stack []int
	for i, l := range w.layers {
		if l.op == "Result" || l.op == "Assign" || l.op == "Parameter" {
			stack = append(stack, i)
		}
	}
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if w.live[i] {
			continue
		}
		w.live[i] = true
		needs, err := w.needs(i)
		if err != nil {
			return fmt.Errorf("%s: %w", w.layers[i], err)
		}
		stack = append(stack, needs...)
	}
	return nil
}

// needs returns the layers that must run before layer i: the sources of its inputs, and of an Assign the ReadValue of the same variable,
// which the XML does not say.
func (w *wiring) needs(i int) ([]int, error) {
	l := w.layers[i]
	var needs []int
	for p, s := range w.sources[i] {
		if s.layer < 0 {
			return nil, fmt.Errorf("nothing is connected to input port %s", l.in[p].id)
		}
		needs = append(needs, s.layer)
	}
	if l.op != "Assign" {
		return needs, nil
	}
	read, ok := w.reads[l.attrs["variable_id"]]
	if !ok {
		return nil, fmt.Errorf("no ReadValue has its variable_id %q", l.attrs["variable_id"])
	}
	return append(needs, read), nil
}

// addNodes makes a node of each live layer, in their order.
func (b *builder) addNodes(g *graph.Graph, w *wiring) error {
	w.nodes = make([]*graph.Node, len(w.layers))
	for i, l := range w.layers {
		if !w.live[i] {
			continue
		}
		n, err := b.node(l)
		if err != nil {
			return fmt.Errorf("%s: %w", l, err)
		}
		w.nodes[i] = g.Insert(n)
		if b.places != nil {
			b.places[n] = l.mark
		}
	}
	for i, n := range w.nodes {
		if n == nil {
			continue
		}
		for _, s := range w.sources[i] {
			n.In = append(n.In, graph.Port{Node: w.nodes[s.layer], Out: s.port})
		}
		w.enlist(g, n)
	}
	if len(g.Results) == 0 {
		return errors.New("the model has no Result layer")
	}
	return nil
}

// enlist puts n into the lists of the graph that it belongs to.
func (w *wiring) enlist(g *graph.Graph, n *graph.Node) {
	switch n.Op {
	case "Parameter":
		g.Params = append(g.Params, n)
	case "Result":
		g.Results = append(g.Results, n)
		p := n.In[0]
		n.Out = []graph.Output{{Type: p.Type(), Shape: p.Node.Out[p.Out].Shape}}
	case "Assign":
		g.Sinks = append(g.Sinks, n)
		n.Control = []*graph.Node{w.nodes[w.reads[n.Attrs["variable_id"]]]}
	default:
		for _, body := range n.Bodies {
			if len(body.Graph.Sinks) > 0 {
				g.Sinks = append(g.Sinks, n)
				break
			}
		}
	}
}

// arity gives the numbers of ports of the operations that graphs rely on, -1 where any is fine.
var arity = map[string]struct{ in, out int }{"Parameter": {0, 1}, "Constant": {0, 1}, "Result": {1, -1}, "Assign": {1, -1}, "ReadValue": {-1, 1}}

func (b *builder) node(l *layer) (*graph.Node, error) {
	if want, ok := arity[l.op]; ok && (want.in >= 0 && len(l.in) != want.in || want.out >= 0 && len(l.out) != want.out) {
		return nil, fmt.Errorf("it has %d input and %d output ports, expected %d and %d (-1: any)", len(l.in), len(l.out), want.in, want.out)
	}
	n := &graph.Node{Op: l.op, Opset: l.opset, Name: l.name, Attrs: l.attrs, Precise: l.precise, Decompression: l.decompression, Fused: l.fused}
	for _, o := range l.out {
		n.Out = append(n.Out, graph.Output{Type: o.dtype, Shape: o.shape, Names: o.names})
	}
	var err error
	switch l.op {
	case "Parameter":
		n.Out[0].Type, n.Out[0].Shape, err = declared(l.attrs, parsePartialShape)
		if err == nil && n.Out[0].Type == tensor.Invalid {
			err = errors.New("its element type is not known")
		}
	case "Constant":
		n.Value, err = b.constant(l.attrs)
		if err == nil {
			n.Out[0].Type, n.Out[0].Shape = n.Value.Type, n.Value.Shape
		}
	default:
		n.Bodies, err = b.bodies(l)
	}
	if n.Op == "Subgraph" && len(n.Bodies) == 1 {
		n.Layers = layers(n.Bodies[0].Graph)
	}
	return n, err
}

// layers lists the operations of a Subgraph's body as the plugin does; behind those with products it leaves a comma.
func layers(g *graph.Graph) string {
	var names []string
	end := ""
	for _, n := range g.Nodes {
		switch n.Op {
		case "Parameter", "Constant", "Result":
			continue
		case "MatMul":
			end = ","
		}
		names = append(names, n.Name)
	}
	return strings.Join(names, ",") + end
}
