package report

import (
	"math"

	"halfway/bisect"
	"halfway/compare"
)

// A measured point of the curve: the worst error over its tolerance at CNT=count.
type measured struct {
	count int
	error float64 // +Inf for non-finite values, NaN where the engine gives only verdicts
	bad   bool
}

// acceptRules are those of a result as far as they can be read: an engine that gives a number has rules of its own.
func acceptRules(r *bisect.Result) []compare.Rule {
	var list []compare.Rule
	for _, text := range r.Accept {
		if rule, err := compare.ParseRule(text); err == nil {
			list = append(list, rule)
		}
	}
	return list
}

// errorOf is a probe's error over its tolerance, on the side of 1 where its verdict is.
func errorOf(rules []compare.Rule, p bisect.Probe) float64 {
	if p.Verdict == bisect.NonFinite {
		return math.Inf(1)
	}
	return compare.ErrorOf(rules, p.Metrics)
}

// curve is what every probed CNT with an answer showed.
func curve(r *bisect.Result) []measured {
	rules := acceptRules(r)
	var list []measured
	for _, p := range r.Curve {
		if p.Verdict.Answered() {
			list = append(list, measured{p.Count, errorOf(rules, p.Probe), p.Verdict.Bad()})
		}
	}
	return list
}

// An axis maps errors to 0 (bottom) to 1 (top), in decades. What has no place in decades, 0 and infinity, is at the ends.
type axis struct{ low, high int }

// axisOf spans the finite errors of a curve, and the tolerance.
func axisOf(points []measured) axis {
	const deepest = -6
	a := axis{-1, 1}
	for _, p := range points {
		if p.error > 0 && !math.IsInf(p.error, 0) {
			d := math.Log10(p.error)
			a.low, a.high = min(a.low, int(math.Floor(d))), max(a.high, int(math.Ceil(d)))
		}
	}
	a.low = max(a.low, deepest)
	return a
}

// clamp is an error that the axis has.
func (a axis) clamp(e float64) float64 {
	return math.Min(math.Max(e, math.Pow10(a.low)), math.Pow10(a.high))
}

func (a axis) at(e float64) float64 {
	return (math.Log10(a.clamp(e)) - float64(a.low)) / float64(a.high-a.low)
}
