package openvino

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"halfway/engine"
	"halfway/engine/graph"
	"halfway/engine/ir"
	"halfway/engine/ops"
	"halfway/engine/tensor"
	"halfway/patterns"
)

// An exported model is the plugin's own graph: its nodes, which of them are candidates, and where they take marks.
type exported struct {
	blob       *tensor.Mapping
	xml        []byte
	constants  []byte
	candidates []engine.Candidate
	nodes      []*graph.Node // by candidate
	places     []ir.Place    // by candidate
	names      map[string][]*graph.Node
	position   map[*graph.Node]int // of candidates
}

// readExported reads what the worker wrote into folder; constants are size bytes of the blob from offset.
func readExported(folder string, offset, size int64) (*exported, error) {
	x := &exported{names: map[string][]*graph.Node{}, position: map[*graph.Node]int{}}
	err := x.read(folder, offset, size)
	if err != nil && x.blob != nil {
		_ = x.blob.Close() // err tells more
	}
	return x, err
}

func (x *exported) read(folder string, offset, size int64) (err error) {
	if x.xml, err = os.ReadFile(filepath.Join(folder, "graph.xml")); err != nil {
		return err
	}
	if x.blob, err = tensor.OpenMapping(filepath.Join(folder, "model.blob")); err != nil {
		return err
	}
	blob := x.blob.Bytes()
	if offset < 0 || size < 0 || offset > int64(len(blob)) || size > int64(len(blob))-offset {
		return fmt.Errorf("its %d bytes of constants from offset %d are beyond its end", size, offset)
	}
	x.constants = blob[offset : offset+size]
	g, places, err := ir.ReadMarkable("graph.xml", x.xml, x.constants)
	if err != nil {
		return err
	}
	if err := x.add(g, ""); err != nil {
		return err
	}
	for _, n := range x.nodes {
		x.places = append(x.places, places[n])
	}
	return nil
}

func (x *exported) close() error { return x.blob.Close() }

// add adds the candidates of g, the graph at path, and those of the bodies in it.
func (x *exported) add(g *graph.Graph, path string) error {
	e, err := graph.Enforce(g, tensor.BF16)
	if err != nil {
		return err
	}
	for _, n := range e.Order {
		if path == "" { // the execution graph shows nothing of bodies
			x.names[n.Listed()] = append(x.names[n.Listed()], n)
		}
	}
	first := len(x.candidates)
	for i, n := range e.Candidates {
		c := describe(n)
		c.Graph, c.Index, c.Unit = path, i, first+i
		x.candidates, x.nodes = append(x.candidates, c), append(x.nodes, n)
		x.position[n] = first + i
	}
	x.precede(e.Order)
	for _, n := range e.Order {
		if n.Op == "Subgraph" { // runs as one node
			continue
		}
		for i, b := range n.Bodies {
			inner := path + "/" + n.Name
			if n.Op == "If" {
				inner += [...]string{"/then", "/else"}[i%2]
			}
			if err := x.add(b.Graph, inner); err != nil {
				return err
			}
		}
	}
	return nil
}

// precede notes the nearest candidates that each one of a graph reads from.
func (x *exported) precede(order []*graph.Node) {
	nearest := map[*graph.Node][]int{}
	for _, n := range order {
		var from []int
		for _, p := range n.In {
			from = append(from, nearest[p.Node]...)
		}
		slices.Sort(from)
		from = slices.Compact(from)
		if at, ok := x.position[n]; ok {
			x.candidates[at].Preds = from
			from = []int{at}
		}
		nearest[n] = from
	}
}

// inert reports whether n has no port in f32, the only ones that enforcement touches.
func inert(n *graph.Node) bool {
	return !slices.ContainsFunc(n.In, func(p graph.Port) bool { return p.Type() == tensor.F32 }) &&
		!slices.ContainsFunc(n.Out, func(o graph.Output) bool { return o.Type == tensor.F32 })
}

func describe(n *graph.Node) engine.Candidate {
	t := graph.CPUType(n.Op)
	c := engine.Candidate{Tag: t + "@" + n.Listed(), Type: t, Op: n.Op, Name: n.Listed(), From: n.Fused, Role: patterns.Role(n.Listed()), Inert: inert(n)}
	if len(n.Out) > 0 && static(n.Out[0].Shape) {
		c.Shape = n.Out[0].Shape
	}
	for _, o := range n.Out {
		if elements, err := tensor.Elements(o.Shape); err == nil && static(o.Shape) && o.Type != tensor.Invalid {
			c.Bytes += tensor.StoredBytes(o.Type, elements)
		}
	}
	for _, in := range n.In {
		if in.Node.Op == "Constant" {
			c.Bytes += int64(len(in.Node.Value.Bytes))
		}
	}
	c.MACs = macs(n)
	return c
}

// macs is the number of multiply-adds of one run of n; 0 where shapes are dynamic or the operation is not known here.
func macs(n *graph.Node) int64 {
	var in []ops.Arg
	for _, p := range n.In {
		o := p.Node.Out[p.Out]
		if !static(o.Shape) {
			return 0
		}
		in = append(in, ops.Arg{Type: o.Type, Shape: o.Shape})
	}
	elements := int64(0)
	var out []ops.Spec
	for _, o := range n.Out {
		size, err := tensor.Elements(o.Shape)
		if err != nil || !static(o.Shape) {
			return 0
		}
		elements += int64(size)
		out = append(out, ops.Spec{Type: o.Type, Shape: o.Shape})
	}
	op, err := ops.Bind(n)
	if err != nil {
		return elements
	}
	if _, err := op.Infer(in); err != nil {
		return elements
	}
	if c, ok := op.(ops.Counter); ok {
		return c.MACs(in, out)
	}
	return elements
}

func static(shape []int) bool { return shape != nil && !slices.Contains(shape, -1) }

// Export writes the plugin's own graph, as it was exported, to path (.xml) and its constants beside it (.bin): a model that engine/ir reads.
func (e *Engine) Export(path string) error {
	base, ok := strings.CutSuffix(path, ".xml")
	if !ok {
		return fmt.Errorf("%s: the name of an exported graph ends in .xml", path)
	}
	for _, file := range []struct {
		path    string
		content []byte
	}{{base + ".bin", e.exported.constants}, {path, e.exported.xml}} {
		err := tensor.WriteWhole(file.path, func(w io.Writer) error {
			return tensor.Guard(func() error { _, err := w.Write(file.content); return err })
		})
		if err != nil {
			return fmt.Errorf("exporting the plugin's graph: %w", err)
		}
	}
	return nil
}
