package ops

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// The recurrent operations: RNNCell (opset1), GRUCell (opset3), LSTMCell (opset1, opset4), AUGRUCell (internal), and the Sequence of each,
// which applies the cell along axis 1:
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/sequence/lstm-sequence-5.html
//
// A cell is a sequence of one step in one direction: inputs X [B, T, I], states [B, D, H], lengths [B], weights W [D, G*H, I] and
// R [D, G*H, H], bias B [D, G*H]; outputs Y [B, D, T, H] and the last states [B, D, H]. Cells lack T, D, the lengths and Y. Where a sequence
// is shorter than T, Y is 0 beyond its end; in reverse it starts at its end.

func init() {
	for _, k := range []cellKind{
		{name: "RNN", gates: 1, functions: []string{"tanh"}},
		{name: "GRU", gates: 3, functions: []string{"sigmoid", "tanh"}},
		{name: "AUGRU", gates: 3, functions: []string{"sigmoid", "tanh"}, attention: true},
		{name: "LSTM", gates: 4, functions: []string{"sigmoid", "tanh", "tanh"}, memory: true},
	} {
		register(k.name+"Cell", func(n *graph.Node) (Op, error) { return newRecurrent(n, k, false) })
		register(k.name+"Sequence", func(n *graph.Node) (Op, error) { return newRecurrent(n, k, true) })
	}
}

// A cellKind is what distinguishes the cells.
type cellKind struct {
	name      string
	gates     int
	functions []string // its activations by default
	attention bool     // a last input A scales the update gate
	memory    bool     // a second state, the cell state
}

// recurrent is one of the recurrent operations bound to its attributes.
type recurrent struct {
	cellKind
	sequence    bool
	peephole    bool // an optional last input P, [D, 3*H]: weights of the cell state in the gates i, o, f; from opset1 it must be 0
	onnx        bool // ONNX's LSTM, whose gates are i, o, f, c
	reverse     []bool
	hidden      int
	clip        float64
	linear      bool // GRU: the reset gate is applied after the multiplication
	gateOrder   string
	activations []activation

	packedW, packedR packed[any] // []projection[T]
}

func newRecurrent(n *graph.Node, k cellKind, sequence bool) (Op, error) {
	d := n.Attrs.Decode()
	d.Required("hidden_size")
	r := &recurrent{cellKind: k, sequence: sequence, hidden: d.Int("hidden_size", 0), clip: d.Float("clip", 0),
		linear: d.Bool("linear_before_reset", false), gateOrder: "fico", reverse: []bool{false}}
	if k.memory && n.Opset == "opset1" {
		r.peephole = true
		d.Enum("weights_format", "ifco", "fico", "icof", "ifco", "ifoc", "iofc") // OpenVINO takes each for fico
		if d.Bool("input_forget", false) {
			return nil, fmt.Errorf("attribute input_forget=true is not supported")
		}
	}
	if k.memory && n.Attrs["peepholes"] == "iof" {
		r.peephole, r.onnx, r.gateOrder = true, true, "iofc"
	}
	if sequence {
		switch d.Enum("direction", "forward", "forward", "reverse", "bidirectional") {
		case "reverse":
			r.reverse = []bool{true}
		case "bidirectional":
			r.reverse = []bool{false, true}
		}
	}
	alpha, beta := d.Floats("activations_alpha"), d.Floats("activations_beta")
	if err := d.Err(); err != nil {
		return nil, err
	}
	if r.hidden <= 0 || r.hidden > 1<<24 {
		return nil, fmt.Errorf("attribute hidden_size=%d, want 1 to %d", r.hidden, 1<<24)
	}
	return r, r.bindActivations(n.Attrs["activations"], alpha, beta)
}

func (r *recurrent) bindActivations(list string, alpha, beta []float64) error {
	names := r.functions
	if strings.TrimSpace(list) != "" {
		names = strings.Split(list, ",")
	}
	if len(names) < len(r.functions) {
		return fmt.Errorf("attribute activations=%q, want %d names", list, len(r.functions))
	}
	for i := range r.functions {
		a := activation{name: strings.ToLower(strings.TrimSpace(names[i])), alpha: 0.2, beta: 0.5}
		if cellFunctions[a.name] == nil {
			return fmt.Errorf("attribute activations has %q, want one of %s", a.name, strings.Join(slices.Sorted(maps.Keys(cellFunctions)), ", "))
		}
		if i < len(alpha) {
			a.alpha = alpha[i]
		}
		if i < len(beta) {
			a.beta = beta[i]
		}
		r.activations = append(r.activations, a)
	}
	return nil
}

// cellFunctions are the activations that ONNX's recurrent operators have, of which OpenVINO's have the first four:
// https://onnx.ai/onnx/operators/onnx__LSTM.html
var cellFunctions = map[string]func(x, alpha, beta float64) float64{
	"sigmoid":     func(x, _, _ float64) float64 { return 1 / (1 + math.Exp(-x)) },
	"tanh":        func(x, _, _ float64) float64 { return math.Tanh(x) },
	"relu":        func(x, _, _ float64) float64 { return max(x, 0) },
	"hardsigmoid": func(x, alpha, beta float64) float64 { return min(max(alpha*x+beta, 0), 1) },
	"affine":      func(x, alpha, beta float64) float64 { return alpha*x + beta },
	"elu":         func(x, alpha, _ float64) float64 { return max(x, 0) + min(alpha*math.Expm1(min(x, 0)), 0) },
	"leakyrelu":   func(x, alpha, _ float64) float64 { return max(x, 0) + alpha*min(x, 0) },
	"scaledtanh":  func(x, alpha, beta float64) float64 { return alpha * math.Tanh(beta*x) },
	"softplus":    func(x, _, _ float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) },
	"softsign":    func(x, _, _ float64) float64 { return x / (1 + math.Abs(x)) },
	"thresholdedrelu": func(x, alpha, _ float64) float64 {
		if x < alpha {
			return 0
		}
		return x
	},
}

