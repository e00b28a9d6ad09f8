package builtin

import "slices"

// shares apportions the error of the outputs, which have these weights, to the candidates: backwards through the model each step keeps of the
// error of its results what its own rounding adds, and hands the rest on to its operands by what theirs add. This is layer-wise relevance
// propagation (Bach et al., PLoS ONE 10(7), 2015) with measured errors in place of activations.
func (f *forecast) shares(weight func(output string) float64) []float64 {
	r := f.reduced
	shares := make([]float64, len(r.candidates))
	carried := map[string]float64{} // by variable: what later inferences blame on what it held
	for i := len(f.traces) - 1; i >= 0; i-- {
		blame := make([]float64, r.slots)
		for k, slot := range r.plan.results {
			blame[slot] += weight(r.plan.graph.OutputName(k))
		}
		f.apportion(f.traces[i], blame, carried, shares)
	}
	return shares
}

// apportion hands blame, by slot, on to where it belongs within one inference.
func (f *forecast) apportion(traces []trace, blame []float64, carried map[string]float64, shares []float64) {
	steps := f.reduced.plan.steps
	for i := len(steps) - 1; i >= 0; i-- {
		s, own := steps[i], 0.0
		for o := range s.node.Out {
			own += blame[s.out+o]
		}
		variable := s.node.Attrs["variable_id"]
		switch s.node.Op {
		case "Assign":
			own += carried[variable]
			carried[variable] = 0
		case "ReadValue":
			carried[variable] += own
		}
		if t := traces[i]; own > 0 && t.error > 0 {
			f.divide(s, t, own, blame, shares)
		}
	}
}

// divide divides the blame of one step. What has no measured cause is the step's own.
func (f *forecast) divide(s *step, t trace, own float64, blame, shares []float64) {
	kept := own * min(t.rounding/t.error, 1)
	charge(shares, s.roundOut, kept)
	own -= kept
	if inner := s.inner(); len(inner) > 0 {
		for _, p := range inner {
			shares[p] += own / 2 / float64(len(inner))
		}
		own /= 2
	}
	sum := 0.0
	for i := range t.operands {
		sum += t.operands[i] + t.roundings[i]
	}
	if !(sum > 0) {
		charge(shares, []condition{{max(s.candidate, 0)}}, own)
		return
	}
	for i, slot := range s.in {
		blame[slot] += own * (t.operands[i] / sum)
		charge(shares, s.roundIn[i:i+1], own*(t.roundings[i]/sum))
	}
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
