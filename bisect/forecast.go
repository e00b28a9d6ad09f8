package bisect

import (
	"fmt"
	"strings"
	"time"

	"halfway/compare"
	"halfway/engine"
)

// forecast asks the engine what it expects of enforcing set on a sample, if it can tell. The runs that it makes for that need not be made again.
func (p *prober) forecast(set engine.Set, sample int) error {
	e, ok := p.engine.(engine.Predictor)
	if !ok {
		return nil
	}
	err := p.limits.reached()
	if err != nil {
		return err
	}
	start := time.Now()
	f, err := e.Predict(p.limits.ctx, set, p.samples[sample])
	if stop := p.limits.reached(); err != nil && stop != nil {
		return stop
	} else if err != nil {
		return fmt.Errorf("running everything beside nothing enforced on %s: %w", p.samples[sample].Source, err)
	}
	p.work += f.Work
	p.spent += time.Since(start)
	p.shares[sample] = f.Shares
	return nil
}

// A weigher is a BoundJudge that can tell from what it judged the error over its tolerance of a single output.
type weigher interface {
	errorOf(output string, metrics []compare.Reading) float64
}

// foresee takes what the forecast of the most telling sample says of the error that enforcing everything makes, which was measured. Outputs count
// by their errors over the tolerance: the worst one decides.
func (s *search) foresee() {
	shares := s.shares[s.order[0]]
	if shares == nil {
		return
	}
	weight := func(string) float64 { return 1 }
	if w, ok := s.judge.(weigher); ok {
		weight = func(output string) float64 {
			e := min(w.errorOf(output, s.full.Metrics), 1e30)
			return e * e
		}
	}
	s.expected = shares(weight)
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
