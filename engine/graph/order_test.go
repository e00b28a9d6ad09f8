package graph

import (
	"strings"
	"testing"

	"halfway/engine/tensor"
)

// build makes a graph from lines "name op input input ...", in file order.
func build(t *testing.T, lines ...string) *Graph {
	t.Helper()
	g := &Graph{File: "test"}
	byName := map[string]*Node{}
	for _, l := range lines {
		f := strings.Fields(l)
		n := g.Insert(&Node{Name: f[0], Op: f[1], Out: []Output{{Type: tensor.F32}}})
		byName[f[0]] = n
		switch n.Op {
		case "Parameter":
			g.Params = append(g.Params, n)
		case "Result":
			g.Results = append(g.Results, n)
		}
	}
	for _, l := range lines {
		f := strings.Fields(l)
		for _, in := range f[2:] {
			if in[0] == '^' {
				byName[f[0]].Control = append(byName[f[0]].Control, byName[in[1:]])
				continue
			}
			byName[f[0]].In = append(byName[f[0]].In, Port{Node: byName[in]})
		}
	}
	return g
}

func names(nodes []*Node) string {
	var s []string
	for _, n := range nodes {
		s = append(s, n.Name)
	}
	return strings.Join(s, " ")
}

func TestOrder(t *testing.T) {
	for _, c := range []struct {
		name  string
		graph []string
		want  string
	}{
		{"parameters come out reversed, before what reads them", []string{"p Parameter", "q Parameter", "a Add p q", "r Result a"}, "q p a r"},
		{"the last result's subtree comes first", []string{"p Parameter", "a Relu p", "b Tanh p", "ra Result a", "rb Result b"}, "p b rb a ra"},
		{"input 0 comes before input 1", []string{"p Parameter", "a Relu p", "b Tanh p", "s Add b a", "r Result s"}, "p b a s r"},
		{"control dependencies come before input 0", []string{"p Parameter", "a Relu p", "b Tanh p", "s Exp a ^b", "r Result s"}, "p b a s r"},
		{"a constant comes right before its reader", []string{"p Parameter", "c Constant", "a Relu p", "s Add a c", "r Result s"}, "p a c s r"},
		{"what no result needs is left out", []string{"p Parameter", "a Relu p", "dead Tanh p", "r Result a"}, "p a r"},
	} {
		t.Run(c.name, func(t *testing.T) {
			order, err := build(t, c.graph...).Order()
			if got := names(order); err != nil || got != c.want {
				t.Errorf("got %q, %v; want %q", got, err, c.want)
			}
		})
	}
}

func TestOrderCycle(t *testing.T) {
	_, err := build(t, "a Relu b", "b Tanh a", "r Result b").Order()
	if err == nil || !strings.Contains(err.Error(), "cycle") {
		t.Errorf("got %v, want an error about a cycle", err)
	}
}

func TestTailAndCandidates(t *testing.T) {
	for _, c := range []struct {
		name      string
		precision tensor.DType
		graph     []string
		want      string
	}{
		{"the tail ends at a significant type", tensor.BF16,
			[]string{"p Parameter", "c Convolution p p", "a Add c p", "s Softmax a", "r Result s"}, "c"},
		{"a node that feeds the tail and the body is skipped", tensor.BF16,
			[]string{"p Parameter", "x Relu p", "m MatMul x p", "a Add m x", "r Result a"}, "m"},
		{"deconvolution stops the tail in f16 only", tensor.F16,
			[]string{"p Parameter", "x Relu p", "d ConvolutionBackpropData x p", "r Result d"}, "x d"},
		{"deconvolution does not stop it in bf16", tensor.BF16,
			[]string{"p Parameter", "x Relu p", "d ConvolutionBackpropData x p", "r Result d"}, ""},
		{"f32 enforces nothing", tensor.F32, []string{"p Parameter", "m MatMul p p", "r Result m"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, err := Enforce(build(t, c.graph...), c.precision)
			if err != nil {
				t.Fatal(err)
			}
			if got := names(e.Candidates); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestCPUType(t *testing.T) {
	for op, want := range map[string]string{"GroupConvolution": "Convolution", "LSTMSequence": "RNNSeq", "softmax": "Softmax", "Swish": "Eltwise",
		"Cos": "Math", "Log": "Eltwise", "ReduceMax": "Reduce", "Squeeze": "Reshape", "NoSuchThing": "Reference", "Convert": "Convert"} {
		if got := CPUType(op); got != want {
			t.Errorf("CPUType(%s) = %s, want %s", op, got, want)
		}
	}
}
