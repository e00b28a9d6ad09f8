package passes

import (
	"fmt"
	"strings"
	"testing"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// network builds Parameter x, MatMul "mm" with a constant, optionally an Add "add" with a constant bias, and a Result.
type network struct {
	x, weights, out []int
	attrs           graph.Attrs
	swapped         bool // the constant is input 0
	bias            []int
	secondReader    bool
	convert         bool // the weights come through a Convert
}

func (c network) build() *graph.Graph {
	g := &graph.Graph{File: "test"}
	node := func(op, name string, shape []int, in ...*graph.Node) *graph.Node {
		n := &graph.Node{Op: op, Opset: "opset1", Name: name, Out: []graph.Output{{Type: tensor.F32, Shape: shape}}}
		for _, i := range in {
			n.In = append(n.In, graph.Port{Node: i})
		}
		if op == "Constant" {
			n.Value = &tensor.Raw{Type: tensor.F32, Shape: shape}
		}
		return g.Insert(n)
	}
	x := node("Parameter", "x", c.x)
	g.Params = append(g.Params, x)
	w := node("Constant", "w", c.weights)
	if c.convert {
		w = node("Convert", "w/convert", c.weights, w)
	}
	in := []*graph.Node{x, w}
	if c.swapped {
		in[0], in[1] = in[1], in[0]
	}
	last := node("MatMul", "mm", c.out, in...)
	last.Attrs = c.attrs
	if c.secondReader {
		g.Results = append(g.Results, node("Result", "r2", c.out, last))
	}
	if c.bias != nil {
		last = node("Add", "add", c.out, last, node("Constant", "b", c.bias))
	}
	g.Results = append(g.Results, node("Result", "r", c.out, last))
	return g
}

func TestPlainView(t *testing.T) {
	for _, c := range []struct {
		name string
		net  network
		want string // the nodes in counting order, without inputs and outputs
	}{
		{"constant weights make a FullyConnected", network{x: []int{2, 3}, weights: []int{3, 4}, out: []int{2, 4}}, "FullyConnected@mm"},
		{"weights behind a Convert count as constant", network{x: []int{2, 3}, weights: []int{3, 4}, out: []int{2, 4}, convert: true},
			"Convert@w/convert FullyConnected@mm"},
		{"a constant input 0 stays a MatMul", network{x: []int{3, 4}, weights: []int{2, 3}, out: []int{2, 4}, swapped: true}, "MatMul@mm"},
		{"weights of rank 1 stay a MatMul", network{x: []int{2, 3}, weights: []int{3}, out: []int{2}}, "MatMul@mm"},
		{"an input of rank 1 stays a MatMul", network{x: []int{3}, weights: []int{3, 4}, out: []int{4}}, "MatMul@mm"},
		{"batched weights stay a MatMul", network{x: []int{5, 2, 3}, weights: []int{5, 3, 4}, out: []int{5, 2, 4}}, "MatMul@mm"},
		{"batch dimensions of 1 do not matter", network{x: []int{5, 2, 3}, weights: []int{1, 3, 4}, out: []int{5, 2, 4}}, "FullyConnected@mm"},
		{"a transposed input gets a Transpose", network{x: []int{3, 2}, weights: []int{3, 4}, out: []int{2, 4}, attrs: graph.Attrs{"transpose_a": "true"}},
			"Transpose@mm/transpose_a FullyConnected@mm"},
		{"a bias takes over the name", network{x: []int{2, 3}, weights: []int{3, 4}, out: []int{2, 4}, bias: []int{1, 4}}, "FullyConnected@add"},
		{"a bias of one element is none", network{x: []int{2, 3}, weights: []int{3, 4}, out: []int{2, 4}, bias: []int{1}},
			"FullyConnected@mm Eltwise@add"},
		{"a bias per row is none", network{x: []int{4, 3}, weights: []int{3, 4}, out: []int{4, 4}, bias: []int{4, 1}}, "FullyConnected@mm Eltwise@add"},
		{"a bias of higher rank is none", network{x: []int{2, 3}, weights: []int{3, 4}, out: []int{2, 4}, bias: []int{1, 1, 4}},
			"FullyConnected@mm Eltwise@add"},
		{"a second reader keeps the Add", network{x: []int{2, 3}, weights: []int{3, 4}, out: []int{2, 4}, bias: []int{4}, secondReader: true},
			"FullyConnected@mm Eltwise@add"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := c.net.build()
			before := fmt.Sprint(len(g.Nodes), g.Nodes[2].Op)
			v, err := Apply(g, "plain", nil)
			if err != nil {
				t.Fatal(err)
			}
			order, err := v.Order()
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, n := range order {
				if ct := graph.CPUType(n.Op); ct != "Input" && ct != "Output" {
					got = append(got, ct+"@"+n.Name)
				}
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("got %q, want %q", s, c.want)
			}
			if after := fmt.Sprint(len(g.Nodes), g.Nodes[2].Op); after != before {
				t.Errorf("the graph that was passed changed: %s, was %s", after, before)
			}
		})
	}
}

func TestUnknownView(t *testing.T) {
	if _, err := Apply(&graph.Graph{}, "nonsense", nil); err == nil || !strings.Contains(err.Error(), "plain") {
		t.Errorf("got %v, want an error that names the views", err)
	}
}
