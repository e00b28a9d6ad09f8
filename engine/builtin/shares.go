package builtin

import (
	"math"
	"slices"
)

// shares apportions the error of the outputs, which have these weights, to the candidates: backwards through the model each step keeps of the
// error of its results what its own rounding adds, and hands the rest on to its operands by what theirs add. This is layer-wise relevance
// propagation (Bach et al., PLoS ONE 10(7), 2015) with measured errors in place of activations. Of an error that a step makes much larger by
// cancelling what its operands have in common, only roundings near by are to blame: errors from further away have that in common too.
func (f *forecast) shares(weight func(output string) float64) []float64 {
	r := f.reduced
	shares := make([]float64, len(r.candidates))
	carried := map[string]float64{} // by variable: what later inferences blame on what it held
	for i := len(f.traces) - 1; i >= 0; i-- {
		b := blames{all: make([]float64, r.slots), near: make([]float64, r.slots), carried: carried, shares: shares}
		for k, slot := range r.plan.results {
			b.all[slot] += weight(r.plan.graph.OutputName(k))
		}
		f.apportion(f.traces[i], b)
	}
	return shares
}

// blames is what is left to apportion within one inference.
type blames struct {
	all, near []float64          // by slot; near: to roundings not far before it
	carried   map[string]float64 // by variable
	shares    []float64          // by candidate: what was apportioned
}

// apportion hands blame on to where it belongs within one inference.
func (f *forecast) apportion(traces []trace, b blames) {
	steps := f.reduced.plan.steps
	for i := len(steps) - 1; i >= 0; i-- {
		s, own, near := steps[i], 0.0, 0.0
		for o := range s.node.Out {
			own += b.all[s.out+o]
			near += b.near[s.out+o]
		}
		variable := s.node.Attrs["variable_id"]
		switch s.node.Op {
		case "Assign":
			own += b.carried[variable]
			b.carried[variable] = 0
		case "ReadValue":
			b.carried[variable] += own + near
		}
		if t := traces[i]; t.error > 0 {
			b.divideNear(s, t, near)
			b.divide(s, t, own)
		}
	}
}

// divide divides the blame of one step. What has no measured cause is the step's own.
func (b blames) divide(s *step, t trace, own float64) {
	if own == 0 {
		return
	}
	kept := own * min(t.rounding/t.error, 1)
	charge(b.shares, s.roundOut, kept)
	own -= kept
	if inner := s.inner(); len(inner) > 0 {
		for _, p := range inner {
			b.shares[p] += own / 2 / float64(len(inner))
		}
		own /= 2
	}
	sum := t.sum()
	if !(sum > 0) {
		charge(b.shares, []condition{{max(s.candidate, 0)}}, own)
		return
	}
	rounded := t.rounded()
	near := own * t.cancelled()
	for i, slot := range s.in {
		charge(b.shares, s.roundIn[i:i+1], (own-near)*(t.roundings[i]/sum))
		b.all[slot] += (own - near) * (t.operands[i] / sum)
		switch {
		case near > 0 && rounded > 0:
			charge(b.shares, s.roundIn[i:i+1], near*(t.roundings[i]/rounded))
			b.near[slot] += near * (t.arrived[i] / rounded)
		case near > 0: // it was rounded further away
			b.near[slot] += near * (t.operands[i] / sum)
		}
	}
}

// handedOn is the part of the blame for roundings near by that a step which rounds hands on: the further away, the less.
const handedOn = 0.25

// divideNear divides blame for roundings near by. Weights make what the terms of a product have in common, so there it ends; of two values it is the
// second that the terms, its columns, differ by.
func (b blames) divideNear(s *step, t trace, near float64) {
	if near == 0 {
		return
	}
	relative := t.rounding / max(t.signal, math.SmallestNonzeroFloat64)
	if additive[s.kind()] {
		relative = t.rounding
	}
	first, end, passed := 0, len(t.operands), handedOn
	if products[s.kind()] && slices.Contains(t.operands, 0) {
		passed = 0
	} else if products[s.kind()] {
		first, end = min(1, end), min(2, end)
	}
	here, behind := relative, 0.0
	for i := first; i < end; i++ {
		here += t.roundings[i]
		behind += t.operands[i]
	}
	switch {
	case here == 0 && behind == 0:
		charge(b.shares, []condition{{max(s.candidate, 0)}}, near)
		return
	case here == 0:
		passed = 1
	case behind == 0:
		passed = 0
	}
	if here > 0 {
		charge(b.shares, s.roundOut, near*(1-passed)*(relative/here))
	}
	for i := first; i < end; i++ {
		if here > 0 {
			charge(b.shares, s.roundIn[i:i+1], near*(1-passed)*(t.roundings[i]/here))
		}
		if behind > 0 {
			b.near[s.in[i]] += near * passed * (t.operands[i] / behind)
		}
	}
}

// sum is what all operands add.
func (t trace) sum() float64 {
	sum := 0.0
	for i := range t.operands {
		sum += t.operands[i] + t.roundings[i]
	}
	return sum
}

// rounded is what rounding operands, here or before, adds to all of them.
func (t trace) rounded() float64 {
	sum := 0.0
	for i := range t.arrived {
		sum += t.roundings[i] + t.arrived[i]
	}
	return sum
}

// products are the operations whose results are sums of products.
var products = map[string]bool{"MatMul": true, "FullyConnected": true, "Convolution": true, "GroupConvolution": true}

// cancelling is by how much the products of a sum have to be larger than it, as energies, before they count as terms that cancel.
const cancelling = 64

// cancelled is the share of the error that s would not make if its terms did not cancel: what it adds to the relative errors of its operands, or
// what rounding them makes of itself. Terms that are as if drawn at random have together the energy of their sum.
func (t trace) cancelled() float64 {
	added, rounded := t.error-t.rounding, t.rounded()
	if !(t.terms > cancelling*t.signal) || !(added > 0) {
		return 0
	}
	return max(1-t.sum()*t.signal/added, min(rounded*t.terms/added, 1), 0)
}

// inner lists the candidates in the bodies of s.
func (s *step) inner() []int {
	if s.flow == nil {
		return nil
	}
	var list []int
	for _, body := range s.flow.bodies {
		for _, one := range body.steps {
			if one.candidate >= 0 {
				list = append(list, one.candidate)
			}
			list = append(list, one.inner()...)
		}
	}
	return list
}

// charge gives an amount to the candidates that, enforced last, make ports round.
func charge(shares []float64, ports []condition, amount float64) {
	var last []int
	for _, c := range ports {
		if len(c) > 0 {
			last = append(last, slices.Max(c))
		}
	}
	for _, p := range last {
		shares[p] += amount / float64(len(last))
	}
}
