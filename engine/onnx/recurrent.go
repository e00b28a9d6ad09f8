package onnx

import (
	"math"
	"strings"

	"halfway/engine/graph"
)

func init() {
	register("LSTM", recurrent("LSTMSequence", 4, []int{2, 0, 3, 1}, []string{"sigmoid", "tanh", "tanh"})) // ONNX: i o f c, OpenVINO: f i c o
	register("GRU", recurrent("GRUSequence", 3, []int{0, 1, 2}, []string{"sigmoid", "tanh"}))
	register("RNN", recurrent("RNNSequence", 1, []int{0}, []string{"tanh"}))
}

// recurrent translates a recurrent layer. X is [time, batch, input] (layout 0), the weights are [directions, gates*hidden, ...]; OpenVINO's
// sequences want batch first, and gates in the order given by from.
func recurrent(name string, gates int, from []int, functions []string) operator {
	return func(c *call) []graph.Port {
		r := &recurrence{call: c, gates: gates, from: from, hidden: c.int("hidden_size", 0), batchFirst: c.int("layout", 0) != 0}
		return r.translate(name, functions)
	}
}

type recurrence struct {
	*call
	gates, hidden, directions int
	from                      []int
	batchFirst                bool
}

func (r *recurrence) translate(name string, functions []string) []graph.Port {
	x, w, u := r.input(0), r.input(1), r.input(2)
	if r.rank(x) != 3 || r.rank(w) != 3 || r.rank(u) != 3 {
		r.fail("inputs of shape %v and %v, expected rank 3", r.shape(x), r.shape(w))
	}
	r.directions = r.dim(w, 0)
	if r.hidden == 0 {
		r.hidden = r.dim(u, r.rank(u)-1)
	}
	batch, time := r.dim(x, 1), r.dim(x, 0)
	if r.batchFirst {
		batch, time = time, batch
	} else {
		x = r.op("Transpose", nil, x, r.i64s(1, 0, 2))
	}
	lengths := r.op("Broadcast", graph.Attrs{"mode": "numpy"}, r.convert(r.i64(time), r.kind(r.i64(0))), r.i64s(batch))
	if r.has(4) {
		lengths = r.in[4]
	}
	in, outputs := []graph.Port{x, r.state(5, batch)}, 2
	if name == "LSTMSequence" {
		in, outputs = append(in, r.state(6, batch)), 3
	}
	if r.has(7) {
		r.from = nil // the operation of our own has ONNX's order
	}
	in = append(in, lengths, r.reorder(w), r.reorder(u), r.bias(w))
	attrs := r.attrs(functions)
	if r.has(7) {
		attrs["peepholes"], in = "iof", append(in, r.in[7])
	}
	out := r.many(name, outputs, attrs, in...)
	return r.outputs(out)
}

// outputs gives Y [batch, directions, time, hidden] and the states [batch, directions, hidden] the layout of the node.
func (r *recurrence) outputs(out []graph.Port) []graph.Port {
	y, state := []int{2, 1, 0, 3}, []int{1, 0, 2}
	if r.batchFirst {
		y, state = []int{0, 2, 1, 3}, nil
	}
	result := []graph.Port{r.op("Transpose", nil, out[0], r.i64s(y...))}
	for _, p := range out[1:] {
		if state != nil {
			p = r.op("Transpose", nil, p, r.i64s(state...))
		}
		result = append(result, p)
	}
	return result
}

// state is an initial state [batch, directions, hidden]; zeros when it is not given.
func (r *recurrence) state(i, batch int) graph.Port {
	if !r.has(i) {
		return r.op("Broadcast", graph.Attrs{"mode": "numpy"}, r.scalar(r.kind(r.in[0]), 0), r.i64s(batch, r.directions, r.hidden))
	}
	if r.batchFirst {
		return r.in[i]
	}
	return r.op("Transpose", nil, r.in[i], r.i64s(1, 0, 2))
}

// reorder puts the gates of weights [directions, gates*hidden, ...] into OpenVINO's order.
func (r *recurrence) reorder(p graph.Port) graph.Port {
	return r.regated(p, r.from)
}

