package bisect

import (
	"fmt"
	"strings"
	"time"

	"halfway/compare"
	"halfway/engine"
)

// A shared is what a forecast says of outputs that count by their weights; see engine.Forecast. nil: nothing.
type shared func(weight func(output string) float64) []float64

// forecast asks the engine what it expects of enforcing set on a sample, if it can tell. The runs that it makes for that need not be made again.
func (p *prober) forecast(set engine.Set, sample int) (shared, error) {
	e, ok := p.engine.(engine.Predictor)
	if !ok {
		return nil, nil
	}
	err := p.limits.reached()
	if err != nil {
		return nil, err
	}
	start := time.Now()
	f, err := e.Predict(p.limits.ctx, set, p.samples[sample])
	if stop := p.limits.reached(); err != nil && stop != nil {
		return nil, stop
	} else if err != nil {
		return nil, fmt.Errorf("running %d nodes enforced beside none on %s: %w", set.Len(), p.samples[sample].Source, err)
	}
	p.work += f.Work
	p.spent += time.Since(start)
	return f.Shares, nil
}

// A weigher is a BoundJudge that can tell from what it judged the error over its tolerance of a single output.
type weigher interface {
	errorOf(output string, metrics []compare.Reading) float64
}

// foresee takes what the forecast of the most telling sample says of the error that enforcing everything makes, which was measured.
func (s *search) foresee() { s.expected = s.apportion(s.shares[s.order[0]], s.full) }

// apportion says by position who made the error of o. Outputs count by their errors over the tolerance: the worst one decides.
func (s *search) apportion(shares shared, o outcome) []float64 {
	if shares == nil {
		return nil
	}
	weight := func(string) float64 { return 1 }
	if w, ok := s.judge.(weigher); ok {
		weight = func(output string) float64 {
			e := min(w.errorOf(output, o.Metrics), 1e30)
			return e * e
		}
	}
	return shares(weight)
}

// guide guides bisection over CNTs with some candidates kept; nil without a forecast.
func (s *search) guide(kept engine.Set) *guide {
	if s.expected == nil || !s.listed() {
		return nil
	}
	shares := make([]float64, len(s.at))
	for k, positions := range s.at {
		for _, p := range positions {
			if !kept.Has(p) {
				shares[k] += s.expected[p]
			}
		}
	}
	return newGuide(shares)
}

// errorOf is the worst error over its tolerance that the readings of an output, or of slices of it, show.
func (b *boundRules) errorOf(output string, metrics []compare.Reading) float64 {
	worst := 0.0
	for i, m := range metrics {
		if m.Output == output || strings.HasPrefix(m.Output, output+"[") {
			if e := compare.ErrorOf(b.rules, metrics[i:i+1]); e > worst {
				worst = e
			}
		}
	}
	return worst
}
