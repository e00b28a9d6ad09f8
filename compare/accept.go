package compare

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"halfway/engine"
)

// A Comparison is what all rules show on one sample.
type Comparison struct {
	Readings  []Reading // rule by rule, output by output; of outputs that share a name, the worst
	Ratio     float64   // the worst error over its tolerance: at most 1 exactly when Pass; for dB 10^((bound-value)/20)
	NonFinite bool      // the result has a NaN or an infinity where the reference is finite, in what the rules look at
	Pass      bool      // every rule holds
	Notes     []string  // why a value is missing: a result of another shape
}

// An Acceptor holds results against the rules that it is bound to. It may be used by several goroutines.
type Acceptor struct {
	bound []bound
}

// bound is a rule about one output, by its place in the list.
type bound struct {
	Rule
	definition
	output int
}

// A MisfitError says that a rule is about an output that is not there, or about a part that its shape does not have.
type MisfitError struct {
	Rule Rule
	Err  error // names what there is
}

func (e *MisfitError) Error() string { return fmt.Sprintf("accept rule %q: %v", e.Rule, e.Err) }

func (e *MisfitError) Unwrap() error { return e.Err }

// Fit fails with a *MisfitError when a rule is about an output that is none of these, whose tensors need not be there.
func Fit(rules []Rule, outputs []engine.Output) error {
	for _, r := range rules {
		if _, _, err := r.resolve(outputs); err != nil {
			return &MisfitError{r, err}
		}
	}
	return nil
}

// Bind finds the outputs that the rules are about. A rule that does not fit them is a *MisfitError.
func Bind(rules []Rule, outputs []engine.Output) (*Acceptor, error) {
	if len(rules) == 0 {
		return nil, errors.New("there are no accept rules")
	}
	if len(outputs) == 0 {
		return nil, errors.New("there are no outputs to compare")
	}
	a := &Acceptor{}
	for _, r := range rules {
		r, places, err := r.resolve(outputs)
		if err != nil {
			return nil, &MisfitError{r, err}
		}
		d, ok := lookUp(r.Metric.Name)
		if !ok {
			return nil, unknown("metric", r.Metric.Name, Metrics())
		}
		for _, i := range places {
			if _, err := r.Slice.apply(whole(outputs[i].Tensor)); err != nil {
				return nil, &MisfitError{r, fmt.Errorf("output %q: %w", outputs[i].Name, err)}
			}
			a.bound = append(a.bound, bound{r, d, i})
		}
	}
	return a, nil
}

// resolve returns the places of the outputs that the rule is about, and the rule with their name. An output whose name ends in brackets like a
// slice's is found too, and one whose alias the rule has, if none has that name.
func (r Rule) resolve(outputs []engine.Output) (Rule, []int, error) {
	if r.Slice != nil && r.Output != "" {
		if name, list := placesOf(r.target(), outputs); list != nil {
			r.Output, r.Slice = name, nil
			return r, list, nil
		}
	}
	if name, list := placesOf(r.Output, outputs); list != nil {
		r.Output = name
		return r, list, nil
	}
	names := make([]string, len(outputs))
	for i, o := range outputs {
		names[i] = o.Name
	}
	return r, nil, unknown("output", r.Output, names)
}

// placesOf are the places of the outputs called name, which is returned; "" is all of them. Where no name fits, that of the first with such an alias.
func placesOf(name string, outputs []engine.Output) (string, []int) {
	var list []int
	for i, o := range outputs {
		if name == "" || o.Name == name {
			list = append(list, i)
		}
	}
	if list != nil {
		return name, list
	}
	i := slices.IndexFunc(outputs, func(o engine.Output) bool { return slices.Contains(o.Aliases, name) })
	if i < 0 {
		return name, nil
	}
	return outputs[i].Name, []int{i}
}

