package bisect

import (
	"errors"

	"halfway/engine"
)

// cnt returns what CNT=k enforces, which some engines have to be asked for.
func (s *search) cnt(k int) (engine.Set, error) {
	p, ok := s.Config.Engine.(engine.Prefixer)
	if !ok || k < 0 || k >= s.last() {
		return s.prefix(k), nil
	}
	if err := s.limits.reached(); err != nil {
		return engine.Set{}, err
	}
	set, err := p.Prefix(s.limits.ctx, k)
	if stop := s.limits.reached(); err != nil && stop != nil {
		return engine.Set{}, stop
	}
	return set, err
}

// added returns the candidates that CNT=k enforces and CNT=k-1 does not: one a graph.
func (s *search) added(k int) ([]int, error) {
	set, err := s.cnt(k)
	if err != nil {
		return nil, err
	}
	before, err := s.cnt(k - 1)
	return set.Minus(before).Positions(), err
}

// unanswered is the outcome of a probe that could not even be asked for, nil when err is another error.
func unanswered(err error) *outcome {
	f, ok := errors.AsType[*engine.Failure](err)
	if !ok {
		return nil
	}
	o := worst([]*trial{{Judgement: Judgement{Verdict: Verdict(f.Kind), Detail: f.Detail}}})
	return &o
}
