package bisect

import (
	"errors"
	"time"

	"halfway/engine"
)

// listed reports whether the candidates are in counting order, so that their rank is their CNT.
func (s *search) listed() bool {
	_, ok := s.Config.Engine.(engine.Prefixer)
	return !ok
}

// cnt returns what CNT=k enforces, which some engines have to be asked for.
func (s *search) cnt(k int) (engine.Set, error) {
	p, ok := s.Config.Engine.(engine.Prefixer)
	if !ok || k < 0 || k >= s.last() {
		return s.prefix(k), nil
	}
	if set, ok := s.asked[k]; ok {
		return set, nil
	}
	set, spent, known := s.Journal.prefix(k)
	if !known {
		if err := s.limits.reached(); err != nil {
			return engine.Set{}, err
		}
		start := time.Now()
		var err error
		if set, err = p.Prefix(s.limits.ctx, k); err != nil {
			if stop := s.limits.reached(); stop != nil {
				return engine.Set{}, stop
			}
			return engine.Set{}, err
		}
		spent = time.Since(start).Round(time.Microsecond)
		if err := s.Journal.recordPrefix(k, set, spent); err != nil {
			return engine.Set{}, err
		}
	}
	s.asked[k] = set
	s.spent += spent
	return set, nil
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