// Compare holds got against ref, the outputs that the acceptor was bound to, or others of the same names in the same order. Outputs of got
// are found by name. An output that is missing is an error.
func (a *Acceptor) Compare(ref, got []engine.Output) (Comparison, error) {
	var c Comparison
	subjects := map[string]*subject{}
	worst := worstReadings{place: map[[2]string]int{}}
	for _, b := range a.bound {
		name := b.target()
		if b.Output == "" {
			name = ref[b.output].Name
		}
		key := fmt.Sprint(b.output, b.Slice)
		s := subjects[key]
		if s == nil {
			var err error
			if s, err = b.subject(ref, got); err != nil {
				return Comparison{}, err
			}
			subjects[key] = s
			if s.mismatch != "" {
				c.Notes = append(c.Notes, s.mismatch)
			}
			c.NonFinite = c.NonFinite || s.moments != nil && s.moments.badResult
		}
		v, ratio := b.judge(s)
		worst.add(b.Rule.String(), Reading{Output: name, Metric: b.Metric.String(), Value: Value(v)}, ratio)
		c.Ratio = max(c.Ratio, ratio)
	}
	c.Readings, c.Pass = worst.readings, c.Ratio <= 1
	return c, nil
}

// worstReadings keeps one reading of each rule and output name.
type worstReadings struct {
	readings []Reading
	ratios   []float64
	place    map[[2]string]int
}

func (w *worstReadings) add(rule string, r Reading, ratio float64) {
	key := [2]string{rule, r.Output}
	i, ok := w.place[key]
	switch {
	case !ok:
		w.place[key] = len(w.readings)
		w.readings, w.ratios = append(w.readings, r), append(w.ratios, ratio)
	case ratio > w.ratios[i]:
		w.readings[i], w.ratios[i] = r, ratio
	}
}

// A subject is the part of one output that rules look at.
type subject struct {
	a, b     view
	moments  *moments
	mismatch string // what makes the two incomparable
}

func (b bound) subject(ref, got []engine.Output) (*subject, error) {
	if b.output >= len(ref) {
		return nil, fmt.Errorf("the reference has %d outputs, fewer than the one that the rules were bound to", len(ref))
	}
	name := ref[b.output].Name
	i := b.output
	if i >= len(got) || got[i].Name != name { // of outputs that share a name, the one at the same place is meant
		if i = slices.IndexFunc(got, func(o engine.Output) bool { return o.Name == name }); i < 0 {
			return nil, fmt.Errorf("the result has no output %q", name)
		}
	}
	x, y := ref[b.output].Tensor, got[i].Tensor
	if !slices.Equal(x.Shape, y.Shape) {
		return &subject{mismatch: fmt.Sprintf("output %q has the shape %v, the reference has %v", name, y.Shape, x.Shape)}, nil
	}
	s := &subject{}
	var err error
	if s.a, err = b.Slice.apply(whole(x)); err == nil {
		s.b, err = b.Slice.apply(whole(y))
	}
	if err != nil {
		return nil, fmt.Errorf("output %q: %w", name, err)
	}
	s.moments = measureMoments(s.a, s.b)
	return s, nil
}

// judge returns what the metric shows and the error over the tolerance, which is +Inf where the rules for all metrics say that it fails.
func (b bound) judge(s *subject) (value, ratio float64) {
	if s.mismatch != "" {
		return math.NaN(), math.Inf(1)
	}
	m := s.moments
	if b.moments != nil {
		value = b.moments(m)
	} else {
		value = b.measure(b.Metric, s.a, s.b)
	}
	if m.badReference || m.badResult || m.maxA == 0 && m.maxB != 0 || math.IsNaN(value) {
		return value, math.Inf(1)
	}
	return value, b.ratioOf(value)
}

// ratioOf is on the side of 1 where the comparison is, also where rounding or a strict comparison put it elsewhere.
func (b bound) ratioOf(value float64) float64 {
	ratio := b.kind.ratio(value, b.Bound)
	switch holds := b.holds(value); {
	case holds && !(ratio <= 1):
		return 1
	case !holds && !(ratio > 1):
		return math.Nextafter(1, 2)
	}
	return ratio
}

func (b bound) holds(value float64) bool {
	switch b.Op {
	case "<=":
		return value <= b.Bound
	case "<":
		return value < b.Bound
	case ">=":
		return value >= b.Bound
	}
	return value > b.Bound
}
