package bisect

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"halfway/compare"
	"halfway/engine"
)

// A Judge decides what runs are worth. It is bound to reference runs before it judges others.
type Judge interface {
	// Bind returns the judge of runs against these, one for each sample.
	Bind(reference []engine.Observation) (BoundJudge, error)
}

// A BoundJudge judges runs against the reference that it is bound to. Several goroutines may call it.
type BoundJudge interface {
	// Judge says what o, a run on the sample of that index, is worth.
	Judge(sample int, o engine.Observation) (Judgement, error)
	// Accept returns the rules as a user would write them.
	Accept() []string
}

// A Judgement is what one run on one sample is worth.
type Judgement struct {
	Verdict Verdict
	Ratio   float64 // the worst error over its tolerance: above 1 when bad, +Inf when non-finite
	Metrics []compare.Reading
	Detail  string // why there is no answer, or no metric

	Errors []compare.Histogram // of the outputs, where they were asked for
}

// NewRules returns a Judge of outputs by accept rules, all of which must hold. Without rules it takes compare.Default of the first
// sample's reference.
func NewRules(rules []compare.Rule) Judge { return ruleJudge(rules) }

type ruleJudge []compare.Rule

func (j ruleJudge) Bind(reference []engine.Observation) (BoundJudge, error) {
	if len(reference) == 0 {
		return nil, errors.New("there is no sample to judge by")
	}
	b := &boundRules{rules: j}
	if len(j) == 0 {
		b.rules = compare.Default(reference[0].Outputs)
	}
	for _, r := range reference {
		a, err := compare.Bind(b.rules, r.Outputs)
		if err != nil {
			return nil, err
		}
		b.reference, b.acceptors = append(b.reference, r.Outputs), append(b.acceptors, a)
	}
	return b, nil
}

type boundRules struct {
	rules     []compare.Rule
	reference [][]engine.Output
	acceptors []*compare.Acceptor // by sample
}

func (b *boundRules) Accept() []string {
	var r []string
	for _, rule := range b.rules {
		r = append(r, rule.String())
	}
	return r
}

func (b *boundRules) Judge(sample int, o engine.Observation) (Judgement, error) {
	c, err := b.acceptors[sample].Compare(b.reference[sample], o.Outputs)
	if err != nil {
		return Judgement{}, err
	}
	for i := range c.Readings {
		c.Readings[i].Sample = sample
	}
	j := Judgement{Verdict: Pass, Ratio: c.Ratio, Metrics: c.Readings, Detail: strings.Join(c.Notes, "; ")}
	switch {
	case c.NonFinite:
		j.Verdict, j.Ratio = NonFinite, math.Inf(1)
	case !c.Pass:
		j.Verdict = Accuracy
	}
	return j, nil
}

// NewLimit returns a Judge of engines that give a number: a run is good when the number is at most bound, or at least bound where atLeast.
func NewLimit(atLeast bool, bound float64) Judge { return limit{atLeast, bound} }

type limit struct {
	atLeast bool
	bound   float64
}

func (l limit) Bind([]engine.Observation) (BoundJudge, error) { return l, nil }

func (l limit) Accept() []string {
	if l.atLeast {
		return []string{fmt.Sprintf("value>=%g", l.bound)}
	}
	return []string{fmt.Sprintf("value<=%g", l.bound)}
}

func (l limit) Judge(_ int, o engine.Observation) (Judgement, error) {
	if o.Metric == nil {
		return Judgement{Verdict: Skipped, Detail: "the run gave no number to judge by"}, nil
	}
	v := *o.Metric
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return Judgement{Verdict: NonFinite, Ratio: math.Inf(1)}, nil
	}
	good, ratio := v <= l.bound, v/l.bound
	if l.atLeast {
		good, ratio = v >= l.bound, l.bound/v
	}
	return plain(good, ratio), nil
}

// plain is a judgement whose ratio is on the side of 1 where its verdict is, also where the number does not say so.
func plain(good bool, ratio float64) Judgement {
	switch {
	case good && !(ratio >= 0 && ratio <= 1):
		ratio = 0
	case !good && !(ratio > 1):
		ratio = math.Inf(1)
	}
	if good {
		return Judgement{Verdict: Pass, Ratio: ratio}
	}
	return Judgement{Verdict: Accuracy, Ratio: ratio}
}
