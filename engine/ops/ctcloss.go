package ops

import (
	"fmt"
	"math"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// CTCLoss (opset4): the negative logarithm of the probability of each label sequence, summed over all alignments (Graves et al., 2006). It is
// computed in f64.
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/sequence/ctc-loss-4.html
func init() {
	register("CTCLoss", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		c := ctcLoss{collapse: d.Bool("preprocess_collapse_repeated", false), merge: d.Bool("ctc_merge_repeated", true),
			unique: d.Bool("unique", false)}
		return c, d.Err()
	})
}

type ctcLoss struct {
	collapse bool // repeated labels of a target are one
	merge    bool // repeated labels of an alignment are one
	unique   bool // a target holds every label once
}

func (c ctcLoss) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 4, 5); err != nil {
		return nil, err
	}
	if err := wantRank(in, 0, 3); err != nil {
		return nil, err
	}
	if err := wantFloats(in, 0); err != nil {
		return nil, err
	}
	if err := wantIntegers(in, 1, 2, 3); err != nil {
		return nil, err
	}
	s := in[0].Shape
	if len(in) == 5 {
		blank, ok, err := scalar(in, 4, "blank_index")
		if err != nil {
			return nil, err
		}
		if ok && s != nil && (blank < 0 || blank >= s[2]) {
			return nil, fmt.Errorf("blank_index is %d, but there are %d classes", blank, s[2])
		}
	}
	if s == nil {
		return []Spec{{Type: in[0].Type}}, nil
	}
	if s[2] == 0 {
		return nil, fmt.Errorf("input 0 has shape %v, want classes", s)
	}
	for i, want := range [][]int{{s[0]}, {s[0], s[1]}, {s[0]}} {
		if err := wantShape(in, i+1, want...); err != nil {
			return nil, err
		}
	}
	return []Spec{{in[0].Type, []int{s[0]}}}, nil
}

func (c ctcLoss) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	batch, steps, classes := in[0].Shape[0], in[0].Shape[1], in[0].Shape[2]
	blank := classes - 1
	if len(in) == 5 {
		blank = intValues(in[4].Tensor)[0]
	}
	lengths, labels, labelLengths := intValues(in[1].Tensor), intValues(in[2].Tensor), intValues(in[3].Tensor)
	targets := make([][]int, batch)
	for b := range batch {
		if n, m := lengths[b], labelLengths[b]; n < 0 || n > steps || m < 0 || m > n {
			return fmt.Errorf("sequence %d has %d steps and %d labels, want at most %d steps and no more labels than steps", b, n, m, steps)
		}
		targets[b] = c.target(labels[b*steps:][:labelLengths[b]])
		if i := slices.IndexFunc(targets[b], func(l int) bool { return l < 0 || l >= classes }); i >= 0 {
			return fmt.Errorf("label %d of sequence %d is outside %d classes", targets[b][i], b, classes)
		}
	}
	logits := floatValues(in[0].Tensor)
	losses := make([]float64, batch)
	w.For(batch, 1, func(lo, hi int) {
		for ; lo < hi; lo++ {
			losses[lo] = c.loss(logits[lo*steps*classes:][:lengths[lo]*classes], targets[lo], classes, blank)
		}
	})
	if out[0].Type == tensor.F64 {
		copy(tensor.Data[float64](out[0]), losses)
		return nil
	}
	d := out[0].F32s()
	for i, v := range losses {
		d[i] = float32(v)
	}
	roundTo(out[0].Type, d)
	return nil
}

// target is a label sequence after preprocessing.
func (c ctcLoss) target(labels []int) []int {
	if c.unique {
		seen := map[int]bool{}
		var r []int
		for _, l := range labels {
			if !seen[l] {
				seen[l] = true
				r = append(r, l)
			}
		}
		return r
	}
	if c.collapse {
		return slices.Compact(slices.Clone(labels))
	}
	return labels
}

// loss runs the forward algorithm over the target with a blank before, between and after its labels.
func (c ctcLoss) loss(logits []float64, target []int, classes, blank int) float64 {
	states := make([]int, 2*len(target)+1)
	for i := range states {
		states[i] = blank
		if i%2 == 1 {
			states[i] = target[i/2]
		}
	}
	forward, next := make([]float64, len(states)), make([]float64, len(states))
	for i := range forward {
		forward[i] = math.Inf(-1)
	}
	forward[0] = 0 // before the first step: as if in the first blank
	for t := 0; t*classes < len(logits); t++ {
		step := logits[t*classes:][:classes]
		norm := logSumExp(step...)
		for s, class := range states {
			from := forward[s]
			switch {
			case s%2 == 1 && !c.merge:
				from = math.Inf(-1) // a label that stays would be one label more
			case t == 0 && s == 1:
				from = math.Inf(-1)
			}
			if s > 0 {
				from = logSumExp(from, forward[s-1])
			}
			if s > 1 && s%2 == 1 && (class != states[s-2] || !c.merge) {
				from = logSumExp(from, forward[s-2])
			}
			next[s] = from + step[class] - norm
		}
		forward, next = next, forward
	}
	last := len(forward) - 1
	if last == 0 {
		return -forward[0]
	}
	return -logSumExp(forward[last], forward[last-1])
}

func logSumExp(x ...float64) float64 {
	m := slices.Max(x)
	if math.IsInf(m, -1) {
		return m
	}
	sum := 0.0
	for _, v := range x {
		sum += math.Exp(v - m)
	}
	return m + math.Log(sum)
}