// An activation is a function of one number and its parameters.
type activation struct {
	name        string
	alpha, beta float64
}

// activate applies a to all of x.
func activate[T real](a activation, x []T) {
	if f, ok := any(x).([]float32); ok && a.name == "sigmoid" {
		kernel.Sigmoid(f, f)
		return
	} else if ok && a.name == "tanh" {
		kernel.Tanh(f, f)
		return
	}
	f := cellFunctions[a.name]
	for i, v := range x {
		x[i] = T(f(float64(v), a.alpha, a.beta))
	}
}

// RoundsOperands makes it a Rounder: where X is to be rounded, the plugin's primitive holds W, R and the hidden state on the same grid
// through all steps.
func (r *recurrent) RoundsOperands() {}

// inputs are the indices of the inputs; -1 where the operation has none.
type recurrentInputs struct{ x, h, c, lengths, w, r, b, last int }

func (r *recurrent) inputs() (p recurrentInputs, total int) {
	next := func(has bool) int {
		if !has {
			return -1
		}
		total++
		return total - 1
	}
	p = recurrentInputs{x: next(true), h: next(true), c: next(r.memory), lengths: next(r.sequence), w: next(true), r: next(true), b: next(true)}
	p.last = next(r.attention || r.peephole)
	return p, total
}

// Infer checks every shape against those of X and the attributes.
func (r *recurrent) Infer(in []Arg) ([]Spec, error) {
	p, total := r.inputs()
	least := total
	if r.peephole {
		least--
	}
	if err := wantInputs(in, least, total); err != nil {
		return nil, err
	}
	if err := wantFloats(in, slices.DeleteFunc(r.floats(p, len(in)), func(i int) bool { return i < 0 })...); err != nil {
		return nil, err
	}
	rank := 2
	if r.sequence {
		rank = 3
	}
	x := in[p.x].Shape
	if err := wantRank(in, p.x, rank); err != nil {
		return nil, err
	}
	if x == nil {
		return r.outputs(in[p.x].Type, -1, -1), nil
	}
	batch, steps := x[0], 1
	if r.sequence {
		steps = x[1]
	}
	if err := r.checkShapes(in, p, x); err != nil {
		return nil, err
	}
	return r.outputs(in[p.x].Type, batch, steps), nil
}

// floats are the inputs, of so many, that must be of one float type; -1 stands for none.
func (r *recurrent) floats(p recurrentInputs, inputs int) []int {
	list := []int{p.x, p.h, p.c, p.w, p.r, p.b}
	if r.onnx && p.last < inputs {
		list = append(list, p.last)
	}
	return list
}

// checkShapes compares the shapes of all inputs but X with what they must be.
func (r *recurrent) checkShapes(in []Arg, p recurrentInputs, x []int) error {
	batch, size, rows := x[0], x[len(x)-1], r.gates*r.hidden
	state, dirs, attention := []int{batch, r.hidden}, []int(nil), []int{batch, 1}
	if r.sequence {
		if err := wantIntegers(in, p.lengths); err != nil {
			return err
		}
		if err := wantShape(in, p.lengths, batch); err != nil {
			return err
		}
		d := len(r.reverse)
		state, dirs, attention = []int{batch, d, r.hidden}, []int{d}, []int{batch, x[1], 1}
	}
	want := map[int][]int{p.h: state, p.w: slices.Concat(dirs, []int{rows, size}), p.r: slices.Concat(dirs, []int{rows, r.hidden}),
		p.b: slices.Concat(dirs, []int{r.biases() * r.hidden})}
	if r.memory {
		want[p.c] = state
	}
	if r.attention {
		want[p.last] = attention
	}
	if r.onnx {
		want[p.last] = slices.Concat(dirs, []int{3 * r.hidden})
	}
	for i := range in {
		if want[i] == nil {
			continue
		}
		if err := wantShape(in, i, want[i]...); err != nil {
			return err
		}
	}
	return nil
}

// biases is the number of gates that have biases: with linear_before_reset that of the candidate's recurrent part is apart.
func (r *recurrent) biases() int {
	if r.linear {
		return r.gates + 1
	}
	return r.gates
}

func (r *recurrent) outputs(t tensor.DType, batch, steps int) []Spec {
	dirs := len(r.reverse)
	var specs []Spec
	state := []int{batch, r.hidden}
	if r.sequence {
		specs = append(specs, Spec{t, []int{batch, dirs, steps, r.hidden}})
		state = []int{batch, dirs, r.hidden}
	}
	specs = append(specs, Spec{t, state})
	if r.memory {
		specs = append(specs, Spec{t, state})
	}
	if batch < 0 {
		for i := range specs {
			specs[i].Shape = nil
		}
	}
	return specs
}

// MACs counts the multiplications by W and R.
func (r *recurrent) MACs(in []Arg, _ []Spec) int64 {
	x := in[0].Shape
	rows, err := tensor.Elements(x[:len(x)-1])
	if err != nil {
		return 0
	}
	return int64(rows) * int64(len(r.reverse)*r.gates*r.hidden) * int64(x[len(x)-1]+r.hidden)
}

// Eval runs the cell along the sequences.
func (r *recurrent) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	if in[0].Type == tensor.F64 {
		return recur[float64](r, w, in, out)
	}
	return recur[float32](r, w, in, out)
}
