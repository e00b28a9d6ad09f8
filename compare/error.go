package compare

import "math"

// ErrorOf returns the worst error over its tolerance that readings show, held against the rules that are about them: above 1 where a rule
// does not hold, +Inf for a value that is no number, NaN where no rule is about any reading.
func ErrorOf(rules []Rule, readings []Reading) float64 {
	worst := math.NaN()
	for _, m := range readings {
		for _, r := range rules {
			if r.Metric.String() != m.Metric || r.Output != "" && r.target() != m.Output {
				continue
			}
			if e := r.errorOf(float64(m.Value)); !(e <= worst) {
				worst = e
			}
		}
	}
	return worst
}

func (r Rule) errorOf(value float64) float64 {
	d, ok := lookUp(r.Metric.Name)
	if !ok || math.IsNaN(value) {
		return math.Inf(1)
	}
	return bound{Rule: r, definition: d}.ratioOf(value)
}