func (r *recurrence) regated(p graph.Port, from []int) graph.Port {
	same := true
	for i, g := range from {
		same = same && i == g
	}
	if same {
		return p
	}
	parts := r.many("Split", len(from), graph.Attrs{"num_splits": list([]int{len(from)})}, p, r.i64(1))
	ordered := make([]graph.Port, len(from))
	for i, g := range from {
		ordered[i] = parts[g]
	}
	return r.op("Concat", graph.Attrs{"axis": "1"}, ordered...)
}

// bias is B, [directions, 2*gates*hidden], with the biases of input and recurrence added. A GRU that resets after its matrix product needs that
// of the recurrent candidate apart.
func (r *recurrence) bias(w graph.Port) graph.Port {
	apart := r.gates == 3 && r.int("linear_before_reset", 0) != 0
	if !r.has(3) {
		n := r.gates
		if apart {
			n++
		}
		return r.op("Broadcast", graph.Attrs{"mode": "numpy"}, r.scalar(r.kind(w), 0), r.i64s(r.directions, n*r.hidden))
	}
	halves := r.many("Split", 2, graph.Attrs{"num_splits": "2"}, r.in[3], r.i64(1))
	if !apart {
		return r.reorder(r.op("Add", numpyBroadcast(), halves[0], halves[1]))
	}
	wb := r.many("Split", 3, graph.Attrs{"num_splits": "3"}, halves[0], r.i64(1))
	rb := r.many("Split", 3, graph.Attrs{"num_splits": "3"}, halves[1], r.i64(1))
	z, reset := r.op("Add", numpyBroadcast(), wb[0], rb[0]), r.op("Add", numpyBroadcast(), wb[1], rb[1])
	return r.op("Concat", graph.Attrs{"axis": "1"}, z, reset, wb[2], rb[2])
}

func (r *recurrence) attrs(functions []string) graph.Attrs {
	attrs := graph.Attrs{"hidden_size": list([]int{r.hidden}), "direction": strings.ToLower(r.string("direction", "forward"))}
	if a := r.attr("activations"); a != nil {
		if len(a.strings)%r.directions != 0 {
			r.fail("%d activations for %d directions", len(a.strings), r.directions)
		}
		functions = nil
		for i, s := range a.strings {
			if f := strings.ToLower(string(s)); i < len(a.strings)/r.directions {
				functions = append(functions, f)
			} else if f != functions[i%len(functions)] {
				r.fail("directions with activations of their own are not supported: %q", a.strings)
			}
		}
	}
	r.parameters(attrs, functions)
	if clip := r.float("clip", 0); clip != 0 {
		attrs["clip"] = number(clip)
	}
	if r.int("input_forget", 0) != 0 {
		r.fail("input_forget is not supported")
	}
	if r.gates == 3 {
		attrs["linear_before_reset"] = boolean(r.int("linear_before_reset", 0))
	}
	return attrs
}

// cellParameters are the default parameters of the activations that have some, of the others none;
// NaN stands for one that the node must give.
var cellParameters = map[string][]float64{"sigmoid": {}, "tanh": {}, "relu": {}, "softplus": {}, "softsign": {}, "hardsigmoid": {0.2, 0.5},
	"affine": {math.NaN(), math.NaN()}, "elu": {1}, "leakyrelu": {0.01}, "scaledtanh": {math.NaN(), math.NaN()}, "thresholdedrelu": {math.NaN()}}

// parameters gives each activation its alpha and beta: of the node's lists every function takes what it needs, as in ONNX Runtime.
func (r *recurrence) parameters(attrs graph.Attrs, functions []string) {
	lists := [2][]float32{}
	for i, name := range []string{"activation_alpha", "activation_beta"} {
		if a := r.attr(name); a != nil {
			lists[i] = a.floats
		}
	}
	var values [2][]string
	for _, f := range functions {
		defaults, ok := cellParameters[f]
		if !ok {
			r.fail("activation %q is not supported", f)
		}
		for i := range values {
			v := 0.0
			if i < len(defaults) {
				v = defaults[i]
				if len(lists[i]) > 0 {
					v, lists[i] = float64(lists[i][0]), lists[i][1:]
				}
			}
			if math.IsNaN(v) {
				r.fail("activation %q needs its activation_alpha, and activation_beta where it has one", f)
			}
			values[i] = append(values[i], number(v))
		}
	}
	attrs["activations"] = strings.Join(functions, ",")
	attrs["activations_alpha"], attrs["activations_beta"] = strings.Join(values[0], ","), strings.Join(values[1], ",")
}
